"""Ending an execution that cannot be carried on, because of its data or of a fault of ours."""

import uuid

from executions.engine.state import (
    AGENT_RUN_TERMINAL,
    STEP_TERMINAL,
    AgentRunStatus,
    ExecutionStatus,
    StepStatus,
)
from executions.models import AgentRun, Execution, ExecutionStep
from executions.orchestrator.changes import Changes, Event
from executions.orchestrator.row_writes import EXECUTION_COLUMNS, RUN_COLUMNS, STEP_COLUMNS

CODE = "internal_error"


def build_break_off(
    execution_id: uuid.UUID, *, status: ExecutionStatus = ExecutionStatus.FAILED, code: str = CODE
) -> Changes:
    """Build the changes that end an execution with this status and code. Made from its rows alone.

    Finished steps keep their results. Runs that were open are abandoned: they may still go on in Suna.
    """
    execution = Execution.objects.get(pk=execution_id)
    columns = {name: getattr(execution, name) for name in EXECUTION_COLUMNS}
    columns |= {"status": status.value, "code": code, "driver_id": None}
    changes = Changes(execution_id=execution_id, execution=columns, totals=True)
    for step in ExecutionStep.objects.filter(execution=execution).exclude(status__in=STEP_TERMINAL):
        values = {name: getattr(step, name) for name in STEP_COLUMNS}
        values |= {"status": StepStatus.CANCELLED.value, "code": code, "reason_params": {}, "retry_at": None}
        changes.steps[step.id] = values | {"input": None}
        changes.closed_questions.add(step.id)
    for run in AgentRun.objects.filter(execution=execution).exclude(status__in=AGENT_RUN_TERMINAL):
        values = {name: getattr(run, name, False) for name in RUN_COLUMNS}
        # Where there never was a run there is no usage to wait for.
        never_sent = run.suna_run_id is None and run.start_requested_at is None
        complete = run.usage_complete or never_sent
        changes.runs[run.id] = values | {
            "status": AgentRunStatus.ABANDONED.value,
            "code": code,
            "usage_complete": complete,
        }
    changes.events.append(Event(kind=f"execution_{status.value}", data={"code": code}))
    return changes
