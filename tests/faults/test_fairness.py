"""One person with hundreds of executions cannot keep another one waiting (P17)."""

import time

import pytest

from executions.actions.start_execution import start_execution
from executions.models import AgentRun, Execution
from teams.actions.create_team import create_team
from teams.models import SunaConnection, User
from tests.faults.history import check_history
from tests.fixtures.running import TOKEN, RunningRenum, wait_until

pytestmark = pytest.mark.faults

MANY = 300
CAPACITY = 8
# Until a driver has looked for work and its place is free; a machine that is busy is not unfair yet.
SLOT_S = 0.5
AT_LEAST_S = 15.0
QUICK, ENDLESS = '{"takes": 0}', '{"hang": true}'
ONE_STEP = {"type": "sequential", "agents": [{"agent_id": "agent-1"}]}


def start_of_another_person(
    renum: RunningRenum, name: str, count: int, *, sim: str, parallel_runs: int | None = None
) -> list[Execution]:
    person = User.objects.create_user(name, email=f"{name}@example.org")
    connection = SunaConnection(
        owner=person,
        name="Simulated",
        base_url=renum.suna.url,
        wire_profile=renum.profile,
        limits={} if parallel_runs is None else {"parallel_runs": parallel_runs},
    )
    connection.set_credential(bearer=TOKEN)
    connection.save()
    team = create_team(owner=person, name=name, definition=ONE_STEP, connection=connection)
    prompt = f"@@sim{sim}"
    return [start_execution(team=team, by=person, prompt=prompt).execution for _ in range(count)]


def wait_until_it_runs(execution: Execution) -> float:
    began = time.monotonic()
    wait_until(lambda: AgentRun.objects.filter(execution=execution, started_at__isnull=False).exists())
    return time.monotonic() - began


def test_person_with_one_execution_does_not_wait_behind_another_with_hundreds(renum_on, figure):
    renum = renum_on("2025-08")
    renum.start_drivers(RENUM_CAPACITY=str(CAPACITY))
    [alone] = start_of_another_person(renum, "alone", 1, sim=QUICK)
    renum.wait_for(alone)
    [idle] = start_of_another_person(renum, "idle", 1, sim=QUICK)
    without_s = wait_until_it_runs(idle)
    renum.wait_for(idle)

    start_of_another_person(renum, "many", MANY, sim=ENDLESS)
    wait_until(lambda: AgentRun.objects.filter(status="running").count() == CAPACITY - 1)
    waits = []
    for number in range(3):
        [one] = start_of_another_person(renum, f"one-{number}", 1, sim=QUICK)
        waits.append(wait_until_it_runs(one))
        assert renum.wait_for(one).status == "completed"

    figure("fairness_wait_without_s", round(without_s, 2))
    figure("fairness_wait_behind_300_s", round(max(waits), 2))
    # None of the many ever ends, so that nobody waited for one of them.
    assert max(waits) <= max(AT_LEAST_S, 2 * without_s + SLOT_S)
    assert AgentRun.objects.filter(execution__started_by__username="many").count() == CAPACITY - 1
    check_history(renum, at_rest=False)


def test_executions_that_wait_for_their_own_suna_take_nobody_elses_places(renum_on, figure):
    renum = renum_on("2025-08")
    renum.start_drivers(RENUM_CAPACITY="20", RENUM_CLAIM_CHUNK="5")
    crowd = start_of_another_person(renum, "crowd", MANY // 3, sim=ENDLESS, parallel_runs=2)
    wait_until(lambda: AgentRun.objects.filter(status="running").count() == 2)
    wait_until(
        lambda: Execution.objects.filter(pk__in=[one.pk for one in crowd], status="running").count() >= 5
    )

    others = start_of_another_person(renum, "other", 40, sim=QUICK)
    for other in others:
        assert renum.wait_for(other).status == "completed"

    begun = Execution.objects.filter(started_by__username="crowd").exclude(status="queued").count()
    figure("fairness_begun_on_a_crowded_connection", begun)
    # Two that run, a line of five, and what a claim under way brings: most of the twenty places stay free.
    assert begun <= 2 + 5 + 2 * 5
    # The limit that was learned is tried with one more from time to time, and here nobody refuses it.
    running = AgentRun.objects.filter(execution__started_by__username="crowd", status="running")
    assert 2 <= running.count() <= 4
    check_history(renum, at_rest=False)
