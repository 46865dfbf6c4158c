"""P4: no agent is started twice, wherever its driver dies and whatever becomes of the answer to a start."""

import random
import time
from typing import Any

import psycopg
import pytest
from django.db import connection

from executions.models import AgentRun, Execution, ExecutionEvent, ExecutionStep
from tests.faults.history import check_history
from tests.faults.load import (
    STEPS,
    check_started_once,
    kill_a_driver,
    running_in_suna,
    start_load,
    thread_of_start,
    three_steps,
    wait_until_over,
)
from tests.fixtures.running import RunningRenum, wait_until

pytestmark = pytest.mark.faults

EXECUTIONS = 60
ENOUGH = EXECUTIONS // 3
KILLS = 4
RUN_S = 3.0
SEED = 20261122
QUICK = {
    "RENUM_LEASE_TTL_S": "2",
    "RENUM_CALL_DEADLINE_S": "2",
    "RENUM_START_GRACE_S": "3",
    "RENUM_LINGER_S": "10",
}
ONE_STEP = {"type": "sequential", "agents": [{"agent_id": "agent-1", "instructions": '@@sim{"takes": 3}'}]}


def events(kind: str) -> int:
    return ExecutionEvent.objects.filter(kind=kind).count()


def start_calls(renum: RunningRenum) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = renum.suna.get("ledger?operation=agent.start")["entries"]
    return entries


def threads_of_events(kind: str) -> set[str]:
    return set(ExecutionEvent.objects.filter(kind=kind).values_list("data__thread", flat=True))


def test_every_step_is_started_once_when_a_driver_is_killed_every_few_seconds(renum_on, figure):
    renum = renum_on("2025-08")
    dice = random.Random(SEED)
    # Of the starts, some are answered 500 after the run was made, some cut off before or after it.
    renum.suna.fail("agent.start", times=6, probability=0.1, kind="error", when="after")
    renum.suna.fail("agent.start", times=6, probability=0.1, seed=2, kind="drop", when="after")
    renum.suna.fail("agent.start", times=3, probability=0.05, seed=3, kind="drop")
    start_load(renum, EXECUTIONS, takes_s=RUN_S)
    for _ in range(2):
        renum.start_drivers(**QUICK, RENUM_CAPACITY=str(EXECUTIONS))

    in_flight = []
    while len(in_flight) < KILLS:
        # At least a third of them.
        running = wait_until(lambda: max(0, running_in_suna(renum) - ENOUGH + 1), every_s=0.1) + ENOUGH - 1
        if kill_a_driver(dice) is not None:
            in_flight.append(running)
        time.sleep(dice.uniform(2, 4))

    wait_until_over()
    assert not Execution.objects.exclude(status="completed").exists()
    assert ExecutionStep.objects.filter(status="completed").count() == EXECUTIONS * STEPS
    assert min(in_flight) >= ENOUGH
    check_started_once(renum)
    check_history(renum)
    starts = start_calls(renum)
    # Whoever looks a start up says so, or finds its run, or gives it up: each start has a thread of its own.
    adopted = threads_of_events("run_adopted")
    given_up = set(AgentRun.objects.filter(code="start_abandoned").values_list("thread_id", flat=True))
    ambiguous = threads_of_events("start_in_doubt") | adopted | given_up
    assert ambiguous == adopted | given_up
    assert not adopted & given_up
    # As Suna saw it: no start without a good answer was taken for a certain one.
    assert {thread_of_start(entry) for entry in starts if entry["status"] != 200} <= ambiguous
    figure("p4_starts_sent", len(starts))
    figure("p4_starts_ambiguous", len(ambiguous))
    figure("p4_starts_adopted", len(adopted))
    figure("p4_starts_given_up", len(given_up))
    figure("p4_runs_made", renum.suna.starts())
    figure("p4_started_twice", renum.suna.starts() - EXECUTIONS * STEPS)
    figure("p4_drivers_killed", len(in_flight))
    figure("p4_in_flight_at_a_kill_min", min(in_flight))
    figure("p4_in_flight_at_a_kill_max", max(in_flight))


def is_waiting_for_the_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE NOT granted"
            " AND relation = 'renum_team_agent_executions'::regclass"
        )
        return bool(cursor.fetchone()[0])


def test_no_run_is_made_twice_when_the_driver_dies_with_a_start_pending_or_before_it_is_recorded(
    renum_on, figure, settings
):
    renum = renum_on("2025-08")
    # One start waits in Suna with its run made; the answer to another comes when its row cannot be written.
    renum.suna.fail("agent.start", contains="pending", kind="barrier", when="after", name="pending")
    renum.suna.fail("agent.start", contains="unrecorded", kind="barrier", when="after", name="unrecorded")
    team = renum.make_team(ONE_STEP)
    pending, unrecorded = (renum.start(team, prompt) for prompt in ("pending, please", "unrecorded, please"))
    cluster = renum.start_drivers()
    for barrier in ("pending", "unrecorded"):
        wait_until(lambda name=barrier: renum.suna.get("barriers")["waiting"].get(name))

    with psycopg.connect(settings.TEST_DATABASE_URL) as holder:
        holder.execute("LOCK TABLE renum_team_agent_executions IN ACCESS EXCLUSIVE MODE")
        renum.suna.release("unrecorded")
        wait_until(is_waiting_for_the_lock)
        in_flight = running_in_suna(renum)
        cluster.kill_driver()
        holder.rollback()
    assert set(AgentRun.objects.values_list("status", "suna_run_id")) == {("starting", None)}
    renum.suna.clear_faults()

    for execution in (pending, unrecorded):
        assert renum.wait_for(execution).status == "completed"
        assert execution.events.filter(kind="run_adopted").count() == 1
        assert execution.steps.get().attempts == 1
    assert in_flight == 2
    check_started_once(renum)
    check_history(renum)
    figure("p4_break_points_adopted", events("run_adopted"))


def test_three_steps_are_one_start_each_when_every_single_answer_to_a_start_is_lost(renum_on, figure):
    renum = renum_on("2025-08")
    renum.suna.fail("agent.start", times=1000, kind="drop", when="after")
    execution = renum.start(renum.make_team(three_steps("sequential", takes=0.2)))
    renum.start_drivers()

    assert renum.wait_for(execution).status == "completed"

    assert events("run_adopted") == STEPS
    check_started_once(renum)
    check_history(renum)
    figure("p4_all_answers_lost_adopted", events("run_adopted"))
