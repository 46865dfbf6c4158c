"""Joins: what a step's dependencies must have done before it starts (language, section 4).

Conditions come after the join and are in `judging`.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from executions.engine.state import ExecutionState, StepState, StepStatus
from teams.workflow.plan import PlanStep

UpstreamCode = Literal["upstream_failed", "upstream_skipped"]


class DependencyState(Enum):
    """What a dependency counts as."""

    OPEN = "open"
    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinVerdict:
    """Not decided yet; or starts; or is skipped for `skipped_as`, because of `because`."""

    decided: bool
    skipped_as: UpstreamCode | None = None
    because: tuple[str, ...] = ()


def dependency_state(step: StepState) -> DependencyState:
    """Return what a step counts as for the joins of those that depend on it."""
    if not step.is_final:
        return DependencyState.OPEN
    if step.status is StepStatus.COMPLETED:
        return DependencyState.COMPLETED
    if step.status is StepStatus.SKIPPED and (step.reason is None or step.reason.code != "upstream_failed"):
        return DependencyState.SKIPPED
    return DependencyState.FAILED


def judge_join(step: PlanStep, state: ExecutionState) -> JoinVerdict:
    """Return the verdict of the step's join. A chain's step has none: it waits and passes all over."""
    seen = {name: dependency_state(state.steps[name]) for name in step.depends}
    counted = list(seen.values())
    is_open = DependencyState.OPEN in counted
    one_completed = DependencyState.COMPLETED in counted
    one_failed = DependencyState.FAILED in counted
    if step.join == "any_success" and one_completed:
        return JoinVerdict(decided=True)
    if is_open:
        return JoinVerdict(decided=False)
    match step.join:
        case None | "all_done":
            starts = True
        case "all_success":
            starts = all(one is DependencyState.COMPLETED for one in counted)
        case "none_failed":
            starts = not one_failed and (one_completed or not counted)
        case "any_success":
            starts = False
    if starts:
        return JoinVerdict(decided=True)
    blamed = DependencyState.FAILED if one_failed else DependencyState.SKIPPED
    return JoinVerdict(
        decided=True,
        skipped_as="upstream_failed" if one_failed else "upstream_skipped",
        because=tuple(name for name, one in seen.items() if one is blamed),
    )
