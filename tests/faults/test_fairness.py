"""One person with hundreds of executions cannot keep another one waiting (P17)."""

import time

import pytest

from executions.actions.start_execution import start_execution
from executions.models import AgentRun, Execution
from teams.actions.create_team import create_team
from teams.models import SunaConnection, User
from tests.fixtures.running import TOKEN, RunningRenum, wait_until

pytestmark = pytest.mark.faults

MANY = 300
CAPACITY = 8
TAKES_S = 20
ONE_STEP = {"type": "sequential", "agents": [{"agent_id": "agent-1"}]}


def start_of_another_person(renum: RunningRenum, name: str, count: int, *, takes_s: float) -> list[Execution]:
    person = User.objects.create_user(name, email=f"{name}@example.org")
    connection = SunaConnection(
        owner=person, name="Simulated", base_url=renum.suna.url, wire_profile=renum.profile
    )
    connection.set_credential(bearer=TOKEN)
    connection.save()
    team = create_team(owner=person, name=name, definition=ONE_STEP, connection=connection)
    prompt = f'@@sim{{"takes": {takes_s}}}'
    return [start_execution(team=team, by=person, prompt=prompt).execution for _ in range(count)]


def wait_until_it_runs(execution: Execution) -> float:
    began = time.monotonic()
    wait_until(lambda: AgentRun.objects.filter(execution=execution, status="running").exists())
    return time.monotonic() - began


def test_person_with_one_execution_does_not_wait_behind_another_with_hundreds(renum_on, figure):
    renum = renum_on("2025-08")
    renum.start_drivers(RENUM_CAPACITY=str(CAPACITY))
    [alone] = start_of_another_person(renum, "alone", 1, takes_s=0)
    renum.wait_for(alone)
    [idle] = start_of_another_person(renum, "idle", 1, takes_s=0)
    without_s = wait_until_it_runs(idle)
    renum.wait_for(idle)

    start_of_another_person(renum, "many", MANY, takes_s=TAKES_S)
    wait_until(lambda: AgentRun.objects.filter(status="running").count() == CAPACITY - 1)
    waits = []
    for number in range(3):
        [one] = start_of_another_person(renum, f"one-{number}", 1, takes_s=0)
        waits.append(wait_until_it_runs(one))
        assert renum.wait_for(one, timeout_s=TAKES_S).status == "completed"

    figure("fairness_wait_without_s", round(without_s, 2))
    figure("fairness_wait_behind_300_s", round(max(waits), 2))
    # Nobody of the many had to end for it: their runs take longer than all of this.
    assert max(waits) < TAKES_S / 2
    assert not Execution.objects.filter(started_by__username="many", finished_at__isnull=False).exists()
