"""kill -9 of a driver with everything in flight: nothing is lost and nothing is started twice (P1, P4)."""

import pytest

from executions.models import AgentRun, Execution, ExecutionEvent
from tests.faults.history import check_history
from tests.fixtures.running import wait_until

pytestmark = pytest.mark.faults

EXECUTIONS = 50
DEFINITION = {
    "type": "sequential",
    "agents": [
        {"agent_id": "agent-123", "role": "researcher"},
        {"agent_id": "agent-456", "role": "analyst"},
        {"agent_id": "agent-789", "role": "writer"},
    ],
}


def test_all_executions_finish_with_one_start_a_step_when_their_driver_is_killed_in_flight(renum_on):
    renum = renum_on("2025-08")
    team = renum.make_team(DEFINITION)
    executions = [
        renum.start(team, f'Compare the two offers, number {n}. @@sim{{"takes": 6}}')
        for n in range(EXECUTIONS)
    ]
    cluster = renum.start_drivers()
    wait_until(lambda: renum.suna.get("summary")["running"] >= EXECUTIONS, timeout_s=60)

    cluster.kill_driver()

    wait_until(
        lambda: Execution.objects.filter(status="completed").count() == EXECUTIONS, timeout_s=120, every_s=0.5
    )
    assert {execution.pk for execution in executions} == set(Execution.objects.values_list("pk", flat=True))
    runs = renum.suna.get("runs")["runs"]
    steps = EXECUTIONS * len(DEFINITION["agents"])
    assert len(runs) == steps
    assert {run["starts_of_thread"] for run in runs} == {1}
    assert {run["id"] for run in runs} == set(AgentRun.objects.values_list("suna_run_id", flat=True))
    assert AgentRun.objects.count() == steps
    assert ExecutionEvent.objects.filter(kind="step_completed").count() == steps
    check_history(renum)
