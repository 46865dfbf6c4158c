"""Data that the database refuses ends the one execution that brought it, and nothing else."""

import pytest

from executions.models import AgentRun
from tests.faults.history import check_history

pytestmark = pytest.mark.faults

ONE_STEP = {"type": "sequential", "agents": [{"agent_id": "agent-1"}]}


def test_only_the_execution_whose_data_is_refused_fails_when_many_are_written_together(renum_on):
    renum = renum_on("2025-08")
    # Suna gives two runs the same id, which a constraint forbids.
    same = {"agent_run_id": "a-run-that-is-known", "status": "running"}
    renum.suna.fail("agent.start", contains="doubled", times=2, kind="replace", fields=same)
    team = renum.make_team(ONE_STEP)
    doubled = [renum.start(team, f'doubled {n} @@sim{{"takes": 1}}') for n in range(2)]
    good = [renum.start(team, f'good {n} @@sim{{"takes": 1}}') for n in range(10)]
    cluster = renum.start_drivers()

    for execution in (*doubled, *good):
        renum.wait_for(execution)

    assert {execution.status for execution in _fresh(good)} == {"completed"}
    broken = [execution for execution in _fresh(doubled) if execution.code == "internal_error"]
    assert len(broken) == 1
    assert broken[0].status == "failed"
    assert broken[0].steps.get().status == "cancelled"
    assert AgentRun.objects.get(execution=broken[0]).status == "abandoned"
    assert "agent_run_suna_run_once" in cluster.log.read_text()


def _fresh(executions):
    for execution in executions:
        execution.refresh_from_db()
    return executions
