"""Which steps of an execution that ended stand for good when it is retried from what failed.

A step that completed stands if nothing that it was judged by or made from happens anew. A step that was
skipped is judged anew: where it would be skipped again, it is no reason to repeat what follows.
"""

from dataclasses import replace

from executions.engine.decisions import SkipStep
from executions.engine.judging import judge_step
from executions.engine.state import ExecutionState, ExecutionStatus, StepState, StepStatus
from teams.workflow.plan import Plan, PlanStep


def find_reusable(plan: Plan, ended: ExecutionState) -> frozenset[str]:
    """Return the ids of the completed steps whose results may be kept.

    `ended` is the execution as it ended; its context must be the one with which the new execution begins.
    No step is returned before which anything could run again.
    """
    fresh = replace(
        ended,
        status=ExecutionStatus.QUEUED,
        steps={step.id: StepState(step_id=step.id) for step in plan.steps},
        cancel_requested=False,
        paused=False,
        ended_by=None,
    )
    settled: set[str] = set()
    is_news = True
    while is_news:
        is_news = False
        for step in plan.steps:
            if step.id in settled or not settled.issuperset(list_before(step)):
                continue
            stands = _settle(plan, fresh, step, ended.steps[step.id])
            if stands is not None:
                fresh = replace(fresh, steps={**fresh.steps, step.id: stands})
                settled.add(step.id)
                is_news = True
    return frozenset(name for name in settled if fresh.steps[name].status is StepStatus.COMPLETED)


def list_before(step: PlanStep) -> tuple[str, ...]:
    """Return the ids of the steps by which this one is judged or of which its prompt is made."""
    return tuple(dict.fromkeys((*step.depends, *step.condition_steps, *(step.else_group or ()))))


def _settle(plan: Plan, fresh: ExecutionState, step: PlanStep, ended: StepState) -> StepState | None:
    """Return how the step will stand without running; None where it may run."""
    if ended.status is StepStatus.COMPLETED:
        return ended
    if ended.status is not StepStatus.SKIPPED:
        return None
    judged = judge_step(plan, fresh, step)
    if not isinstance(judged, SkipStep):
        return None
    return StepState(
        step_id=step.id,
        status=StepStatus.SKIPPED,
        reason=judged.reason,
        undecidable=judged.undecidable,
    )
