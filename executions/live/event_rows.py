"""Reading what happened in executions: for many who follow at once, in a fixed number of queries."""

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from executions.engine.state import EXECUTION_TERMINAL
from executions.models import Execution, ExecutionEvent

PAGE = 100
"""Of one execution no more events are read at a time."""

# Each ask is one look into the index of (execution, seq), however long the timelines are.
_SQL = """
SELECT event.*, ask.position
FROM unnest(%s::uuid[], %s::int[]) WITH ORDINALITY AS ask(execution, after, position)
CROSS JOIN LATERAL (
    SELECT * FROM executions_executionevent
    WHERE execution_id = ask.execution AND seq > ask.after ORDER BY seq LIMIT %s
) AS event
ORDER BY ask.position, event.seq
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Somebody who wants the events of an execution after a number."""

    execution_id: uuid.UUID
    after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How an execution stands: its status, and the number of its last event."""

    status: str
    last_seq: int

    @property
    def is_over(self) -> bool:
        """Whether the events so far tell the whole of it."""
        return self.status in EXECUTION_TERMINAL


def find_standings(execution_ids: Collection[uuid.UUID]) -> Mapping[uuid.UUID, Standing]:
    """Return how the executions stand; those that are not there any more are left out."""
    rows = Execution.objects.filter(pk__in=execution_ids).values_list("pk", "status", "event_seq")
    return {pk: Standing(status=status, last_seq=last_seq) for pk, status, last_seq in rows}


def find_events(asks: Collection[Ask]) -> Mapping[Ask, list[ExecutionEvent]]:
    """Return the next PAGE events for each, oldest first."""
    ordered = list(asks)
    found: dict[Ask, list[ExecutionEvent]] = {ask: [] for ask in ordered}
    if ordered:
        ids, after = [ask.execution_id for ask in ordered], [ask.after for ask in ordered]
        rows: Iterable[Any] = ExecutionEvent.objects.raw(_SQL, [ids, after, PAGE])
        for event in rows:
            found[ordered[event.position - 1]].append(event)
    return found
