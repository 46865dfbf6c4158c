"""Ends before all steps are through: a failed step, a cancel, the deadline, the budget (language, 7 and 8).

Only stops and skips are decided here. That nothing is left to do, and with what status, is `decide`'s.
"""

import datetime as dt

from executions.engine.decisions import Decision, EndEarly, SkipStep, StopStep
from executions.engine.state import (
    EXECUTION_TERMINAL,
    STEP_ACTIVE,
    ExecutionState,
    Reason,
    StepStatus,
)
from teams.workflow.plan import Plan

_REASONS = {"step_failed": "execution_failed"}


def decide_ending(plan: Plan, state: ExecutionState) -> tuple[Decision, ...]:
    """Return what ends the execution at once, () where nothing does.

    A cancel comes first, then a failed step with on_error `fail`. Whoever takes in several facts one after
    the other asks this after each, because a failure ends the execution before the next fact counts.
    """
    if state.status in EXECUTION_TERMINAL:
        return ()
    if state.cancel_requested:
        return _close(plan, state, reason_code="execution_cancelled")
    if state.ended_by not in (None, "budget_exceeded"):
        return _close(plan, state, reason_code=_reason_of(str(state.ended_by)))
    for step in plan.steps:
        stands = state.steps[step.id]
        if stands.status is StepStatus.FAILED and step.on_error == "fail":
            code = "" if stands.reason is None else stands.reason.code
            ended = EndEarly(code="step_failed", params={"step": step.id, "reason": code})
            return ended, *_close(plan, state, reason_code="execution_failed")
    if state.ended_by is not None:
        # An execution out of budget drains: what it has begun to pay for goes on to its end.
        return _close(plan, state, reason_code=state.ended_by, drain=True)
    return ()


def decide_deadline(plan: Plan, state: ExecutionState, now: dt.datetime) -> tuple[Decision, ...]:
    """Return what a deadline ends, () where it lies ahead or every step is through already."""
    if now < state.deadline_at or all(state.steps[step.id].is_final for step in plan.steps):
        return ()
    ended = EndEarly(code="deadline", params={"deadline_at": state.deadline_at.isoformat()})
    return ended, *_close(plan, state, reason_code="deadline")


def _reason_of(ended_by: str) -> str:
    return _REASONS.get(ended_by, ended_by)


def _close(
    plan: Plan, state: ExecutionState, *, reason_code: str, drain: bool = False
) -> tuple[Decision, ...]:
    """Return the stop or the skip of every step that is not final; with `drain`, active ones are left."""
    reason = Reason(code=reason_code)
    decisions: list[Decision] = []
    for step in plan.steps:
        stands = state.steps[step.id]
        if stands.is_final or (drain and stands.status in STEP_ACTIVE):
            continue
        never_began = stands.status is StepStatus.PENDING or (
            stands.status is StepStatus.READY and stands.attempts == 0
        )
        if never_began:
            decisions.append(SkipStep(step_id=step.id, reason=reason))
        else:
            decisions.append(StopStep(step_id=step.id, reason=reason))
    return tuple(decisions)
