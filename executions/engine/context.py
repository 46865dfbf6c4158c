"""The shared context as one mapping: what people and steps wrote, and the steps' own results.

How it is stored and versioned is the business of `executions.context`.
"""

from executions.engine.state import ExecutionState, StepState, StepStatus
from teams.workflow.plan import Json, Plan


def result_key(step_id: str) -> str:
    """Return the context key under which a step's result stands."""
    return f"agent_{step_id}_result"


def result_value(step: StepState) -> Json:
    """Return what a completed step puts into the context: its data if that is an object, else its text.

    An agent that submitted an array and said nothing has no text: then the array stands there.
    """
    if isinstance(step.data, dict) or step.text is None:
        return step.data
    return step.text


def context_of(plan: Plan, state: ExecutionState) -> dict[str, Json]:
    """Return the whole shared context. A step's own result wins over a key written under its name."""
    context = dict(state.context)
    for step in plan.steps:
        stands = state.steps[step.id]
        if stands.status is StepStatus.COMPLETED:
            context[result_key(step.id)] = result_value(stands)
    return context
