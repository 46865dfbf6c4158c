"""Back-pressure: what Suna does not take now waits with a reason, keeps its thread and costs no attempt."""

from typing import Any

from django.utils import timezone

from executions.actions.cancel_execution import cancel_execution
from executions.actions.detect_connection import detect_connection
from executions.models import AgentRun, Execution, ExecutionStep
from executions.wording import step_sentence
from teams.models import SunaConnection
from tests.faults.history import check_history
from tests.fixtures.figures import Figure
from tests.fixtures.running import RunningRenum, wait_until

ONE_STEP = {"type": "sequential", "agents": [{"agent_id": "agent-1"}]}


def wide(agents: int, **fields: Any) -> dict[str, Any]:
    return {
        "type": "parallel",
        "agents": [{"agent_id": f"agent-{number}"} for number in range(agents)],
    } | fields


def start_requests(renum: RunningRenum) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = renum.suna.get("ledger?limit=20000")["entries"]
    return [entry for entry in entries if entry["operation"] == "agent.start"]


def waiting_steps(execution: Execution, code: str) -> list[ExecutionStep]:
    return list(execution.steps.filter(status="ready", code=code))


def test_a_team_wider_than_sunas_limit_waits_in_line_with_a_reason_and_finishes(
    renum_on, figure: Figure
) -> None:
    renum = renum_on("2025-08", "--parallel-limit", "2")
    prompt = 'Go. @@sim{"takes": 0.4}'
    execution = renum.start(renum.make_team(wide(10)), prompt)
    renum.start_drivers()

    waiting = wait_until(
        lambda: [
            step for step in waiting_steps(execution, "service_throttled") if step.reason_params.get("limit")
        ]
    )
    assert all(step.reason_params["limit"] == 2 for step in waiting)
    assert all(1 <= step.reason_params["place"] <= 10 for step in waiting)
    said = step_sentence(status="ready", code=waiting[0].code, params=waiting[0].reason_params)
    assert "Suna allows 2 runs at once" in said
    assert "in line" in said

    execution = renum.wait_for(execution)
    assert execution.status == "completed"
    assert {(step.status, step.attempts, step.abandoned) for step in execution.steps.all()} == {
        ("completed", 1, 0)
    }
    summary = renum.suna.get("summary")
    assert (summary["starts"], summary["max_running"]) == (10, 2)
    requests = len(start_requests(renum))
    figure("wide_team_start_requests_per_start", requests / 10)
    assert requests <= 15
    # A second one knows the limit: nothing of it is refused.
    assert renum.wait_for(renum.start(renum.make_team(wide(10)), prompt)).status == "completed"
    again = len(start_requests(renum)) - requests
    figure("wide_team_start_requests_per_start_when_known", again / 10)
    assert again <= 12
    wait_until(lambda: SunaConnection.objects.get(pk=renum.connection.pk).limits == {"parallel_runs": 2})
    check_history(renum)


def test_a_limit_that_was_learned_before_is_kept_from_the_first_start_on(renum_on) -> None:
    renum = renum_on("2025-08", "--parallel-limit", "2")
    renum.connection.limits = {"parallel_runs": 2}
    renum.connection.save()
    renum.start_drivers()

    assert renum.run(wide(6), 'Go. @@sim{"takes": 0.3}').status == "completed"

    assert len(start_requests(renum)) == 6
    check_history(renum)


def test_max_parallel_slots_are_free_while_a_start_waits_and_no_attempt_is_used_up(renum_on) -> None:
    renum = renum_on("2025-08")
    renum.suna.fail("agent.start", times=1, kind="too_many", retry_after="1.5")
    execution = renum.start(renum.make_team(ONE_STEP))
    renum.start_drivers()
    wait_until(lambda: waiting_steps(execution, "service_throttled"))
    parked = wait_until(lambda: AgentRun.objects.filter(execution=execution, status="created").first())
    wait_until(
        lambda: SunaConnection.objects.filter(
            pk=renum.connection.pk, throttled_until__gt=timezone.now()
        ).exists()
    )

    execution = renum.wait_for(execution)

    step, run = execution.steps.get(), execution.agent_runs.get()
    assert (execution.status, step.attempts, step.abandoned) == ("completed", 1, 0)
    assert (run.id, run.thread_id, run.attempt) == (parked.id, parked.thread_id, 1)
    refused, taken = start_requests(renum)
    assert (refused["status"], taken["status"]) == (429, 200)
    assert taken["t"] - refused["t"] >= 1.5
    kinds = list(execution.events.values_list("kind", flat=True))
    assert kinds.count("start_put_back") == 1
    assert kinds.count("start_requested") == 2
    check_history(renum)


def test_an_execution_that_ends_while_its_start_is_put_back_leaves_no_run_open(renum_on) -> None:
    renum = renum_on("2025-08")
    renum.suna.fail("agent.start", times=1000, kind="too_many", retry_after="60")
    execution = renum.start(renum.make_team(ONE_STEP))
    renum.start_drivers()
    wait_until(lambda: execution.agent_runs.filter(status="created").exists())

    cancel_execution(execution=execution, by=renum.owner)

    execution = renum.wait_for(execution)
    run = execution.agent_runs.get()
    assert (execution.status, execution.usage_complete) == ("cancelled", True)
    assert (run.status, run.usage_complete, run.suna_run_id) == ("abandoned", True, None)
    assert renum.suna.starts() == 0
    check_history(renum)


def test_no_credits_fail_one_step_and_hold_the_others_until_somebody_mends_the_connection(renum_on) -> None:
    renum = renum_on("2025-08")
    renum.suna.fail("agent.start", times=1000, kind="payment", error_code="INSUFFICIENT_CREDITS")
    team = renum.make_team(ONE_STEP)
    first = renum.start(team)
    renum.start_drivers()

    first = renum.wait_for(first)

    assert (first.status, first.steps.get().code) == ("failed", "payment_required")
    assert first.events.filter(kind="connection_paused").values_list("data", flat=True).get() == {
        "code": "payment_required"
    }
    wait_until(lambda: SunaConnection.objects.get(pk=renum.connection.pk).paused_code == "payment_required")
    held = [renum.start(team) for _ in range(5)]
    for execution in held:
        wait_until(lambda at=execution: waiting_steps(at, "service_payment_required"))
    assert len(start_requests(renum)) == 1

    renum.suna.clear_faults()
    detect_connection(connection=renum.connection, by=None, profile="2025-08")

    assert {renum.wait_for(execution).status for execution in held} == {"completed"}
    assert {execution.steps.get().attempts for execution in held} == {1}
    assert not SunaConnection.objects.get(pk=renum.connection.pk).paused_code
    check_history(renum)


def test_a_refused_credential_pauses_the_starts_and_never_what_runs(renum_on) -> None:
    renum = renum_on("2025-08")
    team = renum.make_team(ONE_STEP)
    running = renum.start(team, 'Go. @@sim{"takes": 3}')
    renum.start_drivers(RENUM_STREAMS="0")
    wait_until(lambda: running.steps.filter(status="running").exists())
    renum.suna.fail("*", times=100_000, kind="status", status=401)
    held = renum.start(team)

    wait_until(lambda: waiting_steps(held, "service_credential_refused"))
    wait_until(lambda: SunaConnection.objects.get(pk=renum.connection.pk).paused_code == "credential_refused")
    assert wait_until(lambda: Execution.objects.filter(events__kind="connection_paused").count()) == 1
    renum.suna.clear_faults()

    # The run that is still asked for shows that the credential is good again: nobody need say so.
    assert renum.wait_for(running).status == "completed"
    assert renum.wait_for(held).status == "completed"
    wait_until(lambda: not SunaConnection.objects.get(pk=renum.connection.pk).paused_code)
    check_history(renum)


def test_starts_wait_ready_while_suna_cannot_be_reached_and_go_on_by_themselves(renum_on) -> None:
    renum = renum_on("2025-08")
    renum.suna.fail("threads.create", times=100_000, kind="status", status=503)
    executions = [renum.start(renum.make_team(wide(3))) for _ in range(3)]
    renum.start_drivers()
    wait_until(lambda: ExecutionStep.objects.filter(status="ready", code="service_unavailable").exists())
    assert not AgentRun.objects.exists()

    renum.suna.clear_faults()

    assert {renum.wait_for(execution).status for execution in executions} == {"completed"}
    assert set(ExecutionStep.objects.values_list("attempts", flat=True)) == {1}
    check_history(renum)
