"""Appending to an execution from outside the drivers: events and context, under the row's lock, no status."""

import uuid
from collections.abc import Sequence

from executions.orchestrator.changes import Changes, Event, Fenced
from executions.orchestrator.commit import commit_batch


def append_events(execution_id: uuid.UUID, events: Sequence[Event]) -> None:
    """Append events to an execution's timeline, in the transaction around this call if there is one."""
    append_changes(Changes(execution_id=execution_id, events=list(events)))


def append_changes(changes: Changes) -> None:
    """Append events and context. Raises LookupError where there is no such execution, and ChangesRefused."""
    [outcome] = commit_batch([changes]).outcomes
    if isinstance(outcome, Exception):
        raise LookupError(str(changes.execution_id)) if isinstance(outcome, Fenced) else outcome
