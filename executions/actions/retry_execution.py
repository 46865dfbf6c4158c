"""Retrying an execution from what failed: a new execution in which what is finished stands, at no cost.

The old one is not touched. What stands is the engine's to say (`engine.reuse`); everything else is judged and
run anew, skipped and cancelled steps too.
"""

import msgspec

from executions.actions.accept_execution import Draft, Started, accept_once, check_team_can_run
from executions.actions.execution_rights import (
    RETRYABLE,
    SAME_AGAIN,
    NotOver,
    check_may_repeat,
    lock_to_repeat,
)
from executions.context.rebuild import rebuild_context
from executions.engine.context import result_key, result_value
from executions.engine.reuse import find_reusable
from executions.engine.state import (
    EXECUTION_TERMINAL,
    ExecutionState,
    Reason,
    StepState,
    StepStatus,
)
from executions.models import Execution, ExecutionStep
from executions.orchestrator.changes import ContextWrite
from teams.actions.audit import audited
from teams.actions.refusal import Refusal
from teams.actions.run_warnings import run_warnings_of
from teams.models import User
from teams.workflow.plan import Json, Plan, plan_from_json


class NothingToRetry(Refusal):
    """Nothing of the execution failed, or nothing would come out differently."""

    code = "nothing_to_retry"


@audited("execution_retried", about="execution")
def retry_execution(
    *, execution: Execution, by: User, idempotency_key: str | None = None, as_staff: bool = False
) -> Started:
    """Accept a new execution of the same version, plan and prompt that keeps what this one finished.

    It runs on the team's connection as it is now and has its whole time before it. The same
    `idempotency_key` of the same person makes one execution. Raises NotAllowed for less than an operator,
    NotOver, NothingToRetry, TeamCannotRun, InvalidInput, IdempotencyKeyReused, TooManyQueued. With
    `as_staff`, the right to add executions counts instead of the role.
    """
    check_may_repeat(by, execution, as_staff=as_staff)
    return accept_once(
        by=by,
        idempotency_key=idempotency_key,
        request=("retry", str(execution.pk)),
        draft=lambda: _draft(execution),
        as_staff=as_staff,
    )


def _draft(old: Execution) -> Draft:
    _check_retryable(old)
    connection = check_team_can_run(old.team)
    plan = _read_plan(old)
    steps = {step.step_id: step for step in ExecutionStep.objects.filter(execution=old)}
    written = rebuild_context(old.pk, version=old.context_version)
    others = {key: written[key] for key in written if key not in {result_key(step_id) for step_id in steps}}
    state = _state_of(old, steps, others)
    reusable = find_reusable(plan, state)
    return Draft(
        team=old.team,
        version=old.workflow_version,
        connection=connection,
        plan=plan,
        prompt=old.initial_prompt,
        repeats=old,
        labels=tuple(old.labels),
        kept={step_id: steps[step_id] for step_id in reusable},
        context=_context_of(plan, state, reusable, others),
        warnings=run_warnings_of(old.team, old.workflow_version),
    )


def _check_retryable(old: Execution) -> None:
    # As it stands now, whatever the caller saw: an end is never taken back.
    status, code = lock_to_repeat(old)
    if status not in EXECUTION_TERMINAL:
        raise NotOver("The execution has not ended yet. Only what failed is retried.")
    if status not in RETRYABLE:
        raise NothingToRetry("Nothing of the execution failed. It can be run again as a whole.")
    if code == SAME_AGAIN:
        message = "No step failed, so that the same would come out. It can be run again as a whole."
        raise NothingToRetry(message)


def _read_plan(old: Execution) -> Plan:
    try:
        return plan_from_json(old.plan)
    except msgspec.ValidationError:
        message = "The plan of the execution cannot be read any more. It can be run again as a whole."
        raise NothingToRetry(message) from None


def _state_of(old: Execution, steps: dict[str, ExecutionStep], context: dict[str, Json]) -> ExecutionState:
    return ExecutionState(
        initial_prompt=old.initial_prompt,
        steps={
            row.step_id: StepState(
                step_id=row.step_id,
                status=StepStatus(row.status),
                reason=Reason(code=row.code, params=row.reason_params) if row.code else None,
                undecidable=row.undecidable,
                text=row.result_text,
                data=row.result_data,
            )
            for row in steps.values()
        },
        deadline_at=old.deadline_at,
        context=context,
    )


def _context_of(
    plan: Plan, state: ExecutionState, reusable: frozenset[str], others: dict[str, Json]
) -> list[ContextWrite]:
    """Return what the new shared context begins with: what people wrote, then the results that stand."""
    writes = [ContextWrite(key=key, value=value, author="system") for key, value in others.items()]
    for step in plan.steps:
        if step.id in reusable:
            value = result_value(state.steps[step.id])
            writes.append(ContextWrite(key=result_key(step.id), value=value, author=f"step:{step.id}"))
    return writes
