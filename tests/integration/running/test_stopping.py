"""Cancel, time-out and deadline: every run is really stopped in Suna, and what ran is billed (P10, P11)."""

import pytest

from executions.actions.cancel_execution import cancel_execution
from executions.actions.execution_rights import AlreadyOver
from executions.models import AgentRun, Execution
from tests.faults.history import check_history
from tests.fixtures.running import RunningRenum, wait_until

HANG = {"agent_id": "agent-9", "instructions": '@@sim{"hang": true}'}
QUICK_GRACE = {"RENUM_CALL_DEADLINE_S": "2", "RENUM_START_GRACE_S": "3"}


def chain(*agents: dict[str, object], **fields: object) -> dict[str, object]:
    return {"type": "sequential", "agents": list(agents), **fields}


def status_in_suna(renum: RunningRenum, run: AgentRun) -> str:
    [status] = [found["status"] for found in renum.suna.get("runs")["runs"] if found["id"] == run.suna_run_id]
    return status


def runs_with(status: str, execution: Execution) -> bool:
    return execution.agent_runs.filter(status=status).exists()


def test_cancelled_execution_ends_when_each_of_its_runs_is_stopped_wherever_it_stood(renum_on):
    renum = renum_on("2025-08")
    renum.suna.fail("agent.start", contains="appears late", kind="late_run", seconds=1.0, answer="drop")
    renum.suna.fail("agent.start", contains="never appears", times=9, kind="drop")
    renum.suna.fail("run.stop", contains="stop fails at first", times=3, kind="status", status=500)
    alone, after_one = renum.make_team(chain(HANG)), renum.make_team(chain({"agent_id": "agent-1"}, HANG))
    queued = renum.start(alone, "queued")
    cancel_execution(execution=queued, by=renum.owner)
    running = renum.start(after_one, "running")
    stubborn = renum.start(alone, "stop fails at first")
    late, never = renum.start(alone, "appears late"), renum.start(alone, "never appears")
    renum.start_drivers(**QUICK_GRACE)
    for execution, is_there in (
        (running, "running"),
        (stubborn, "running"),
        (late, "starting"),
        (never, "starting"),
    ):
        wait_until(lambda at=execution, status=is_there: runs_with(status, at))
    wait_until(lambda: running.steps.get(position=1).status == "running")
    wait_until(lambda: not Execution.objects.filter(pk__in=[late.pk, never.pk], steps__status="starting"))

    for execution in (running, stubborn, late, never):
        cancel_execution(execution=execution, by=renum.owner)

    for execution in (queued, running, stubborn, late, never):
        renum.wait_for(execution)
        assert execution.status == "cancelled"
        assert {step.status for step in execution.steps.all()} <= {"completed", "cancelled", "skipped"}
    assert not queued.agent_runs.exists()
    for execution in (running, stubborn, late):
        run = execution.agent_runs.order_by("step__position").last()
        assert (run.status, status_in_suna(renum, run)) == ("stopped", "stopped")
        assert run.stop_requested_at is not None
    assert never.agent_runs.get().status == "abandoned"
    assert renum.suna.starts() == 4
    assert running.usage_metrics["responses"] == 1
    assert running.usage_metrics["tokens_input"] > 0
    with pytest.raises(AlreadyOver):
        cancel_execution(execution=running, by=renum.owner)
    check_history(renum)


def test_run_is_stopped_in_suna_when_its_step_or_its_execution_runs_out_of_time(renum_on):
    renum = renum_on("2025-08")
    renum.start_drivers()
    timed_out = renum.run(chain({**HANG, "timeout": "1s"}))
    # The deadline counts from the start, so that the driver must be there already.
    overdue = renum.run(chain({"agent_id": "agent-1"}, HANG, limits={"deadline": "3s"}))

    assert (timed_out.status, timed_out.code, timed_out.steps.get().code) == (
        "failed",
        "step_failed",
        "timeout",
    )
    assert (overdue.status, overdue.code) == ("failed", "deadline")
    assert overdue.finished_at >= overdue.deadline_at
    assert list(overdue.steps.order_by("position").values_list("status", flat=True)) == [
        "completed",
        "cancelled",
    ]
    for run in (timed_out.agent_runs.get(), overdue.agent_runs.get(step__position=1)):
        assert status_in_suna(renum, run) == "stopped"
    check_history(renum)


def test_step_says_that_its_run_is_being_stopped_for_as_long_as_suna_does_not_confirm_it(renum_on):
    renum = renum_on("2025-08")
    renum.suna.fail("run.stop", times=1000, kind="status", status=500)
    execution = renum.start(renum.make_team(chain({**HANG, "timeout": "1s"})))
    renum.start_drivers()

    wait_until(lambda: execution.steps.filter(status="running", code="stopping").exists())
    step = wait_until(lambda: execution.steps.filter(reason_params__has_key="service").first())
    assert (step.code, step.reason_params) == ("stopping", {"because": "timeout", "service": "unavailable"})
    renum.suna.clear_faults()

    execution = renum.wait_for(execution)
    assert (execution.status, execution.steps.get().code) == ("failed", "timeout")
    assert status_in_suna(renum, execution.agent_runs.get()) == "stopped"
    check_history(renum)


def test_nothing_is_started_after_the_cancel_when_it_comes_while_the_thread_is_made(renum_on):
    renum = renum_on("2025-08")
    renum.suna.fail("messages.add", kind="barrier", when="after", name="thread")
    execution = renum.start(renum.make_team(chain({"agent_id": "agent-1"})))
    renum.start_drivers()
    wait_until(lambda: renum.suna.get("barriers")["waiting"].get("thread"))

    cancel_execution(execution=execution, by=renum.owner)
    wait_until(lambda: execution.steps.get().status == "cancelled")
    renum.suna.release("thread")

    assert renum.wait_for(execution).status == "cancelled"
    assert renum.suna.starts() == 0
    assert not any(
        entry["operation"] == "agent.start" for entry in renum.suna.get("ledger?limit=5000")["entries"]
    )
    check_history(renum)
