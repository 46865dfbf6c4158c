"""The objects in which starts are refused, before and after 9 November 2025 (suna-contract §1.3, §6.8)."""

from typing import Any

from executions.suna.simulator.run import Run

_MESSAGES = {
    "INSUFFICIENT_CREDITS": "Insufficient credits. Please add credits to continue.",
    "MODEL_ACCESS_DENIED": "The model is not available in the current plan.",
    "PROJECT_LIMIT_EXCEEDED": "Maximum of {limit} projects allowed for the current plan.",
    "THREAD_LIMIT_EXCEEDED": "Maximum of {limit} threads allowed for the current plan.",
    "AGENT_LIMIT_EXCEEDED": "Maximum of {limit} agents allowed for the current plan.",
    "AGENT_RUN_LIMIT_EXCEEDED": "Maximum of {limit} concurrent agent runs allowed for the current plan.",
}


def coded_refusal(
    error_code: str, *, running: list[Run], limit: int, names_threads: bool = True
) -> dict[str, Any]:
    """Return the `detail` of a 402 with an error code and what stands beside that code.

    `names_threads` lists the threads that are running, as c0 to c2 do. Unknown codes have a message only.
    """
    message = _MESSAGES.get(error_code, "Payment required").format(limit=limit)
    detail: dict[str, Any] = {"message": message}
    if error_code == "AGENT_RUN_LIMIT_EXCEEDED":
        if names_threads:
            detail["running_thread_ids"] = [run.thread_id for run in running]
        detail |= {"running_count": len(running), "limit": limit}
    elif error_code == "MODEL_ACCESS_DENIED":
        detail["tier_name"] = "free"
    elif error_code in ("PROJECT_LIMIT_EXCEEDED", "THREAD_LIMIT_EXCEEDED", "AGENT_LIMIT_EXCEEDED"):
        detail |= {"current_count": limit, "limit": limit}
        if names_threads:
            detail["tier_name"] = "free"
    return detail | {"error_code": error_code}


def parallel_runs(running: list[Run], limit: int) -> dict[str, Any]:
    """Return the `detail` of the 429 of the parallel limit."""
    return {
        "message": (
            f"Maximum of {limit} parallel agent runs allowed within 24 hours. "
            f"You currently have {len(running)} running."
        ),
        "running_thread_ids": [run.thread_id for run in running],
        "running_count": len(running),
        "limit": limit,
    }


def forbidden_model(model_name: str | None) -> dict[str, Any]:
    """Return the `detail` of the 403 for a model that the plan has not."""
    return {
        "message": f"Your current subscription plan does not include access to {model_name}. Please upgrade.",
        "allowed_models": [],
    }
