"""Hints that a run is over: what they gain, that none of them decides, and that one driver holds hundreds."""

import statistics

import pytest
from django.db import transaction

from executions.actions.detect_connection import detect_connection
from executions.models import AgentRun, Driver, Execution
from tests.faults.history import check_history
from tests.fixtures.running import RunningRenum, wait_until

POLL_S = 1.3
RARE = dict.fromkeys(("RENUM_POLL_MIN_S", "RENUM_POLL_MAX_S", "RENUM_POLL_BESIDE_STREAM_S"), "60")
MANY = 300


def chain(takes: float, *, steps: int = 1) -> dict[str, object]:
    instructions = f'@@sim{{"takes": {takes}}}'
    agents = [{"agent_id": f"agent-{number}", "instructions": instructions} for number in range(steps)]
    return {"type": "sequential", "agents": agents}


def entries(renum: RunningRenum, operation: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = renum.suna.get(f"ledger?operation={operation}")["entries"]
    return found


def open_streams(renum: RunningRenum) -> int:
    return sum(entry["outcome"] is None for entry in entries(renum, "run.stream"))


def hand_offs_ms(renum: RunningRenum) -> list[tuple[str, float]]:
    """Return by thread how long the next step's first request came after its run's end."""
    ended_at = {run["thread_id"]: run["ended_t"] for run in renum.suna.get("runs")["runs"]}
    arrived_at = {entry["thread_id"]: entry["t"] for entry in entries(renum, "threads.create")}
    found = []
    for execution in Execution.objects.all():
        runs = AgentRun.objects.filter(execution=execution).order_by("step__position")
        first, second = runs.values_list("thread_id", flat=True)
        found.append((first, (arrived_at[second] - ended_at[first]) * 1000))
    return found


def test_step_follows_a_run_that_is_watched_sooner_than_one_that_is_polled(renum_on, figure):
    renum = renum_on("2025-08")
    team = renum.make_team(chain(3, steps=2))
    polls = {"RENUM_POLL_MIN_S": str(POLL_S), "RENUM_POLL_MAX_S": str(POLL_S)}
    # Half of the runs get a stream and half of them do not, at the same time in the same driver.
    renum.start_drivers(RENUM_STREAMS="4", **polls)
    executions = [renum.start(team) for _ in range(8)]
    for execution in executions:
        assert renum.wait_for(execution).status == "completed"

    watched = {entry["thread_id"] for entry in entries(renum, "run.stream")}
    by_hint = [late_ms for thread, late_ms in hand_offs_ms(renum) if thread in watched]
    by_poll = [late_ms for thread, late_ms in hand_offs_ms(renum) if thread not in watched]
    assert (len(by_hint), len(by_poll)) == (4, 4)
    hint_ms, poll_ms = statistics.median(by_hint), statistics.median(by_poll)
    assert hint_ms < POLL_S * 1000 / 4
    assert hint_ms < poll_ms / 2
    figure("follow_hand_off_by_stream_ms", hint_ms)
    figure("follow_hand_off_by_poll_ms", poll_ms)
    check_history(renum)


def test_stream_that_lies_breaks_closes_or_hangs_changes_nothing_but_time(renum_on):
    renum = renum_on("2025-08")
    team = renum.make_team(chain(1.5))
    for how in ("lie", "break", "close"):
        renum.suna.fail("run.stream", contains=f"to {how}", times=100, kind="cut_stream", events=1, how=how)
    renum.suna.fail("run.stream", contains="to hang", times=100, kind="hang")
    renum.start_drivers()

    executions = [renum.start(team, f"A stream to {how}") for how in ("lie", "break", "close", "hang")]

    for execution in executions:
        renum.wait_for(execution, timeout_s=20)
        run = execution.agent_runs.get()
        assert (execution.status, run.status, execution.usage_complete) == ("completed", "completed", True)
        # Nobody believed in an end before there was one.
        assert (run.finished_at - run.started_at).total_seconds() > 1.4
    assert renum.suna.starts() == 4
    assert {entry["faults"][0] for entry in entries(renum, "run.stream")} == {"cut_stream", "hang"}
    check_history(renum)


def test_list_of_active_runs_tells_where_no_stream_may_be_opened(renum_on, figure):
    renum = renum_on("2025-08")
    detect_connection(connection=renum.connection, by=None)
    renum.connection.refresh_from_db()
    assert renum.connection.capabilities["lists_active_runs"] is True
    team = renum.make_team(chain(1.5, steps=2))
    # Polls alone would take longer than this test waits.
    renum.start_drivers(RENUM_STREAMS="0", RENUM_ACTIVE_LIST_TICK_S="0.25", **RARE)

    executions = [renum.start(team) for _ in range(10)]
    for execution in executions:
        assert renum.wait_for(execution, timeout_s=30).status == "completed"

    assert not entries(renum, "run.stream")
    # One look at the start and one at the end of each run; one list a tick for all of them.
    assert len(entries(renum, "run.get")) == 2 * 10 * 2
    assert len(entries(renum, "runs.active")) < 40
    figure("follow_hand_off_by_list_ms", statistics.median(late for _, late in hand_offs_ms(renum)))
    check_history(renum)


@pytest.mark.faults
def test_driver_with_three_hundred_streams_polls_hardly_ever_and_lets_go_of_all_at_once(renum_on, figure):
    renum = renum_on("2025-08")
    team = renum.make_team(chain(120))
    with transaction.atomic():
        for _ in range(MANY):
            renum.start(team)
    cluster = renum.start_drivers(**RARE)
    wait_until(lambda: open_streams(renum) == MANY, timeout_s=90, every_s=1)

    polled = len(entries(renum, "run.get"))
    took_s = cluster.stop()
    wait_until(lambda: open_streams(renum) == 0)

    # Each run was asked for when it had started, and then it was watched.
    assert polled == renum.suna.starts() == MANY
    assert not Driver.objects.alive().exists()
    assert not Execution.objects.filter(driver__isnull=False).exists()
    figure("follow_stop_with_300_streams_s", took_s)
