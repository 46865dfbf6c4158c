"""What must hold of every history, whatever went wrong on the way: in the database and in the simulator.

Called at the end of each fault test, once everything is over or what is left never ends. What PostgreSQL can
tell is `renum_verify`'s; only what the simulated Suna saw is checked here (L1 and L2 of reliability §1.2).
"""

from typing import Any

from executions.models import AgentRun
from executions.upkeep.verify import verify
from tests.fixtures.running import RunningRenum


def check_history(renum: RunningRenum, *, at_rest: bool = True) -> None:
    """Fail with everything that does not hold; unless `at_rest`, executions may still be under way."""
    found: dict[str, Any] = {error.name: error.examples for error in verify(quiescent=at_rest).errors}
    summary = renum.suna.get("summary")
    found["threads started more than once"] = summary["threads_started_more_than_once"]
    ours = set(AgentRun.objects.exclude(suna_run_id=None).values_list("suna_run_id", flat=True))
    found["runs that go on in Suna and nobody knows"] = [
        run["id"]
        for run in renum.suna.get("runs")["runs"]
        if (at_rest and run["status"] == "running") or run["id"] not in ours
    ]
    assert {name: rows for name, rows in found.items() if rows} == {}
