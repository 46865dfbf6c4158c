"""The only writer of a status: all pending transitions of all executions, in one transaction.

Every driver write is fenced: the execution's row is locked and must still carry the driver and the epoch.
Locks are taken by execution id, ascending. A batch that the data of one execution spoils is written again
one execution at a time; the one that fails again is told so, and the rest goes on. Where a COMMIT may have
been cut off, what is there already is looked for under the row's lock: that session may not be through.
"""

import datetime as dt
import logging
import uuid
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction

from billing import budgets, ledger
from executions.models import ContextChange, ContextSnapshot, ExecutionEvent
from executions.orchestrator.changes import Changes, ChangesRefused, Committed, Fenced
from executions.orchestrator.context_rows import resolve_context
from executions.orchestrator.database_calls import brief_locks, read_only_is_away, sqlstate_of
from executions.orchestrator.event_hints import tell_of_events_on_commit
from executions.orchestrator.message_rows import write_deliveries, write_messages
from executions.orchestrator.question_rows import close_questions_of, write_questions
from executions.orchestrator.row_writes import (
    COUNTER_COLUMNS,
    COUNTER_SQL,
    EXECUTION_COLUMNS,
    EXECUTION_SQL,
    RUN_COLUMNS,
    RUN_FLAGS,
    RUN_SQL,
    STEP_COLUMNS,
    STEP_SQL,
    write_rows,
)
from executions.orchestrator.totals import write_totals
from teams.workflow.plan import Json

logger = logging.getLogger(__name__)

Outcome = Committed | Fenced | ChangesRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextApplied:
    """The context writes of one execution as they were committed: what Redis may be told."""

    execution_id: uuid.UUID
    from_version: int
    to_version: int
    values: dict[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchResult:
    """One outcome per Changes, in the same order, and the context writes to tell Redis of."""

    outcomes: list[Outcome]
    context: list[ContextApplied]


@dataclass(slots=True)
class _Locked:
    """A locked execution's row. The counters move on while the batch is written."""

    driver_id: uuid.UUID | None
    epoch: int
    event_seq: int
    context_version: int
    cancel_requested: bool
    pause_requested: bool
    crash_count: int


def commit_batch(
    batch: Sequence[Changes], *, unsure: Collection[uuid.UUID] = (), waits: bool = True
) -> BatchResult:
    """Write a batch. Raises only what says that the database could not be reached (OperationalError).

    That includes a lock that was not had in time (`is_contended`); without `waits`, that is 50 ms. `unsure`
    names the changes, by their first event, of which an earlier COMMIT was cut off: what of them is there
    already is not written again. After an error whoever repeats must be unsure of the whole batch.
    """
    opened: AbstractContextManager[None] = transaction.atomic() if waits else brief_locks()
    try:
        with read_only_is_away(), opened:
            return _write(batch, unsure)
    except (OperationalError, InterfaceError) as error:
        if not _is_about_data(error):
            raise
        refused = _refused(error)
    except Exception as error:  # noqa: BLE001  whatever one execution brings, the others must be written
        logger.warning("a batch of %d is written one by one: %s", len(batch), type(error).__name__)
        refused = _refused(error)
    if len(batch) == 1:
        return BatchResult(outcomes=[refused], context=[])
    outcomes: list[Outcome] = []
    context: list[ContextApplied] = []
    for changes in batch:
        alone = commit_batch([changes], unsure=unsure, waits=waits)
        outcomes += alone.outcomes
        context += alone.context
    return BatchResult(outcomes=outcomes, context=context)


def _is_about_data(error: Exception) -> bool:
    # Class 54, a limit of PostgreSQL exceeded, comes as an OperationalError too. Waiting does not help it.
    return sqlstate_of(error).startswith("54")


def _find_written(unsure: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Return those of the events that are there. To be asked once the executions' rows are locked.

    Each statement sees what was committed before it, and a session that was cut off in its COMMIT holds the
    rows' locks until it is through.
    """
    return set(ExecutionEvent.objects.filter(id__in=unsure).values_list("id", flat=True)) if unsure else set()


def _refused(error: Exception) -> ChangesRefused:
    # The message of a database error may quote a row, and a row may hold a prompt: its first line will do.
    return ChangesRefused(str(error).partition("\n")[0][:300])


def _write(batch: Sequence[Changes], unsure: Collection[uuid.UUID]) -> BatchResult:
    at, seen_at, locked = _lock({changes.execution_id for changes in batch})
    written = _find_written(unsure)
    resolve_context(
        [
            changes
            for changes in batch
            if changes.events[0].id not in written and _holds(changes, locked.get(changes.execution_id))
        ]
    )
    outcomes: list[Outcome] = []
    held: list[Changes] = []
    events: list[ExecutionEvent] = []
    context: list[ContextApplied] = []
    for changes in batch:
        row = locked.get(changes.execution_id)
        if row is not None and changes.events[0].id in written:
            outcomes.append(_committed(row, at, seen_at))
            continue
        if row is None or not _holds(changes, row):
            outcomes.append(Fenced(str(changes.execution_id)))
            continue
        held.append(changes)
        events += _event_rows(changes, row.event_seq, at)
        if changes.context:
            context.append(_context_applied(changes, row.context_version))
        row.event_seq += len(changes.events)
        row.context_version += len(changes.context)
        if changes.clears_crashes:
            row.crash_count = 0
        outcomes.append(_committed(row, at, seen_at))
    _write_statuses(held)
    _write_questions(held, at)
    _write_messages(held, at)
    write_rows(
        COUNTER_SQL,
        COUNTER_COLUMNS,
        [(row_id, {name: getattr(row, name) for name in COUNTER_COLUMNS}) for row_id, row in locked.items()],
    )
    ExecutionEvent.objects.bulk_create(events)
    tell_of_events_on_commit({event.execution_id for event in events})
    _write_context(held, context, at)
    _write_usage(held, at)
    return BatchResult(outcomes=outcomes, context=context)


def _lock(ids: set[uuid.UUID]) -> tuple[dt.datetime, dt.datetime, dict[uuid.UUID, _Locked]]:
    """Lock the rows; return the transaction's time, the time as of the locks, and what the rows hold."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, driver_id, epoch, event_seq, context_version, cancel_requested_at IS NOT NULL,"
            " COALESCE(pause_requested_at > COALESCE(resume_requested_at, '-infinity'), false), crash_count"
            " FROM renum_team_executions WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
            [sorted(ids)],
        )
        rows = cursor.fetchall()
        cursor.execute("SELECT now(), clock_timestamp()")
        at, seen_at = cursor.fetchone()
    return at, seen_at, {row[0]: _Locked(*row[1:]) for row in rows}


def _holds(changes: Changes, row: _Locked | None) -> bool:
    if row is None:
        return False
    if changes.driver_id is None:
        return True
    return row.driver_id == changes.driver_id and row.epoch == changes.epoch


def _committed(row: _Locked, at: dt.datetime, seen_at: dt.datetime) -> Committed:
    return Committed(
        at=at,
        seen_at=seen_at,
        event_seq=row.event_seq,
        context_version=row.context_version,
        cancel_requested=row.cancel_requested,
        pause_requested=row.pause_requested,
    )


def _write_statuses(held: Sequence[Changes]) -> None:
    # Several transitions of one execution may meet in one batch: of each row the last one stands, but for
    # what only an earlier one carries.
    executions = {changes.execution_id: changes.execution for changes in held if changes.execution}
    steps: dict[uuid.UUID, dict[str, Any]] = {}
    runs: dict[uuid.UUID, dict[str, Any]] = {}
    for changes in held:
        for row_id, values in changes.steps.items():
            earlier = steps.get(row_id, {})
            steps[row_id] = {**values, "input": values["input"] or earlier.get("input")}
        for row_id, values in changes.runs.items():
            earlier = runs.get(row_id, {})
            flags = {flag: values[flag] or bool(earlier.get(flag)) for flag in RUN_FLAGS}
            runs[row_id] = {**values, **flags}
    write_rows(EXECUTION_SQL, EXECUTION_COLUMNS, list(executions.items()))
    write_rows(STEP_SQL, STEP_COLUMNS, list(steps.items()))
    write_rows(RUN_SQL, RUN_COLUMNS, list(runs.items()))


def _write_questions(held: Sequence[Changes], at: dt.datetime) -> None:
    for changes in held:
        if changes.questions or changes.closed_questions:
            write_questions(changes.execution_id, changes.questions, at=at)
            close_questions_of(sorted(changes.closed_questions))


def _write_messages(held: Sequence[Changes], at: dt.datetime) -> None:
    for changes in held:
        if changes.messages:
            write_messages(changes.execution_id, changes.messages, at=at)
        if changes.delivered:
            write_deliveries(changes.delivered, at=at)


def _event_rows(changes: Changes, last_seq: int, at: dt.datetime) -> list[ExecutionEvent]:
    return [
        ExecutionEvent(
            id=event.id,
            execution_id=changes.execution_id,
            seq=seq,
            kind=event.kind,
            step_id=event.step_id,
            data=dict(event.data),
            actor=event.actor,
            created_at=at,
        )
        for seq, event in enumerate(changes.events, start=last_seq + 1)
    ]


def _context_applied(changes: Changes, from_version: int) -> ContextApplied:
    return ContextApplied(
        execution_id=changes.execution_id,
        from_version=from_version,
        to_version=from_version + len(changes.context),
        values={write.key: write.value for write in changes.context},
    )


def _write_context(held: Sequence[Changes], applied: Sequence[ContextApplied], at: dt.datetime) -> None:
    writers = [changes for changes in held if changes.context]
    ContextChange.objects.bulk_create(
        ContextChange(
            execution_id=changes.execution_id,
            version=version,
            key=write.key,
            value=write.value,
            author=write.author,
            created_at=at,
        )
        for changes, item in zip(writers, applied, strict=True)
        for version, write in enumerate(changes.context, start=item.from_version + 1)
    )
    ContextSnapshot.objects.bulk_create(
        ContextSnapshot(
            execution_id=changes.execution_id,
            version=item.to_version,
            values=dict(changes.snapshot.values),
            created_at=at,
        )
        for changes, item in zip(writers, applied, strict=True)
        # Somebody else wrote in between: a rebuild starts from an older snapshot and the changes since.
        if changes.snapshot is not None and changes.snapshot.base_version == item.from_version
    )


def _write_usage(held: Sequence[Changes], at: dt.datetime) -> None:
    entries = [entry for changes in held for entry in changes.usage]
    rows = ledger.record_responses(entries, at=at) if entries else []
    finished = {changes.execution_id for changes in held if changes.usage or changes.totals}
    if finished:
        write_totals(finished)
    # Last of all: a period of a budget may be everybody's, and is locked to the end.
    budgets.count_usage(rows, at=at)
    budgets.settle(
        {(changes.execution_id, *attempt) for changes in held for attempt in changes.settled}, at=at
    )
    reservations = [one for changes in held for one in changes.reservations]
    if reservations:
        budgets.confirm(reservations)
