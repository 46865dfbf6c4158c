"""A start whose answer never came: looked up, adopted, or given up after the grace, never guessed."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from billing.models import UsageLog
from executions.models import AgentRun, Execution, ExecutionEvent, ExecutionStep
from executions.orchestrator.sweep import sweep
from tests.faults.history import check_history
from tests.fixtures.running import wait_until

pytestmark = pytest.mark.faults

ONE_STEP = {"type": "sequential", "agents": [{"agent_id": "agent-1"}]}
GRACE_S = 3
QUICK_GRACE = {"RENUM_CALL_DEADLINE_S": "2", "RENUM_START_GRACE_S": str(GRACE_S)}


def sweep_apart() -> None:
    try:
        sweep()
    finally:
        connection.close()


def kinds_of(execution: Execution) -> list[str]:
    return list(execution.events.values_list("kind", flat=True))


def test_nothing_is_started_twice_when_the_driver_dies_before_it_knows_what_became_of_a_start(
    renum_on, figure
):
    renum = renum_on("2025-08")
    renum.suna.fail("agent.start", contains="unanswered", kind="barrier", when="after", name="answer")
    renum.suna.fail("agent.start", contains="throttled", times=1000, kind="too_many")
    team = renum.make_team(ONE_STEP)
    unanswered, throttled = renum.start(team, "unanswered"), renum.start(team, "throttled")
    cluster = renum.start_drivers(**QUICK_GRACE)
    wait_until(lambda: renum.suna.get("barriers")["waiting"].get("answer"))
    wait_until(lambda: ExecutionStep.objects.filter(code="service_throttled").exists())
    run = AgentRun.objects.get(execution=unanswered)
    assert (run.status, run.suna_run_id) == ("starting", None)

    cluster.kill_driver()
    renum.suna.clear_faults()

    unanswered, throttled = renum.wait_for(unanswered), renum.wait_for(throttled)
    assert (unanswered.status, throttled.status) == ("completed", "completed")
    assert renum.suna.starts() == 2
    assert "run_adopted" in kinds_of(unanswered)
    adopted = AgentRun.objects.get(execution=unanswered)
    assert (adopted.id, adopted.status, adopted.thread_id) == (run.id, "completed", run.thread_id)
    assert (unanswered.epoch, unanswered.steps.get().attempts) == (2, 1)
    figure("in_doubt_driver_killed_starts", renum.suna.starts())
    # The refused start was put back, with its thread: the next driver sends it again, and waits for nothing.
    step = throttled.steps.get()
    assert (step.attempts, step.abandoned) == (1, 0)
    check_history(renum)


def test_a_start_in_doubt_is_adopted_if_a_run_appears_in_the_grace_and_made_anew_if_none_does(
    renum_on, figure
):
    renum = renum_on("2025-08")
    renum.suna.fail("agent.start", contains="inserted", kind="error", when="after")
    renum.suna.fail("agent.start", contains="late", kind="late_run", seconds=1.5, answer="drop")
    renum.suna.fail("agent.start", contains="nothing", kind="drop")
    team = renum.make_team(ONE_STEP)
    inserted, late, nothing = (renum.start(team, prompt) for prompt in ("inserted", "late", "nothing"))
    renum.start_drivers(**QUICK_GRACE)

    inserted, late, nothing = (renum.wait_for(execution) for execution in (inserted, late, nothing))

    assert {inserted.status, late.status, nothing.status} == {"completed"}
    assert renum.suna.starts() == 3
    for execution in (inserted, late):
        assert kinds_of(execution).count("run_adopted") == 1
        assert AgentRun.objects.get(execution=execution).status == "completed"
        step = execution.steps.get()
        assert (step.attempts, step.abandoned) == (1, 0)
    first, second = AgentRun.objects.filter(execution=nothing).order_by("attempt")
    assert (first.status, first.code, first.suna_run_id) == ("abandoned", "start_abandoned", None)
    assert (second.status, second.attempt) == ("completed", 2)
    assert first.thread_id != second.thread_id
    adopted = ExecutionEvent.objects.filter(kind="run_adopted").count()
    figure("in_doubt_adopted", adopted)
    figure("in_doubt_given_up", AgentRun.objects.filter(code="start_abandoned").count())
    figure("in_doubt_given_up_after_s", (first.finished_at - first.start_requested_at).total_seconds())
    assert first.finished_at - first.start_requested_at >= dt.timedelta(seconds=GRACE_S)
    step = nothing.steps.get()
    assert (step.attempts, step.abandoned) == (2, 1)
    check_history(renum)


def test_a_run_that_comes_after_its_start_was_given_up_is_stopped_and_billed_once(renum_on, figure):
    renum = renum_on("seed")
    late_s = GRACE_S + 2
    renum.suna.fail("agent.start", contains="runs on", kind="late_run", seconds=late_s, answer="drop")
    renum.suna.fail("agent.start", contains="is done", kind="late_run", seconds=late_s, answer="drop")
    team = renum.make_team(ONE_STEP)
    hung = '@@sim{"key": "hung", "attempts": [{"text": "good"}, {"hang": true}]}'
    told = '@@sim{"tokens": [500, 70]}'
    runs_on, is_done = renum.start(team, f"runs on {hung}"), renum.start(team, f"is done {told}")
    renum.start_drivers(**QUICK_GRACE)
    runs_on, is_done = renum.wait_for(runs_on), renum.wait_for(is_done)
    wait_until(lambda: renum.suna.starts() == 4)
    wait_until(lambda: renum.suna.get("summary")["runs_by_status"] == {"completed": 3, "running": 1})
    assert is_done.usage_metrics["tokens_input"] == 500

    # Both find the runs; one of them writes each down.
    with ThreadPoolExecutor(max_workers=2) as pool:
        for done in [pool.submit(sweep_apart) for _ in range(2)]:
            done.result()
    sweep()

    stopped = runs_on.agent_runs.get(attempt=1, turn=2)
    assert (stopped.status, stopped.code) == ("stopped", "late_run")
    assert renum.suna.get("summary")["running"] == 0
    billed = is_done.agent_runs.get(attempt=1, turn=2)
    assert (billed.status, billed.individual_usage_metrics["tokens_input"]) == ("completed", 500)
    for execution in (runs_on, is_done):
        execution.refresh_from_db()
        assert execution.status == "completed"
        assert execution.agent_runs.count() == 3
        assert kinds_of(execution).count("late_run_found") == 1
    assert is_done.usage_metrics["tokens_input"] == 1000
    summary = renum.suna.get("summary")
    figure("in_doubt_late_runs_found", AgentRun.objects.filter(code="late_run").count())
    assert sum(UsageLog.objects.values_list("tokens_input", flat=True)) == summary["tokens_input"]
    check_history(renum)
