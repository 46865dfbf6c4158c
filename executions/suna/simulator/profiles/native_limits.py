"""Plans' limits as c1, c2 and d say them: 402 with an object (from 9 November 2025 on, suna-contract §1.3).

d counts threads in a cache of Redis: while that is cold the first start above the limit is allowed (§9.13).
"""

from executions.suna.simulator.answers import Refusal
from executions.suna.simulator.profiles.refused_starts import coded_refusal
from executions.suna.simulator.run import Run
from executions.suna.simulator.world import World


class ThreadLimit:
    """How many threads the account may have, by `thread_limit` of the options."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._warm_for: object = None

    def refusal(self, version: str, *, at_start: bool) -> Refusal | None:
        """Return the refusal of one more thread, or None where it is allowed."""
        limit = self._world.options.thread_limit
        if limit is None:
            return None
        was_cold = self._warm_for is not self._world.threads
        if at_start:
            # A reset of the world gives it another table of threads, and the cache is cold again.
            self._warm_for = self._world.threads
        if len(self._world.threads) < limit or (version == "d" and at_start and was_cold):
            return None
        # Seen: in c1 a start meets the projects' limit before that of the threads.
        code = "PROJECT_LIMIT_EXCEEDED" if version != "d" and at_start else "THREAD_LIMIT_EXCEEDED"
        return refusal_of(version, code, running=[], limit=limit)


def refusal_of(version: str, code: str, *, running: list[Run], limit: int) -> Refusal:
    """Return the 402 of an error code; d says less about it, and of the slots in words of its own."""
    detail = coded_refusal(code, running=running, limit=limit, names_threads=version != "d")
    if version == "d" and code == "AGENT_RUN_LIMIT_EXCEEDED":
        detail["message"] = f"Concurrent limit reached ({limit})"
    return Refusal(402, detail)
