"""Judging one step: does it wait for others, may it start, or is it skipped (language, section 4).

A step is judged once, here; slots, pauses and limits come afterwards, in `decide`.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from executions.engine.conditions import Judgement, find_culprit, judge
from executions.engine.decisions import SkipStep
from executions.engine.joins import judge_join
from executions.engine.paths import view_of
from executions.engine.state import ExecutionState, Reason, StepStatus
from teams.workflow.plan import Json, Plan, PlanStep


@dataclass(frozen=True, slots=True, kw_only=True)
class Startable:
    """The step may start; `conditions` is the record of what it was judged by."""

    conditions: Json = None


def judge_step(
    plan: Plan, state: ExecutionState, step: PlanStep, *, startable: AbstractSet[str] = frozenset()
) -> Startable | SkipStep | None:
    """Return the judgement on a pending step, None where it is too early for one.

    `startable` names the steps that were judged so in this same round and still stand as pending.
    """
    join = judge_join(step, state)
    if not join.decided or not all(state.steps[name].is_final for name in step.condition_steps):
        return None
    group = step.else_group
    if group is not None and not all(_is_decided(state, name, startable) for name in group):
        return None
    if join.skipped_as is not None:
        return SkipStep(
            step_id=step.id, reason=Reason(code=join.skipped_as, params={"steps": list(join.because)})
        )
    if group is not None:
        return _judge_else(state, step, group, startable)
    if not step.conditions:
        return Startable()
    judgement = judge(step.conditions, view_of(plan, state))
    if judgement.verdict is True:
        return Startable(conditions=judgement.record)
    return _skip_for_conditions(step, judgement)


def list_awaited(state: ExecutionState, step: PlanStep) -> tuple[str, ...]:
    """Return the ids that a pending step waits for, in the plan's order: why it is not running yet."""
    waits = [name for name in step.depends if not state.steps[name].is_final]
    group = step.else_group or ()
    waits += [name for name in group if state.steps[name].status is StepStatus.PENDING and name not in waits]
    return tuple(waits)


def _is_decided(state: ExecutionState, name: str, startable: AbstractSet[str]) -> bool:
    return name in startable or state.steps[name].status is not StepStatus.PENDING


def _skip_for_conditions(step: PlanStep, judgement: Judgement) -> SkipStep:
    undecidable = judgement.verdict is None
    culprit = find_culprit(judgement.record) or {}
    named = ("field", "operator", "value", "seen", "missing")
    params = {key: culprit[key] for key in named if key in culprit}
    return SkipStep(
        step_id=step.id,
        reason=Reason(code="condition_false", params=params | {"undecidable": undecidable}),
        undecidable=undecidable,
        conditions=judgement.record,
    )


def _judge_else(
    state: ExecutionState, step: PlanStep, group: tuple[str, ...], startable: AbstractSet[str]
) -> Startable | SkipStep:
    """Judge a step that closes a group, all of whose members are decided."""
    # A member that was not skipped for good had its conditions hold, whatever became of it since.
    matched = [name for name in group if name in startable or state.steps[name].status != StepStatus.SKIPPED]
    record: Json = [{"else": list(group), "matched": matched, "verdict": not matched}]
    if matched:
        reason = Reason(code="condition_false", params={"else": True, "matched": matched})
        return SkipStep(step_id=step.id, reason=reason, conditions=record)
    if step.join != "all_done":
        codes = {name: _skip_code(state, name) for name in group}
        failed = [name for name, code in codes.items() if code == "upstream_failed"]
        if failed:
            reason = Reason(code="upstream_failed", params={"steps": failed})
            return SkipStep(step_id=step.id, reason=reason, conditions=record)
        if all(code == "upstream_skipped" for code in codes.values()):
            reason = Reason(code="upstream_skipped", params={"steps": list(group)})
            return SkipStep(step_id=step.id, reason=reason, conditions=record)
    return Startable(conditions=record)


def _skip_code(state: ExecutionState, name: str) -> str:
    reason = state.steps[name].reason
    return "" if reason is None else reason.code
