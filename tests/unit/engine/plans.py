"""Plans by hand, for rules that are easier to read without a definition."""

from collections.abc import Sequence
from typing import Any

from executions.engine.state import ExecutionState, Reason, StepState, StepStatus
from teams.workflow.plan import Comparison, Path, Plan, PlanStep
from tests.unit.engine.clockwork import make_state

ENDS = {
    "completed": (StepStatus.COMPLETED, None),
    "failed": (StepStatus.FAILED, "agent_failed"),
    "cancelled": (StepStatus.CANCELLED, "execution_cancelled"),
    "upstream_failed": (StepStatus.SKIPPED, "upstream_failed"),
    "upstream_skipped": (StepStatus.SKIPPED, "upstream_skipped"),
    "condition_false": (StepStatus.SKIPPED, "condition_false"),
    "pending": (StepStatus.PENDING, None),
    "running": (StepStatus.RUNNING, None),
    "retrying": (StepStatus.RETRYING, "agent_failed"),
    "ready": (StepStatus.READY, "max_parallel"),
}
"""Ways in which a step may stand: its status and the code of its reason."""


def make_step(step_id: str, *depends: str, **fields: Any) -> PlanStep:
    given: dict[str, Any] = {"agent_id": f"agent-{step_id}", "join": "all_success", "on_error": "continue"}
    return PlanStep(id=step_id, depends=depends, **(given | fields))


def make_plan(*steps: PlanStep, output_steps: Sequence[str] | None = None, **fields: Any) -> Plan:
    needed = {name for step in steps for name in step.depends}
    leaves = [step.id for step in steps if step.id not in needed]
    given: dict[str, Any] = {"type": "graph", "chain": False}
    return Plan(
        steps=steps, output_steps=tuple(leaves if output_steps is None else output_steps), **(given | fields)
    )


def make_chain(*steps: PlanStep) -> Plan:
    return make_plan(*steps, output_steps=[steps[-1].id], type="sequential", chain=True)


def stand(step_id: str, how: str, **fields: Any) -> StepState:
    """Return a step that stands as ENDS says."""
    status, code = ENDS[how]
    began = status not in (StepStatus.PENDING, StepStatus.SKIPPED, StepStatus.READY)
    given: dict[str, Any] = {
        "status": status,
        "reason": None if code is None else Reason(code=code),
        "attempts": int(began),
        "text": f"text of {step_id}" if status is StepStatus.COMPLETED else None,
    }
    return StepState(step_id=step_id, **(given | fields))


def state_of(plan: Plan, *stands: StepState, **changes: Any) -> ExecutionState:
    """Return a state in which the steps given stand so, and all others are pending."""
    fresh = make_state(plan, **changes)
    return make_state(plan, steps={**fresh.steps, **{step.step_id: step for step in stands}}, **changes)


def compare(
    root: Any, operator: str, value: Any = None, *, step: str | None = None, at: str = ""
) -> Comparison:
    segments = tuple(at.split(".")) if at else ()
    text = ".".join(part for part in (root, step, at) if part)
    return Comparison(
        path=Path(text=text, root=root, step=step, segments=segments), operator=operator, value=value
    )
