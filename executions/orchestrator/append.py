"""Appending to an execution from outside the drivers: events, under the row's lock, never a status."""

import uuid
from collections.abc import Sequence

from executions.orchestrator.changes import Changes, Event, Fenced
from executions.orchestrator.commit import commit_batch


def append_events(execution_id: uuid.UUID, events: Sequence[Event]) -> None:
    """Append events to an execution's timeline, in the transaction around this call if there is one."""
    [outcome] = commit_batch([Changes(execution_id=execution_id, events=list(events))]).outcomes
    if isinstance(outcome, Exception):
        raise LookupError(str(execution_id)) if isinstance(outcome, Fenced) else outcome
