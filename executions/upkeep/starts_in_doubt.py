"""Starts of which a backup cannot know whether they were made: from now on they are starts in doubt.

A run that waited for its start in the backup may have been started since by the database that was lost, in
the same thread. So nobody starts it here unasked: its thread is looked up, what is there is adopted, and only
an empty list after the whole grace makes a new attempt, in a new thread. Where there is no thread to look up,
a person has to say what became of the start.

A question that was open in the backup may have been answered since, too, and its answer sent. It stays open:
the run that its answer makes now is looked up in the same way before anything is sent (`is_from_backup`).
"""

import datetime as dt
import uuid

from django.db.models import Q

from executions.engine.state import EXECUTION_TERMINAL, AgentRunStatus, StepStatus
from executions.models import AgentRun, ExecutionStep
from executions.orchestrator.changes import Changes, Event
from executions.orchestrator.commit import commit_batch
from executions.orchestrator.row_writes import RUN_COLUMNS, STEP_COLUMNS
from executions.orchestrator.unknown_start import START_UNKNOWN

AT_ONCE = 200
NIL = uuid.UUID(int=0)
CODE = "start_uncertain"
MAY_BE_STARTED = (StepStatus.READY, StepStatus.STARTING, StepStatus.START_UNCERTAIN)


def doubt_starts(*, made_at: dt.datetime, by: str) -> int:
    """Put every start that is not known to have made a run in doubt, from now on; return how many.

    `made_at` is the backup's time. May be called again: what is in doubt since then is left alone.
    """
    count, last = 0, NIL
    # Whatever became of the step, a start that was sent may have been sent anew; a parked one may only
    # where its step was still to be started.
    open_starts = Q(status=AgentRunStatus.STARTING) | Q(
        status=AgentRunStatus.CREATED, step__status__in=MAY_BE_STARTED
    )
    asked_before = Q(start_requested_at=None) | Q(start_requested_at__lte=made_at)
    # Where only a start makes a thread, there is none to look up: a person will be asked.
    known = Q(thread_id__isnull=False) | Q(start_requested_at__isnull=False)
    runs = (
        AgentRun.objects.filter(open_starts, asked_before, known, suna_run_id=None)
        .exclude(execution__status__in=EXECUTION_TERMINAL)
        .select_related("step")
        .order_by("id")
    )
    while batch := list(runs.filter(id__gt=last)[:AT_ONCE]):
        # What a person had decided by then may have been obeyed since by the database that was lost.
        AgentRun.objects.filter(pk__in=[run.pk for run in batch]).update(start_decision="")
        for outcome in commit_batch([_doubt(run, by=by) for run in batch]).outcomes:
            if isinstance(outcome, Exception):
                raise outcome
        count, last = count + len(batch), batch[-1].id
    return count


def _doubt(run: AgentRun, *, by: str) -> Changes:
    values = {name: getattr(run, name, False) for name in RUN_COLUMNS}
    values |= {"status": AgentRunStatus.STARTING.value, "start_requested": True}
    data = {"attempt": run.attempt, "thread": run.thread_id, "run": None}
    changes = Changes(
        execution_id=run.execution_id,
        runs={run.id: values},
        events=[
            Event(kind="start_in_doubt", step_id=run.step.step_id, data=data, actor=f"operator:{by}"[:100])
        ],
    )
    if run.step.status in MAY_BE_STARTED:
        changes.steps[run.step.id] = _in_doubt(run.step, run)
    return changes


def _in_doubt(step: ExecutionStep, run: AgentRun) -> dict[str, object]:
    values = {name: getattr(step, name) for name in STEP_COLUMNS}
    # A start that was put back is not counted while it waits; one in doubt is.
    return values | {
        "status": StepStatus.START_UNCERTAIN.value,
        "code": START_UNKNOWN if run.thread_id is None else CODE,
        "reason_params": {"attempt": run.attempt} if run.thread_id is None else {},
        "attempts": run.attempt,
        "retry_at": None,
        "input": None,
    }
