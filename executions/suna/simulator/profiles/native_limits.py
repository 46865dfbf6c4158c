"""Plans' limits as c1, c2 and d say them: 402 with an object (from 9 November 2025 on, suna-contract §1.3).

d counts threads in a cache of Redis: while that is cold the first start above the limit is allowed (§9.13).
"""

from typing import Any

from executions.suna.simulator.answers import Refusal
from executions.suna.simulator.run import Run
from executions.suna.simulator.world import World

_TIER = "free"


class ThreadLimit:
    """How many threads the account may have; `threads` of the settings, None for as many as it likes."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._warm_for: object = None

    def refusal(self, version: str, *, at_start: bool) -> Refusal | None:
        """Return the refusal of one more thread, or None where it is allowed."""
        limit = self._world.settings.thread_limit
        if limit is None:
            return None
        was_cold = self._warm_for is not self._world.threads
        # A reset of the world gives it another table of threads, and the cache is cold again.
        self._warm_for = self._world.threads
        count = len(self._world.threads)
        if count < limit or (version == "d" and at_start and was_cold):
            return None
        # Seen: in c1 a start meets the projects' limit before that of the threads.
        code = "PROJECT_LIMIT_EXCEEDED" if version != "d" and at_start else "THREAD_LIMIT_EXCEEDED"
        return refusal_of(version, code, running=[], count=count, limit=limit)


def refusal_of(version: str, code: str, *, running: list[Run], count: int, limit: int) -> Refusal:
    """Return the 402 of an error code. What stands beside the code depends on it, and on the version."""
    tier = {} if version == "d" else {"tier_name": _TIER}
    detail: dict[str, Any]
    if code == "AGENT_RUN_LIMIT_EXCEEDED":
        if version == "d":
            detail = {"message": f"Concurrent limit reached ({limit})"}
        else:
            message = f"Maximum of {limit} parallel agent runs allowed. You currently have {count} running."
            detail = {"message": message, "running_thread_ids": [run.thread_id for run in running]}
        detail |= {"running_count": count, "limit": limit}
    elif code in ("PROJECT_LIMIT_EXCEEDED", "THREAD_LIMIT_EXCEEDED", "AGENT_LIMIT_EXCEEDED"):
        what = code.partition("_")[0].capitalize()
        message = f"{what} limit exceeded: {count}/{limit}"
        detail = {"message": message, "current_count": count, "limit": limit, **tier}
    elif code == "MODEL_ACCESS_DENIED":
        detail = {"message": "Your plan does not include this model.", **tier}
    else:
        detail = {"message": "Insufficient credits."}
    return Refusal(402, {**detail, "error_code": code})
