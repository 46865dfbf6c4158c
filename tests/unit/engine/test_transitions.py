"""What facts do to a state, the retry policy, and everything that is refused."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from executions.engine import transitions
from executions.engine.decide import decide, find_next_moment
from executions.engine.decisions import EndEarly, FinishExecution, HoldStep, SkipStep, StartStep, StopStep
from executions.engine.retry import find_interval_s
from executions.engine.state import ExecutionStatus, Reason, StepStatus
from executions.engine.transitions import IllegalTransition, Outcome
from teams.workflow.plan import RetryPolicy
from tests.unit.engine.clockwork import NOW
from tests.unit.engine.plans import make_plan, make_step, stand, state_of

THREE = RetryPolicy(max_attempts=3)
PLAN = make_plan(make_step("a", retry=THREE), make_step("b"))
REASON = Reason(code="some_reason")
ACTIVE = ["starting", "start_uncertain", "running", "waiting_input"]
IDLE = ["pending", "ready", "retrying", "completed", "failed", "skipped", "cancelled"]


def state_with(status: str, **fields: Any):
    return state_of(PLAN, replace(stand("a", "running", **fields), status=StepStatus(status)))


class TestAttempts:
    @pytest.mark.parametrize("status", ACTIVE)
    def test_a_step_completes_with_its_text_and_data(self, status: str) -> None:
        changed = transitions.complete_attempt(PLAN, state_with(status), "a", text='{"n": 1}', now=NOW)

        step = changed.state.steps["a"]
        assert (step.status, step.text, step.data) == (StepStatus.COMPLETED, '{"n": 1}', {"n": 1})
        assert changed.outcome == Outcome(kind="completed")

    @pytest.mark.parametrize("text", [None, "", " \n\t"])
    def test_an_answer_without_text_and_data_is_an_empty_result(self, text: str | None) -> None:
        changed = transitions.complete_attempt(PLAN, state_with("running"), "a", text=text, now=NOW)

        assert changed.outcome.code == "empty_result"
        assert changed.outcome.kind == "retrying"

    def test_submitted_data_alone_is_a_result(self) -> None:
        changed = transitions.complete_attempt(
            PLAN, state_with("running"), "a", text=None, structured={"n": 1}, now=NOW
        )

        assert changed.outcome.kind == "completed"
        assert changed.state.steps["a"].data == {"n": 1}

    def test_an_answer_that_breaks_its_schema_keeps_its_text(self) -> None:
        plan = make_plan(make_step("a", output_schema={"type": "object", "required": ["n"]}))
        state = state_of(plan, stand("a", "running"))

        changed = transitions.complete_attempt(plan, state, "a", text='{"m": 1}', now=NOW)

        step = changed.state.steps["a"]
        assert (step.status, step.text, step.data) == (StepStatus.FAILED, '{"m": 1}', None)
        assert step.reason is not None
        assert step.reason.code == "bad_output"
        assert "required" in step.reason.params["message"]

    def test_an_answer_that_cannot_be_stored_is_cleaned_and_flagged(self) -> None:
        changed = transitions.complete_attempt(
            PLAN, state_with("running"), "a", text="a\x00b\ud800c", now=NOW
        )

        assert changed.state.steps["a"].text == "a�b�c"
        assert changed.outcome.cleaned

    def test_a_failed_attempt_is_followed_by_another_after_an_exact_wait(self) -> None:
        changed = transitions.fail_attempt(PLAN, state_with("running"), "a", code="timeout", now=NOW)

        step = changed.state.steps["a"]
        assert step.status is StepStatus.RETRYING
        assert step.retry_at == changed.outcome.retry_at == NOW + dt.timedelta(seconds=5)
        assert step.reason == Reason(code="timeout")

    def test_the_last_attempt_fails_the_step_with_its_code_and_params(self) -> None:
        changed = transitions.fail_attempt(
            PLAN, state_with("running", attempts=3), "a", code="timeout", now=NOW, params={"after_s": 3600}
        )

        assert changed.state.steps["a"].status is StepStatus.FAILED
        assert changed.state.steps["a"].reason == Reason(code="timeout", params={"after_s": 3600})
        assert changed.outcome == Outcome(kind="failed", code="timeout")

    def test_abandoned_starts_use_no_part_of_the_policy(self) -> None:
        state = state_with("running", attempts=4, abandoned=2)

        changed = transitions.fail_attempt(PLAN, state, "a", code="timeout", now=NOW)

        assert changed.outcome.kind == "retrying"
        assert changed.outcome.retry_at == NOW + dt.timedelta(seconds=10)

    @pytest.mark.parametrize("status", ["starting", "start_uncertain"])
    def test_an_abandoned_start_makes_the_step_ready_again(self, status: str) -> None:
        state = transitions.abandon_start(state_with(status), "a", now=NOW)

        step = state.steps["a"]
        assert (step.status, step.attempts, step.abandoned) == (StepStatus.READY, 1, 1)
        assert step.reason is not None
        assert step.reason.code == "start_abandoned"

        assert step.retry_at is None

    @pytest.mark.parametrize(("before", "wait_s"), [(1, 10), (2, 20), (3, 40), (6, 300), (5000, 300)])
    def test_each_further_start_that_made_no_run_is_waited_for_longer(self, before: int, wait_s: int) -> None:
        was = state_with("start_uncertain", attempts=before + 1, abandoned=before)
        wait = dt.timedelta(seconds=wait_s)

        state = transitions.abandon_start(was, "a", now=NOW)

        step = state.steps["a"]
        assert step.retry_at == NOW + wait
        assert step.reason is not None
        assert step.reason.params == {"attempt": before + 1, "abandoned": before + 1}
        plan = make_plan(make_step("a"))
        state = replace(state, steps={"a": step})
        assert decide(plan, state, NOW + wait - dt.timedelta(seconds=1)) == ()
        assert find_next_moment(state) == NOW + wait
        started = decide(plan, state, NOW + wait)
        assert [type(one) for one in started] == [StartStep]

    def test_a_start_that_is_put_back_waits_with_the_same_number(self) -> None:
        reason = Reason(code="service_throttled", params={"limit": 2})

        state = transitions.put_back(state_with("starting", attempts=3, abandoned=1), "a", reason)

        step = state.steps["a"]
        assert (step.status, step.reason, step.attempts, step.abandoned) == (StepStatus.READY, reason, 2, 1)
        again = transitions.apply_decision(PLAN, state, StartStep(step_id="a", attempt=3), now=NOW)
        assert again.steps["a"].attempts == 3

    @pytest.mark.parametrize("status", ["start_uncertain", "running", "ready", "completed"])
    def test_only_a_start_that_surely_made_no_run_is_put_back(self, status: str) -> None:
        with pytest.raises(transitions.IllegalTransition):
            transitions.put_back(state_with(status), "a", Reason(code="service_throttled"))

    def test_a_new_attempt_forgets_the_text_of_the_last(self) -> None:
        state = state_with("retrying", text="kept", retry_at=NOW)

        state = transitions.apply_decision(PLAN, state, StartStep(step_id="a", attempt=2), now=NOW)

        step = state.steps["a"]
        assert (step.status, step.attempts, step.text, step.retry_at) == (StepStatus.STARTING, 2, None, None)

    def test_the_state_before_is_left_as_it_was(self) -> None:
        before = state_with("running")
        copy = dict(before.steps)

        transitions.fail_attempt(PLAN, before, "a", code="timeout", now=NOW)

        assert dict(before.steps) == copy


@pytest.mark.parametrize(
    ("used", "wait"), [(1, 5.0), (2, 10.0), (3, 20.0), (7, 300.0), (8, 300.0), (9, 300.0), (10, None)]
)
def test_waits_double_up_to_the_longest(used: int, wait: float | None) -> None:
    assert find_interval_s(RetryPolicy(max_attempts=10), attempts_used=used, code="timeout") == wait


@pytest.mark.parametrize("code", ["denied", "rejected", "payment_required", "crashed", "bad_response"])
def test_a_code_outside_the_policy_is_never_retried(code: str) -> None:
    assert find_interval_s(THREE, attempts_used=1, code=code) is None


def test_a_wait_too_large_for_a_number_is_the_longest() -> None:
    policy = RetryPolicy(max_attempts=10, backoff_coefficient=1e300)

    assert find_interval_s(policy, attempts_used=9, code="timeout") == 300.0


class TestRefusals:
    @pytest.mark.parametrize("status", IDLE)
    def test_facts_about_an_attempt_are_refused_when_none_is_under_way(self, status: str) -> None:
        state = state_with(status)

        with pytest.raises(IllegalTransition, match=status):
            transitions.complete_attempt(PLAN, state, "a", text="late", now=NOW)
        with pytest.raises(IllegalTransition, match=status):
            transitions.fail_attempt(PLAN, state, "a", code="timeout", now=NOW)
        with pytest.raises(IllegalTransition, match=status):
            transitions.abandon_start(state, "a", now=NOW)
        with pytest.raises(IllegalTransition, match=status):
            transitions.mark(state, "a", StepStatus.RUNNING)

    @pytest.mark.parametrize("status", ["completed", "failed", "skipped", "cancelled"])
    def test_no_decision_leaves_a_terminal_status(self, status: str) -> None:
        decisions = [
            StartStep(step_id="a", attempt=2),
            HoldStep(step_id="a", reason=REASON),
            SkipStep(step_id="a", reason=REASON),
            StopStep(step_id="a", reason=REASON),
        ]

        for decision in decisions:
            with pytest.raises(IllegalTransition):
                transitions.apply_decision(PLAN, state_with(status), decision, now=NOW)

    @pytest.mark.parametrize("status", ["completed", "partial", "failed", "cancelled"])
    def test_nothing_is_done_to_an_execution_that_is_over(self, status: str) -> None:
        over = state_of(PLAN, stand("a", "running"), status=ExecutionStatus(status))

        with pytest.raises(IllegalTransition):
            transitions.apply_decision(PLAN, over, StartStep(step_id="b", attempt=1), now=NOW)
        with pytest.raises(IllegalTransition):
            transitions.complete_attempt(PLAN, over, "a", text="late", now=NOW)

    @pytest.mark.parametrize(
        "decision",
        [
            StartStep(step_id="a", attempt=2),
            StartStep(step_id="b", attempt=2),
            StartStep(step_id="nobody", attempt=1),
            SkipStep(step_id="a", reason=REASON),
            StopStep(step_id="b", reason=REASON),
            FinishExecution(status=ExecutionStatus.COMPLETED, code=None, answer={}, answer_text=""),
        ],
        ids=repr,
    )
    def test_a_decision_that_does_not_fit_the_state_is_refused(self, decision: Any) -> None:
        with pytest.raises(IllegalTransition):
            transitions.apply_decision(PLAN, state_with("running"), decision, now=NOW)

    def test_an_end_is_refused_when_the_execution_was_ended_already(self) -> None:
        state = state_of(PLAN, ended_by="deadline")

        with pytest.raises(IllegalTransition):
            transitions.apply_decision(PLAN, state, EndEarly(code="step_failed"), now=NOW)

    def test_a_start_is_refused_when_the_execution_was_ended(self) -> None:
        with pytest.raises(IllegalTransition):
            transitions.apply_decision(
                PLAN, state_of(PLAN, ended_by="deadline"), StartStep(step_id="a", attempt=1), now=NOW
            )

    @pytest.mark.parametrize(
        ("held", "wanted", "legal"),
        [
            ("starting", "running", True),
            ("starting", "start_uncertain", True),
            ("start_uncertain", "starting", True),
            ("start_uncertain", "running", True),
            ("running", "waiting_input", True),
            ("waiting_input", "running", True),
            ("running", "starting", False),
            ("running", "start_uncertain", False),
            ("running", "completed", False),
            ("waiting_input", "starting", False),
            ("starting", "pending", False),
        ],
    )
    def test_marks_follow_an_attempt_forward_only(self, held: str, wanted: str, legal: bool) -> None:
        state = state_with(held)
        if not legal:
            with pytest.raises(IllegalTransition):
                transitions.mark(state, "a", StepStatus(wanted))
            return

        marked = transitions.mark(state, "a", StepStatus(wanted), REASON)

        assert (marked.steps["a"].status, marked.steps["a"].reason) == (StepStatus(wanted), REASON)
