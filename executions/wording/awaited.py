"""Which steps each pending step waits for: what the engine says, asked with nothing but statuses."""

import datetime as dt
from collections.abc import Mapping

from executions.engine.judging import list_awaited
from executions.engine.state import ExecutionState, StepState, StepStatus
from teams.workflow.plan import Plan

_ANY_TIME = dt.datetime.max.replace(tzinfo=dt.UTC)


def awaited_by_step(plan: Plan, statuses: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return the ids that each pending step waits for, in the plan's order.

    `statuses` holds the status of every step of the plan by id. Steps that are not pending are left out.
    """
    steps = {
        step_id: StepState(step_id=step_id, status=StepStatus(status)) for step_id, status in statuses.items()
    }
    # Prompt and deadline play no part in what a step waits for.
    state = ExecutionState(initial_prompt="", steps=steps, deadline_at=_ANY_TIME)
    return {
        step.id: list_awaited(state, step)
        for step in plan.steps
        if steps[step.id].status is StepStatus.PENDING
    }
