"""Pruning: what is older than the retention goes, in short transactions, while everything else works on.

Finished executions go whole, with their steps, runs, events, context and snapshots. The ledger stays: it
outlives what it bills. A retry of a deleted execution keeps standing and no longer says what it repeats. What
nobody needs any more goes as well: the queue's records of tasks, tokens and sessions that have expired,
drivers long dead.

Each transaction takes rows that nobody else has locked and is over in well under a second; between two there
is a pause. It can be broken off at any moment and begun again.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from django.conf import settings
from django.db import connection, transaction

from executions.models import Execution
from executions.orchestrator.claim import delete_dead_drivers
from executions.orchestrator.queue import TASK_TABLE

BATCH = 100
PAUSE_S = 0.05
# A batch that took longer is made smaller; one that took much less, larger again up to what was asked for.
LONG_S, SHORT_S = 0.2, 0.1
SPENT_DAYS = 7
MIN_BATCH = 10

_OLD = """
SELECT id FROM renum_team_executions
WHERE finished_at < clock_timestamp() - make_interval(days => %(days)s) {further}
"""
_LOCK_OLD = _OLD.format(further="AND id > %(after)s ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED")
_COUNT_OLD = _OLD.format(further="")
_OLD_ENTRIES = """
DELETE FROM renum_audit_entries WHERE id IN (
    SELECT id FROM renum_audit_entries WHERE at < clock_timestamp() - make_interval(days => %(days)s)
    ORDER BY id LIMIT %(limit)s)
"""
_NIL = "00000000-0000-0000-0000-000000000000"
# Each statement gives the keys of what may go; the column that is the key comes with it.
_HOUSEKEEPING = {
    "queue_tasks": (TASK_TABLE, "id", "stopped < clock_timestamp() - make_interval(days => %(days)s)"),
    "tokens": ("teams_apitoken", "digest", "expiry < clock_timestamp() - make_interval(days => %(days)s)"),
    "sessions": (
        "django_session",
        "session_key",
        "expire_date < clock_timestamp() - make_interval(days => %(days)s)",
    ),
}


@dataclass(slots=True, kw_only=True)
class Pruned:
    """What was deleted, or would be: rows by kind. `longest_s` is the longest transaction of it."""

    rows: dict[str, int] = field(default_factory=dict)
    longest_s: float = 0.0
    finished: bool = True

    def add(self, kind: str, count: int) -> None:
        """Count rows of a kind."""
        self.rows[kind] = self.rows.get(kind, 0) + count


def count_prunable() -> Pruned:
    """Return what a pruning would delete now: executions, and of the rest what is nobody's any more."""
    found = Pruned()
    with connection.cursor() as cursor:
        if settings.RETENTION_DAYS:
            cursor.execute(
                f"SELECT count(*) FROM ({_COUNT_OLD}) AS old",  # noqa: S608  a constant
                {"days": settings.RETENTION_DAYS},
            )
            found.add("executions", cursor.fetchone()[0])
        for kind, (table, _, condition) in _HOUSEKEEPING.items():
            cursor.execute(f"SELECT count(*) FROM {table} WHERE {condition}", {"days": SPENT_DAYS})  # noqa: S608  constants
            found.add(kind, cursor.fetchone()[0])
    return found


def prune(
    *,
    batch: int = BATCH,
    pause_s: float = PAUSE_S,
    until: float | None = None,
    tell: Callable[[Pruned], None] | None = None,
) -> Pruned:
    """Delete what is older than the retention, `batch` executions at a time, and return what went.

    Ends early at `until`, a monotonic time. `tell` hears after each transaction how far it is.
    """
    pruned = Pruned()
    for kind, (table, key, condition) in _HOUSEKEEPING.items():
        _in_batches(
            pruned, batch * 5, pause_s, until, tell, _Housekeeping(kind, table, key, condition).delete
        )
    pruned.add("drivers", delete_dead_drivers())
    if settings.AUDIT_DAYS:
        _in_batches(pruned, batch * 5, pause_s, until, tell, _delete_audit_entries)
    if settings.RETENTION_DAYS:
        _in_batches(pruned, batch, pause_s, until, tell, _Executions().delete)
    return pruned


def _in_batches(
    pruned: Pruned,
    batch: int,
    pause_s: float,
    until: float | None,
    tell: Callable[[Pruned], None] | None,
    delete: Callable[[Pruned, int], bool],
) -> None:
    # Small at first: how quick this database is just now shows itself.
    size = max(MIN_BATCH, batch // 4)
    while True:
        if until is not None and time.monotonic() > until:
            pruned.finished = False
            return
        began = time.monotonic()
        with transaction.atomic():
            more = delete(pruned, size)
        took = time.monotonic() - began
        pruned.longest_s = max(pruned.longest_s, took)
        if tell is not None:
            tell(pruned)
        if not more:
            return
        if took > LONG_S:
            size = max(MIN_BATCH, size // 2)
        elif took < SHORT_S:
            size = min(batch, size * 2)
        time.sleep(pause_s)


def _delete_audit_entries(pruned: Pruned, limit: int) -> bool:
    """Delete up to `limit` old entries of the audit trail; return whether there may be more."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('renum.allow_prune', 'on', true)")
        cursor.execute(_OLD_ENTRIES, {"days": settings.AUDIT_DAYS, "limit": limit})
        count: int = cursor.rowcount
        cursor.execute("SELECT set_config('renum.allow_prune', '', true)")
    pruned.add("audit_entries", count)
    return count == limit


class _Executions:
    """Goes through the old executions by id, so that one that is locked just now does not stop the rest."""

    def __init__(self) -> None:
        self._after = _NIL

    def delete(self, pruned: Pruned, limit: int) -> bool:
        """Delete up to `limit` old executions with everything of theirs; return whether there may be more."""
        with connection.cursor() as cursor:
            cursor.execute(_LOCK_OLD, {"days": settings.RETENTION_DAYS, "after": self._after, "limit": limit})
            ids = [row[0] for row in cursor.fetchall()]
        if not ids:
            return False
        self._after = str(ids[-1])
        _, deleted = Execution.objects.filter(pk__in=ids).delete()
        for label, count in deleted.items():
            pruned.add(_KINDS.get(label, label), count)
        return len(ids) == limit


_KINDS = {
    "executions.Execution": "executions",
    "executions.ExecutionStep": "steps",
    "executions.AgentRun": "runs",
    "executions.Question": "questions",
    "executions.ExecutionEvent": "events",
    "executions.ContextChange": "context_changes",
    "executions.ContextSnapshot": "context_snapshots",
    "executions.TeamMessage": "team_messages",
    "executions.MessageDelivery": "message_deliveries",
}


@dataclass(frozen=True, slots=True)
class _Housekeeping:
    """One table of rows that nobody needs any more: its name, its key and which rows may go."""

    kind: str
    table: str
    key: str
    condition: str

    def delete(self, pruned: Pruned, limit: int) -> bool:
        """Delete up to `limit` of them; return whether there may be more."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"DELETE FROM {self.table} WHERE {self.key} IN (SELECT {self.key} FROM {self.table}"  # noqa: S608  constants
                f" WHERE {self.condition} LIMIT %(limit)s FOR UPDATE SKIP LOCKED)",
                {"days": SPENT_DAYS, "limit": limit},
            )
            count: int = cursor.rowcount
        pruned.add(self.kind, count)
        return count == limit
