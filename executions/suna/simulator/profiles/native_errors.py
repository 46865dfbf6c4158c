"""The error texts of c1, c2 and d, as the database and the stream carry them."""


def model_error_text(error: str | None, *, version: str) -> str:
    """Return what the worker makes of a model's refusal; d asks the model less often."""
    times = 1 if version == "d" else 5
    return (
        f"Invalid request: litellm.BadRequestError: OpenAIException - {error} LiteLLM Retried: {times} times"
    )


STOP_ERRORS = {
    "c1": "Stopped by global_control_channel",
    "c2": "Stopped by stop_signal_key",
    "d": "Stopped by None",
}
"""What the worker writes beside `stopped` once it has noticed (suna-contract §9.15)."""
