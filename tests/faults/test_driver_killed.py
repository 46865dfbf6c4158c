"""kill -9 of a driver with everything in flight: nothing is lost and nothing is started twice (P1, P4)."""

import pytest

from executions.models import AgentRun, Execution, ExecutionEvent
from tests.faults.history import check_history
from tests.faults.load import running_in_suna
from tests.fixtures.running import wait_until

pytestmark = pytest.mark.faults

EXECUTIONS = 50
DEFINITION = {
    "type": "sequential",
    "agents": [
        # Long enough for all of them to be at work in Suna at once.
        {"agent_id": "agent-123", "role": "researcher", "instructions": '@@sim{"takes": 5}'},
        {"agent_id": "agent-456", "role": "analyst", "instructions": '@@sim{"takes": 0.5}'},
        {"agent_id": "agent-789", "role": "writer", "instructions": '@@sim{"takes": 0.5}'},
    ],
}


def test_all_executions_finish_with_one_start_a_step_when_their_driver_is_killed_in_flight(renum_on, figure):
    renum = renum_on("2025-08")
    team = renum.make_team(DEFINITION)
    executions = [renum.start(team, f"Compare the two offers, number {n}.") for n in range(EXECUTIONS)]
    cluster = renum.start_drivers()
    in_flight = wait_until(
        lambda: running_in_suna(renum) >= EXECUTIONS and running_in_suna(renum), timeout_s=60
    )

    cluster.kill_driver()

    wait_until(
        lambda: Execution.objects.filter(status="completed").count() == EXECUTIONS, timeout_s=120, every_s=0.2
    )
    figure("p1_in_flight_at_the_kill", in_flight)
    figure("p1_executions_lost", len(executions) - Execution.objects.filter(status="completed").count())
    figure("p1_started_twice", renum.suna.starts() - EXECUTIONS * len(DEFINITION["agents"]))
    assert {execution.pk for execution in executions} == set(Execution.objects.values_list("pk", flat=True))
    runs = renum.suna.get("runs")["runs"]
    steps = EXECUTIONS * len(DEFINITION["agents"])
    assert len(runs) == steps
    assert {run["starts_of_thread"] for run in runs} == {1}
    assert {run["id"] for run in runs} == set(AgentRun.objects.values_list("suna_run_id", flat=True))
    assert AgentRun.objects.count() == steps
    assert ExecutionEvent.objects.filter(kind="step_completed").count() == steps
    check_history(renum)
