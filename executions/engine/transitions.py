"""What a decision or a fact does to the state: the only functions that make one state out of another.

Each refuses aloud what is not legal; a terminal status is never left. What should happen is `decide`'s
question; storing it is the orchestrator's.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from executions.engine.decisions import (
    Decision,
    EndEarly,
    FinishExecution,
    HoldStep,
    SkipStep,
    StartStep,
    StopStep,
)
from executions.engine.output_schema import find_violation
from executions.engine.results import clean_text, read_result
from executions.engine.retry import find_interval_s, find_wait_s
from executions.engine.state import (
    EXECUTION_TERMINAL,
    STEP_ACTIVE,
    ExecutionState,
    Reason,
    StepState,
    StepStatus,
)
from teams.workflow.plan import Json, Plan

_STARTABLE = frozenset({StepStatus.PENDING, StepStatus.READY, StepStatus.RETRYING})
_MARKS: Mapping[StepStatus, frozenset[StepStatus]] = {
    StepStatus.STARTING: frozenset(
        {StepStatus.STARTING, StepStatus.START_UNCERTAIN, StepStatus.RUNNING, StepStatus.WAITING_INPUT}
    ),
    StepStatus.START_UNCERTAIN: frozenset(
        {StepStatus.STARTING, StepStatus.START_UNCERTAIN, StepStatus.RUNNING, StepStatus.WAITING_INPUT}
    ),
    StepStatus.RUNNING: frozenset({StepStatus.RUNNING, StepStatus.WAITING_INPUT}),
    StepStatus.WAITING_INPUT: frozenset({StepStatus.RUNNING, StepStatus.WAITING_INPUT}),
}


class IllegalTransition(Exception):
    """The state does not allow this; whoever asked for it works with an old state or is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a step whose attempt ended.

    `code` says why the attempt failed and is None where the step completed. `retry_at` is set where another
    attempt follows. `cleaned` is true where the answer held characters that cannot be stored.
    """

    kind: Literal["completed", "retrying", "failed"]
    code: str | None = None
    retry_at: dt.datetime | None = None
    cleaned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """The state after a fact, and what the fact meant for its step."""

    state: ExecutionState
    outcome: Outcome


def apply_decision(
    plan: Plan, state: ExecutionState, decision: Decision, *, now: dt.datetime
) -> ExecutionState:
    """Return the state in which the decision has been taken. Raises IllegalTransition."""
    if state.status in EXECUTION_TERMINAL:
        raise IllegalTransition(f"the execution is {state.status}: it is over")
    match decision:
        case StartStep():
            return _start(state, decision)
        case HoldStep(step_id=step_id, reason=reason):
            step = _expect(state, step_id, _STARTABLE, doing="hold")
            return _put(state, replace(step, status=StepStatus.READY, reason=reason, retry_at=None))
        case SkipStep(step_id=step_id, reason=reason, undecidable=undecidable):
            step = _expect(state, step_id, {StepStatus.PENDING, StepStatus.READY}, doing="skip")
            if step.attempts > 0:
                raise IllegalTransition(f"skip {step_id}: it has begun already")
            skipped = replace(step, status=StepStatus.SKIPPED, reason=reason, undecidable=undecidable)
            return _put(state, skipped)
        case StopStep(step_id=step_id, reason=reason):
            stoppable = STEP_ACTIVE | {StepStatus.READY, StepStatus.RETRYING}
            step = _expect(state, step_id, stoppable, doing="stop")
            if step.attempts == 0:
                raise IllegalTransition(f"stop {step_id}: it has not begun")
            cancelled = replace(
                step, status=StepStatus.CANCELLED, reason=reason, retry_at=None, input_until=None
            )
            return _put(state, cancelled)
        case EndEarly(code=code):
            if state.ended_by not in (None, "budget_exceeded") or state.ended_by == code:
                raise IllegalTransition(f"end for {code}: the execution was ended by {state.ended_by}")
            return replace(state, ended_by=code)
        case FinishExecution(status=status):
            unfinished = [step.id for step in plan.steps if not state.steps[step.id].is_final]
            if unfinished or status not in EXECUTION_TERMINAL:
                raise IllegalTransition(f"finish as {status}: not final are {unfinished}")
            return replace(state, status=status)


def mark(
    state: ExecutionState, step_id: str, status: StepStatus, reason: Reason | None = None
) -> ExecutionState:
    """Return the state in which an attempt under way stands as `status` (running, start_uncertain, ...)."""
    step = _expect(state, step_id, STEP_ACTIVE, doing=f"mark as {status}")
    if status not in _MARKS[step.status]:
        raise IllegalTransition(f"mark {step_id} as {status}: it is {step.status}")
    return _put(state, replace(step, status=status, reason=reason))


def wait_for_input(state: ExecutionState, step_id: str, *, until: dt.datetime) -> ExecutionState:
    """Return the state in which the step waits for a person's answer, who has time `until` then."""
    step = _expect(state, step_id, STEP_ACTIVE, doing="wait for input of")
    reason = Reason(code="question_open", params={"until": until.isoformat()})
    return _put(state, replace(step, status=StepStatus.WAITING_INPUT, reason=reason, input_until=until))


def take_input(state: ExecutionState, step_id: str, *, from_person: bool) -> ExecutionState:
    """Take in the answer to the question with which a run ended: the attempt goes on with a further run.

    That run is started like any other, so that the step is ready first and waits like others.
    """
    step = _expect(state, step_id, STEP_ACTIVE, doing="take input for")
    reason = Reason(code="question_answered", params={"from_person": from_person})
    ready = replace(
        step, status=StepStatus.READY, reason=reason, turn=step.turn + 1, input_until=None, retry_at=None
    )
    return _put(state, ready)


def find_next_attempt(step: StepState) -> int:
    """Return the number of the attempt to which the step's next start belongs."""
    return step.attempts if step.turn > 1 else step.attempts + 1


def complete_attempt(
    plan: Plan,
    state: ExecutionState,
    step_id: str,
    *,
    text: str | None,
    structured: Json = None,
    now: dt.datetime,
) -> Transition:
    """Take in an answer: the step completes, or its attempt fails as `empty_result` or `bad_output`."""
    step = _expect(state, step_id, STEP_ACTIVE, doing="complete")
    cleaned = text is not None and clean_text(text)[1]
    answer, data = read_result(text, structured)
    if answer is None and data is None:
        return _fail(plan, state, step, code="empty_result", params=None, text=None, now=now, cleaned=cleaned)
    schema = plan.step(step_id).output_schema
    violation = None if schema is None else find_violation(schema, data)
    if violation is not None:
        params = {"pointer": violation.pointer, "message": violation.message}
        return _fail(
            plan, state, step, code="bad_output", params=params, text=answer, now=now, cleaned=cleaned
        )
    done = replace(step, status=StepStatus.COMPLETED, reason=None, text=answer, data=data)
    return Transition(state=_put(state, done), outcome=Outcome(kind="completed", cleaned=cleaned))


def fail_attempt(
    plan: Plan,
    state: ExecutionState,
    step_id: str,
    *,
    code: str,
    now: dt.datetime,
    params: Mapping[str, Json] | None = None,
    text: str | None = None,
    again: bool = True,
) -> Transition:
    """Take in a failure: the step retries, or it is failed with the code, as its retry policy says.

    Without `again` it is failed, whatever its policy says.
    """
    step = _expect(state, step_id, STEP_ACTIVE, doing="fail")
    kept, cleaned = (None, False) if text is None else clean_text(text)
    return _fail(
        plan, state, step, code=code, params=params, text=kept, now=now, cleaned=cleaned, again=again
    )


def abandon_start(state: ExecutionState, step_id: str, *, now: dt.datetime) -> ExecutionState:
    """Take in that an attempt never made a run: the step may start again, on no part of its retry policy.

    The first time at once; each further time after a longer wait.
    """
    starting = {StepStatus.STARTING, StepStatus.START_UNCERTAIN}
    step = _expect(state, step_id, starting, doing="abandon the start of")
    abandoned = step.abandoned + 1
    reason = Reason(code="start_abandoned", params={"attempt": step.attempts, "abandoned": abandoned})
    wait_s = find_wait_s(abandoned)
    return _put(
        state,
        replace(
            step,
            status=StepStatus.READY,
            reason=reason,
            abandoned=abandoned,
            turn=1,
            retry_at=now + dt.timedelta(seconds=wait_s) if wait_s else None,
        ),
    )


def put_back(state: ExecutionState, step_id: str, reason: Reason) -> ExecutionState:
    """Take in that nothing was started, for sure: the step waits again, for a start with the same number."""
    step = _expect(state, step_id, {StepStatus.STARTING}, doing="put back")
    attempts = step.attempts if step.turn > 1 else step.attempts - 1
    return _put(state, replace(step, status=StepStatus.READY, reason=reason, attempts=attempts))


def _start(state: ExecutionState, decision: StartStep) -> ExecutionState:
    step = _expect(state, decision.step_id, _STARTABLE, doing="start")
    if state.ended_by is not None:
        raise IllegalTransition(f"start {step.step_id}: the execution was ended by {state.ended_by}")
    if decision.attempt != find_next_attempt(step):
        raise IllegalTransition(f"start {step.step_id}: attempt {decision.attempt} after {step.attempts}")
    return _put(
        state,
        replace(
            step,
            status=StepStatus.STARTING,
            reason=None,
            attempts=decision.attempt,
            retry_at=None,
            text=None,
            data=None,
        ),
    )


def _fail(
    plan: Plan,
    state: ExecutionState,
    step: StepState,
    *,
    code: str,
    params: Mapping[str, Json] | None,
    text: str | None,
    now: dt.datetime,
    cleaned: bool,
    again: bool = True,
) -> Transition:
    reason = Reason(code=code, params=dict(params or {}))
    policy = plan.step(step.step_id).retry
    step = replace(step, turn=1, input_until=None)
    interval_s = find_interval_s(policy, attempts_used=step.attempts - step.abandoned, code=code)
    if interval_s is None or not again:
        failed = replace(step, status=StepStatus.FAILED, reason=reason, text=text, data=None)
        return Transition(
            state=_put(state, failed), outcome=Outcome(kind="failed", code=code, cleaned=cleaned)
        )
    retry_at = now + dt.timedelta(seconds=interval_s)
    waits = replace(step, status=StepStatus.RETRYING, reason=reason, retry_at=retry_at, text=text, data=None)
    outcome = Outcome(kind="retrying", code=code, retry_at=retry_at, cleaned=cleaned)
    return Transition(state=_put(state, waits), outcome=outcome)


def _expect(
    state: ExecutionState, step_id: str, legal: frozenset[StepStatus] | set[StepStatus], *, doing: str
) -> StepState:
    if state.status in EXECUTION_TERMINAL:
        raise IllegalTransition(f"{doing} {step_id}: the execution is {state.status}")
    step = state.steps.get(step_id)
    if step is None:
        raise IllegalTransition(f"{doing} {step_id}: there is no such step")
    if step.status not in legal:
        raise IllegalTransition(f"{doing} {step_id}: it is {step.status}")
    return step


def _put(state: ExecutionState, step: StepState) -> ExecutionState:
    return replace(state, steps={**state.steps, step.step_id: step})
