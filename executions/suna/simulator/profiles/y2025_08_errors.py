"""The error texts of b1 and b2, as the database and the stream carry them."""


def model_error_text(error: str | None, *, variant: str) -> str:
    """Return what the worker makes of a model's refusal."""
    raised = f"litellm.BadRequestError: OpenAIException - {error}"
    if variant == "b1":
        return f"Failed to make API call after 2 attempts. Last error: {raised}"
    return f"Invalid request: {raised} LiteLLM Retried: 5 times"


def traceback_of(error: str | None) -> str:
    """Return a traceback as the database keeps it behind the message."""
    return (
        f'Traceback (most recent call last):\n  File "run_agent.py", line 1, in run\nRuntimeError: {error}\n'
    )
