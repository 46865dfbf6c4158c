"""Bringing an execution's status in line with what people wish of it: cancel, pause, resume."""

import datetime as dt

from executions.engine.state import ExecutionStatus
from executions.orchestrator.changes import Changes, Event
from executions.orchestrator.obey import begin, begin_to_cancel
from executions.orchestrator.questions import waits_for_people_only
from executions.orchestrator.tracked import Tracked

NEEDS_REVIEW = "needs_review"


def heed_wishes(tracked: Tracked, changes: Changes, *, now: dt.datetime) -> None:
    """Move the status as the wishes say. A cancel comes before all; what is ending is not paused any more."""
    state = tracked.state
    if state.cancel_requested:
        if state.status is not ExecutionStatus.CANCELLING:
            tracked.columns["code"] = ""
            begin_to_cancel(tracked, changes)
        return
    if state.status is ExecutionStatus.QUEUED and not rests(tracked, now=now):
        begin(tracked, changes)
    # No driver takes up what waits for a person before that person released it, whatever was wished since.
    released = state.status is ExecutionStatus.QUARANTINED or tracked.columns["code"] == NEEDS_REVIEW
    if released or (state.status is ExecutionStatus.PAUSED and not state.paused):
        changes.clears_crashes = True
        _move(tracked, changes, ExecutionStatus.RUNNING, kind="execution_resumed")
    if state.paused and tracked.state.status is ExecutionStatus.RUNNING and state.ended_by is None:
        _move(tracked, changes, ExecutionStatus.PAUSED, kind="execution_paused")


def rests(tracked: Tracked, *, now: dt.datetime) -> bool:
    """Whether an execution with nothing in flight need not be held, because its time is not up.

    It is paused, or nothing of it can go on before a person answers or decides of a start.
    """
    state = tracked.state
    paused = state.status in (ExecutionStatus.PAUSED, ExecutionStatus.QUEUED) and state.paused
    waits = paused or waits_for_people_only(state)
    return waits and not state.cancel_requested and state.ended_by is None and now < state.deadline_at


def _move(tracked: Tracked, changes: Changes, status: ExecutionStatus, *, kind: str) -> None:
    was = {"code": tracked.columns["code"]} if tracked.columns["code"] else {}
    tracked.columns["code"] = ""
    tracked.set_status(status)
    changes.execution = dict(tracked.columns)
    changes.events.append(Event(kind=kind, data=was))
