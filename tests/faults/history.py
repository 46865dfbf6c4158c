"""What must hold of every history, whatever went wrong on the way: in the database and in the simulator.

Called at the end of each fault test, once everything is over or what is left never ends. What PostgreSQL can
tell is `renum_verify`'s; only what the simulated Suna saw is checked here (L1 and L2 of reliability §1.2).
"""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from executions.models import AgentRun
from executions.upkeep.verify import verify
from tests.fixtures.running import RunningRenum

STARTED_TWICE = "threads started more than once"
UNKNOWN_RUNS = "runs that go on in Suna and nobody knows"


class HistoryBroken(AssertionError):
    """Something was lost or done twice: never the doing of a busy machine."""


def check_history(
    renum: RunningRenum, *, at_rest: bool = True, but_for: Mapping[str, Collection[str]] | None = None
) -> None:
    """Raise HistoryBroken with what does not hold; unless `at_rest`, executions may still be under way.

    `but_for` names what the test itself spoiled, by check: exactly that has to be found.
    """
    found: dict[str, Any] = {error.name: error.examples for error in verify(quiescent=at_rest).errors}
    in_suna = renum.suna.get("runs")["runs"]
    found[STARTED_TWICE] = _started_too_often(in_suna)
    ours = set(AgentRun.objects.exclude(suna_run_id=None).values_list("suna_run_id", flat=True))
    found[UNKNOWN_RUNS] = [
        run["id"] for run in in_suna if (at_rest and run["status"] == "running") or run["id"] not in ours
    ]
    expected = {name: set(rows) for name, rows in (but_for or {}).items()}
    wrong = {name: set(rows) for name, rows in found.items() if rows}
    if wrong != expected:
        raise HistoryBroken(f"found {wrong}, not {expected}")


def _started_too_often(in_suna: list[dict[str, Any]]) -> list[str]:
    """Return the threads with more runs than turns: an answer to a question makes one more, in its place."""
    asked = AgentRun.objects.exclude(thread_id=None).exclude(start_requested_at=None)
    turns = Counter(thread for thread, _ in set(asked.values_list("thread_id", "turn")))
    starts = Counter(run["thread_id"] for run in in_suna)
    return [thread for thread, count in starts.items() if count > max(turns[thread], 1)]
