"""Drivers that come and go: an orderly end, several at once, one that lost what it held (P7, P24)."""

import time

import pytest

from executions.models import AgentRun, Driver, Execution
from tests.faults.history import check_history
from tests.fixtures.running import RunningRenum, wait_until
from tests.integration.orchestrator.rows import make_driver

pytestmark = pytest.mark.faults

TWO_STEPS = {"type": "sequential", "agents": [{"agent_id": "agent-1"}, {"agent_id": "agent-2"}]}
# What is ours: from the signal until no row says any more that a driver holds anything; measured: 0.07 to
# 0.2 s. With the end of every process, which is django-q2's: 1 to 1.5 s. Waiting for a run takes longer.
LET_GO_WITHIN_S, ENDED_WITHIN_S, RUN_S = 8, 16, 20


def start_many(renum: RunningRenum, count: int, *, takes_s: float) -> None:
    team = renum.make_team(TWO_STEPS)
    for number in range(count):
        renum.start(team, f'Number {number}. @@sim{{"takes": {takes_s}}}')


def wait_for_all() -> None:
    wait_until(lambda: not Execution.objects.exclude(status="completed").exists(), timeout_s=60)


def test_the_next_cluster_goes_on_when_one_is_stopped_with_100_runs_in_flight(renum_on, figure):
    renum = renum_on("2025-08")
    start_many(renum, 100, takes_s=RUN_S)
    cluster = renum.start_drivers()
    wait_until(lambda: AgentRun.objects.filter(status="running").count() == 100)

    began = time.monotonic()
    cluster.popen.terminate()
    wait_until(lambda: not Driver.objects.exists(), every_s=0.01)
    let_go_s = time.monotonic() - began
    free = Execution.objects.filter(driver=None, status="running").count()
    cluster.popen.wait(timeout=30)
    ended_s = time.monotonic() - began
    figure("let_go_100_in_flight_s", let_go_s)
    figure("stop_100_in_flight_s", ended_s)

    assert let_go_s < LET_GO_WITHIN_S
    assert free == 100
    assert ended_s < ENDED_WITHIN_S
    assert not Driver.objects.exists()
    assert not Execution.objects.exclude(driver=None).exists()
    assert renum.suna.get("summary")["runs_by_status"] == {"running": 100}
    renum.start_drivers()
    wait_for_all()
    assert renum.suna.starts() == 200
    check_history(renum)


def test_two_clusters_share_the_executions_and_start_each_step_once(renum_on):
    renum = renum_on("2025-08")
    for _ in range(2):
        renum.start_drivers(RENUM_CLAIM_CHUNK="1", RENUM_CAPACITY="6")
    start_many(renum, 10, takes_s=5)

    def holders() -> set[object]:
        return set(Execution.objects.exclude(driver=None).values_list("driver_id", flat=True))

    wait_until(lambda: len(holders()) == 2)
    wait_for_all()
    assert renum.suna.starts() == 20
    check_history(renum)


def test_a_driver_writes_nothing_more_to_an_execution_that_another_one_holds(renum_on):
    renum = renum_on("2025-08")
    execution = renum.start(renum.make_team(TWO_STEPS), '@@sim{"takes": 2}')
    cluster = renum.start_drivers()
    wait_until(lambda: AgentRun.objects.filter(status="running").exists())

    thief = make_driver()
    Execution.objects.filter(pk=execution.pk).update(driver=thief, epoch=2)
    before = written(execution)
    wait_until(lambda: "is another driver's now" in cluster.log.read_text())

    assert written(execution) == before
    assert renum.suna.starts() == 1
    thief.delete()
    assert renum.wait_for(execution).status == "completed"
    assert renum.suna.starts() == 2
    check_history(renum)


def written(execution: Execution) -> list[object]:
    execution.refresh_from_db()
    return [
        (execution.status, execution.event_seq, execution.context_version, execution.epoch),
        list(execution.steps.order_by("position").values_list("status", "finished_at")),
        list(execution.agent_runs.values_list("status", "finished_at")),
    ]
