"""Slots, holds, pauses and the ways an execution ends early. Joins and conditions have their own files."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from executions.engine.decide import decide, find_next_moment
from executions.engine.decisions import (
    Decision,
    EndEarly,
    FinishExecution,
    HoldStep,
    SkipStep,
    StartStep,
    StopStep,
)
from executions.engine.judging import list_awaited
from executions.engine.state import ExecutionState, ExecutionStatus, Reason, StepStatus
from executions.engine.transitions import apply_decision
from teams.workflow.plan import Plan
from tests.unit.engine.clockwork import NOW
from tests.unit.engine.plans import compare, make_chain, make_plan, make_step, stand, state_of


def short(decisions: tuple[Decision, ...]) -> list[tuple[Any, ...]]:
    """Return decisions as tuples that are quick to read."""
    said: list[tuple[Any, ...]] = []
    for one in decisions:
        match one:
            case StartStep(step_id=step_id, attempt=attempt):
                said.append(("start", step_id, attempt))
            case HoldStep(step_id=step_id, reason=reason):
                said.append(("hold", step_id, reason.code))
            case SkipStep(step_id=step_id, reason=reason):
                said.append(("skip", step_id, reason.code))
            case StopStep(step_id=step_id, reason=reason):
                said.append(("stop", step_id, reason.code))
            case EndEarly(code=code):
                said.append(("end", code))
            case FinishExecution(status=status, code=code):
                said.append(("finish", status.value, code))
    return said


def obey(plan: Plan, state: ExecutionState, now: dt.datetime = NOW) -> ExecutionState:
    for decision in decide(plan, state, now):
        state = apply_decision(plan, state, decision, now=now)
    return state


def test_everything_without_dependencies_starts_in_document_order() -> None:
    plan = make_plan(make_step("b"), make_step("a"), make_step("c", "b"))

    assert short(decide(plan, state_of(plan), NOW)) == [("start", "b", 1), ("start", "a", 1)]


def test_decide_is_silent_when_its_decisions_are_applied() -> None:
    plan = make_plan(make_step("a"), make_step("b"), max_parallel=1)

    assert decide(plan, obey(plan, state_of(plan)), NOW) == ()


def test_skips_cascade_in_one_call_and_end_the_execution() -> None:
    plan = make_plan(make_step("a"), make_step("b", "a"), make_step("c", "b"))

    decisions = decide(plan, state_of(plan, stand("a", "failed")), NOW)

    assert short(decisions) == [
        ("skip", "b", "upstream_failed"),
        ("skip", "c", "upstream_failed"),
        ("finish", "failed", "no_output"),
    ]


def test_skips_cascade_backwards_in_the_document_too() -> None:
    plan = make_plan(make_step("c", "b"), make_step("b", "a"), make_step("a"))

    decisions = decide(plan, state_of(plan, stand("a", "failed")), NOW)

    assert short(decisions)[:2] == [("skip", "b", "upstream_failed"), ("skip", "c", "upstream_failed")]


class TestSlots:
    plan = make_plan(make_step("a"), make_step("b"), make_step("c"), max_parallel=2)

    def test_steps_beyond_the_limit_are_held_with_the_reason(self) -> None:
        decisions = decide(self.plan, state_of(self.plan), NOW)

        assert short(decisions) == [("start", "a", 1), ("start", "b", 1), ("hold", "c", "max_parallel")]
        assert decisions[2].reason.params == {"limit": 2}

    @pytest.mark.parametrize("status", ["starting", "start_uncertain", "running", "waiting_input"])
    def test_a_step_with_an_attempt_under_way_holds_a_slot(self, status: str) -> None:
        held = replace(stand("a", "running"), status=StepStatus(status))

        decisions = decide(self.plan, state_of(self.plan, held, stand("b", "running")), NOW)

        assert short(decisions) == [("hold", "c", "max_parallel")]

    def test_a_retrying_step_gives_its_slot_up(self) -> None:
        waits = stand("a", "retrying", retry_at=NOW + dt.timedelta(seconds=5))

        decisions = decide(self.plan, state_of(self.plan, waits, stand("b", "running")), NOW)

        assert short(decisions) == [("start", "c", 1)]

    def test_a_due_retry_without_a_slot_is_held_and_starts_before_later_steps(self) -> None:
        due = stand("a", "retrying", retry_at=NOW)
        full = state_of(self.plan, due, stand("b", "running"), stand("c", "running"))

        held = obey(self.plan, full)
        freed = replace(held, steps={**held.steps, "b": stand("b", "completed")})

        assert held.steps["a"].status is StepStatus.READY
        assert short(decide(self.plan, freed, NOW)) == [("start", "a", 2)]

    def test_a_waiting_step_is_not_judged_again_when_what_it_saw_has_changed(self) -> None:
        plan = make_plan(
            make_step("a"),
            make_step("b", conditions=(compare("context", "exists", at="go"),)),
            max_parallel=1,
        )
        waiting = obey(plan, state_of(plan, context={"go": 1}))
        changed = replace(waiting, context={}, steps={**waiting.steps, "a": stand("a", "completed")})

        assert short(decide(plan, changed, NOW)) == [("start", "b", 1)]

    def test_a_step_that_the_caller_cannot_start_is_held_with_the_callers_reason(self) -> None:
        held = {"a": Reason(code="connection_limit", params={"limit": 1})}

        decisions = decide(self.plan, state_of(self.plan), NOW, held=held)

        assert short(decisions) == [("hold", "a", "connection_limit"), ("start", "b", 1), ("start", "c", 1)]


class TestRetries:
    plan = make_plan(make_step("a"))

    def test_a_retrying_step_waits_when_its_time_has_not_come(self) -> None:
        waits = stand("a", "retrying", retry_at=NOW + dt.timedelta(seconds=1))

        assert decide(self.plan, state_of(self.plan, waits), NOW) == ()

    def test_a_retrying_step_starts_again_when_its_time_has_come(self) -> None:
        due = stand("a", "retrying", retry_at=NOW)

        assert short(decide(self.plan, state_of(self.plan, due), NOW)) == [("start", "a", 2)]

    def test_the_next_moment_is_the_earliest_retry_or_the_deadline(self) -> None:
        at = NOW + dt.timedelta(seconds=3)

        assert find_next_moment(state_of(self.plan, stand("a", "retrying", retry_at=at))) == at
        assert find_next_moment(state_of(self.plan)) == NOW + dt.timedelta(days=1)
        assert find_next_moment(state_of(self.plan, status=ExecutionStatus.FAILED)) is None


class TestPause:
    plan = make_plan(make_step("a"), make_step("b", "a"))

    def test_nothing_starts_while_paused_but_judging_goes_on(self) -> None:
        plan = make_plan(make_step("a"), make_step("b", "a"), make_step("c"))

        decisions = decide(plan, state_of(plan, stand("a", "failed"), paused=True), NOW)

        assert short(decisions) == [("skip", "b", "upstream_failed"), ("hold", "c", "paused")]

    def test_held_steps_start_when_the_pause_is_over(self) -> None:
        held = obey(self.plan, state_of(self.plan, paused=True))

        assert decide(self.plan, held, NOW) == ()
        assert short(decide(self.plan, replace(held, paused=False), NOW)) == [("start", "a", 1)]

    def test_a_due_retry_is_held_while_paused(self) -> None:
        due = stand("a", "retrying", retry_at=NOW)

        assert short(decide(self.plan, state_of(self.plan, due, paused=True), NOW)) == [
            ("hold", "a", "paused")
        ]

    def test_a_paused_execution_whose_last_step_completed_finishes(self) -> None:
        state = state_of(self.plan, stand("a", "completed"), stand("b", "completed"), paused=True)

        assert short(decide(self.plan, state, NOW)) == [("finish", "completed", None)]


class TestEarlyEnds:
    plan = make_plan(
        make_step("broken", on_error="fail"),
        make_step("runs"),
        make_step("waits"),
        make_step("held"),
        make_step("again"),
        make_step("later", "runs"),
        make_step("done"),
    )

    def state(self, **changes: Any) -> ExecutionState:
        return state_of(
            self.plan,
            stand("broken", "failed"),
            stand("runs", "running"),
            stand("waits", "retrying", retry_at=NOW + dt.timedelta(hours=1)),
            stand("held", "ready"),
            stand("again", "ready", attempts=1),
            stand("done", "completed"),
            **changes,
        )

    def closed(self, code: str) -> list[tuple[Any, ...]]:
        return [
            ("stop", "runs", code),
            ("stop", "waits", code),
            ("skip", "held", code),
            ("stop", "again", code),
            ("skip", "later", code),
        ]

    def test_a_failed_step_with_on_error_fail_ends_everything_at_once(self) -> None:
        decisions = decide(self.plan, self.state(), NOW)

        assert short(decisions) == [
            ("end", "step_failed"),
            *self.closed("execution_failed"),
            ("finish", "failed", "step_failed"),
        ]
        assert decisions[0].params == {"step": "broken", "reason": "agent_failed"}

    def test_a_cancel_wins_over_a_failure(self) -> None:
        decisions = decide(self.plan, self.state(cancel_requested=True), NOW)

        assert short(decisions) == [*self.closed("execution_cancelled"), ("finish", "cancelled", None)]

    def test_a_cancel_wins_when_everything_completed_already(self) -> None:
        plan = make_plan(make_step("a"))

        decisions = decide(plan, state_of(plan, stand("a", "completed"), cancel_requested=True), NOW)

        assert short(decisions) == [("finish", "cancelled", None)]

    def test_the_deadline_ends_what_is_not_through(self) -> None:
        plan = make_plan(make_step("a"), make_step("b", "a"))

        decisions = decide(plan, state_of(plan, stand("a", "running"), deadline_at=NOW), NOW)

        assert short(decisions) == [
            ("end", "deadline"),
            ("stop", "a", "deadline"),
            ("skip", "b", "deadline"),
            ("finish", "failed", "deadline"),
        ]

    def test_the_deadline_holds_while_paused(self) -> None:
        plan = make_plan(make_step("a"))

        decisions = decide(plan, state_of(plan, deadline_at=NOW, paused=True), NOW)

        assert short(decisions)[0] == ("end", "deadline")

    def test_the_deadline_is_no_matter_when_every_step_is_through(self) -> None:
        plan = make_plan(make_step("a"), make_step("b", conditions=(compare("context", "exists", at="no"),)))

        decisions = decide(plan, state_of(plan, stand("a", "completed"), deadline_at=NOW), NOW)

        assert short(decisions) == [("skip", "b", "condition_false"), ("finish", "completed", None)]

    def test_an_execution_out_of_budget_drains(self) -> None:
        plan = make_plan(make_step("a"), make_step("b"), make_step("c", "a"))
        state = state_of(
            plan, stand("a", "running"), stand("b", "retrying", retry_at=NOW), ended_by="budget_exceeded"
        )

        drained = obey(plan, state)
        over = replace(drained, steps={**drained.steps, "a": stand("a", "completed")})

        assert short(decide(plan, state, NOW)) == [
            ("stop", "b", "budget_exceeded"),
            ("skip", "c", "budget_exceeded"),
        ]
        assert decide(plan, drained, NOW) == ()
        assert short(decide(plan, over, NOW)) == [("finish", "failed", "budget_exceeded")]

    def test_a_draining_execution_is_ended_by_its_deadline(self) -> None:
        plan = make_plan(make_step("a"))
        state = state_of(plan, stand("a", "running"), ended_by="budget_exceeded", deadline_at=NOW)

        assert short(decide(plan, state, NOW)) == [
            ("end", "deadline"),
            ("stop", "a", "deadline"),
            ("finish", "failed", "deadline"),
        ]

    def test_a_draining_execution_is_ended_by_a_failure(self) -> None:
        plan = make_plan(make_step("a", on_error="fail"), make_step("b"))
        state = state_of(plan, stand("a", "failed"), stand("b", "running"), ended_by="budget_exceeded")

        assert short(decide(plan, state, NOW))[0] == ("end", "step_failed")

    @pytest.mark.parametrize("status", ["completed", "partial", "failed", "cancelled", "quarantined"])
    def test_nothing_is_decided_for_an_execution_that_is_over_or_in_quarantine(self, status: str) -> None:
        assert decide(self.plan, self.state(status=ExecutionStatus(status)), NOW) == ()

    def test_an_execution_in_quarantine_can_be_cancelled(self) -> None:
        state = self.state(status=ExecutionStatus.QUARANTINED, cancel_requested=True)

        assert short(decide(self.plan, state, NOW))[-1] == ("finish", "cancelled", None)


class TestChains:
    plan = make_chain(
        make_step("a", join=None), make_step("b", "a", join=None), make_step("c", "b", join=None)
    )

    @pytest.mark.parametrize("earlier", ["failed", "condition_false", "completed"])
    def test_a_chain_goes_on_past_a_step_without_a_result(self, earlier: str) -> None:
        state = state_of(self.plan, stand("a", "completed"), stand("b", earlier))

        assert short(decide(self.plan, state, NOW)) == [("start", "c", 1)]

    def test_a_chain_waits_for_the_step_before(self) -> None:
        assert decide(self.plan, state_of(self.plan, stand("a", "running")), NOW) == ()


class TestConditions:
    def test_the_record_says_what_was_seen_when_a_step_is_skipped(self) -> None:
        condition = compare("data", "equals", "technical", step="k", at="category")
        plan = make_plan(make_step("k"), make_step("a", "k", conditions=(condition,), condition_steps=("k",)))
        state = state_of(plan, stand("k", "completed", data={"category": "billing"}))

        skip = decide(plan, state, NOW)[0]

        assert isinstance(skip, SkipStep)
        assert not skip.undecidable
        assert skip.reason.params == {
            "field": "data.k.category",
            "operator": "equals",
            "value": "technical",
            "seen": "billing",
            "undecidable": False,
        }
        assert skip.conditions[0]["verdict"] is False

    def test_the_skip_is_marked_when_a_condition_cannot_be_decided(self) -> None:
        condition = compare("data", "equals", "technical", step="k", at="category")
        plan = make_plan(make_step("k"), make_step("a", "k", conditions=(condition,), condition_steps=("k",)))

        decisions = decide(plan, state_of(plan, stand("k", "completed")), NOW)

        assert short(decisions) == [
            ("skip", "a", "condition_false"),
            ("finish", "failed", "condition_undecidable"),
        ]
        assert decisions[0].undecidable
        assert decisions[0].reason.params["missing"] is True

    def test_a_step_waits_for_the_steps_of_its_conditions_when_any_success_is_decided(self) -> None:
        condition = compare("status", "equals", "failed", step="slow")
        end = make_step(
            "end", "quick", "slow", join="any_success", conditions=(condition,), condition_steps=("slow",)
        )
        plan = make_plan(make_step("quick"), make_step("slow"), end)

        early = state_of(plan, stand("quick", "completed"), stand("slow", "running"))
        late = state_of(plan, stand("quick", "completed"), stand("slow", "failed"))

        assert decide(plan, early, NOW) == ()
        assert short(decide(plan, late, NOW)) == [("start", "end", 1)]

    def test_the_join_is_given_first_when_neither_holds(self) -> None:
        condition = compare("status", "equals", "completed", step="k")
        plan = make_plan(make_step("k"), make_step("a", "k", conditions=(condition,), condition_steps=("k",)))

        decisions = decide(plan, state_of(plan, stand("k", "failed")), NOW)

        assert short(decisions)[0] == ("skip", "a", "upstream_failed")

    def test_the_record_comes_with_the_start_when_the_conditions_hold(self) -> None:
        plan = make_plan(make_step("a", conditions=(compare("initial_prompt", "contains", "do"),)))

        start = decide(plan, state_of(plan), NOW)[0]

        assert isinstance(start, StartStep)
        assert start.conditions[0]["seen"] == "What should we do?"


def test_a_pending_step_can_say_whom_it_waits_for() -> None:
    other = make_step("other", "k", else_group=("a",))
    plan = make_plan(make_step("k"), make_step("a", "k"), other)

    assert list_awaited(state_of(plan, stand("k", "running")), other) == ("k", "a")
    assert list_awaited(state_of(plan, stand("k", "completed")), other) == ("a",)
