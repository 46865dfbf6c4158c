"""Model names from December 2025 on.

Without a `model_name` the server takes the plan's default before it looks at the agent, so that the agent's
own model is not used (suna-contract §1.3, the model trap). What is asked for may be a product's name; who
really answered stands only where the tokens are reported (§9.29).
"""

from executions.suna.simulator.run import Run

PLAN_DEFAULT = "kortix/power"
_PRODUCT = "kortix/"
_BEHIND_THE_PRODUCT = {
    "c1": "anthropic/claude-sonnet-4-5-20250929",
    "c2": "openrouter/minimax/minimax-m2.1",
    "d": (
        "bedrock/converse/arn:aws:bedrock:us-west-2:935064898258:application-inference-profile/heol2zyy5v48"
    ),
}


def alias_of(run: Run) -> str:
    """Return the name under which the run's model was asked for."""
    return run.model_asked or PLAN_DEFAULT


def provider_model(run: Run, *, version: str) -> str:
    """Return the name that the provider reports."""
    model = run.script.model
    return _BEHIND_THE_PRODUCT[version] if model.startswith(_PRODUCT) else model
