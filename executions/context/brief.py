"""The shared context for readers: of each value its beginning, cut in PostgreSQL.

Versions, authors and sizes are those of the changes; what is cut is told whole by `history.find_entry`.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

MAX_KEYS = 500

# jsonb_pretty of a large value takes its time, so a value is laid out only where it is short.
_LAID_OUT = """CASE WHEN {0}.value IS NULL THEN 'null'
    WHEN jsonb_typeof({0}.value) = 'string' THEN {0}.value #>> '{{}}'
    WHEN pg_column_size({0}.value) <= 65536 THEN jsonb_pretty({0}.value) ELSE {0}.value::text END"""
_STANDING = f"""
    SELECT key, version, author, created_at, left(text, %s), char_length(text)
    FROM (
        SELECT c.key, c.version, c.author, c.created_at, {_LAID_OUT.format("c")} AS text
        FROM (
            SELECT DISTINCT ON (key) * FROM executions_contextchange
            WHERE execution_id = %s AND version <= %s ORDER BY key, version DESC
        ) AS c ORDER BY c.key LIMIT %s OFFSET 0
    ) AS told ORDER BY key
"""  # noqa: S608  built of constants
_CHANGES = f"""
    SELECT key, version, author, created_at, left(text, %s), char_length(text), previous,
        left(previous_text, %s), char_length(previous_text)
    FROM (
        SELECT c.key, c.version, c.author, c.created_at, {_LAID_OUT.format("c")} AS text,
            p.version AS previous,
            CASE WHEN p.version IS NOT NULL THEN {_LAID_OUT.format("p")} END AS previous_text
        FROM (
            SELECT * FROM executions_contextchange
            WHERE execution_id = %s AND version <= %s ORDER BY version DESC LIMIT %s
        ) AS c
        LEFT JOIN LATERAL (
            SELECT e.version, e.value FROM executions_contextchange e
            WHERE e.execution_id = c.execution_id AND e.key = c.key AND e.version < c.version
            ORDER BY e.version DESC LIMIT 1
        ) AS p ON true
        OFFSET 0
    ) AS told ORDER BY version DESC
"""  # noqa: S608  built of constants


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """The beginning of a value as text: strings as they are, anything else as JSON. `chars` is all of it."""

    text: str
    chars: int

    @property
    def is_cut(self) -> bool:
        """Whether there is more."""
        return len(self.text) < self.chars


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefEntry:
    """One key at a version, and the change that set it."""

    key: str
    version: int
    author: str
    created_at: dt.datetime
    value: Beginning


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefChange:
    """One change: what the key held before (None where nothing had set it), and what it was set to."""

    key: str
    version: int
    author: str
    created_at: dt.datetime
    value: Beginning
    previous_version: int | None
    previous: Beginning | None


def brief_context(execution_id: uuid.UUID, *, version: int, max_chars: int) -> Sequence[BriefEntry]:
    """Return up to MAX_KEYS keys at a version, of each value up to `max_chars`, in one query."""
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, [max_chars, execution_id, version, MAX_KEYS])
        rows = cursor.fetchall()
    return [
        BriefEntry(
            key=row[0],
            version=row[1],
            author=row[2],
            created_at=row[3],
            value=Beginning(text=row[4], chars=row[5]),
        )
        for row in rows
    ]


def brief_changes(
    execution_id: uuid.UUID, *, until: int, limit: int, max_chars: int
) -> Sequence[BriefChange]:
    """Return up to `limit` changes not later than version `until`, newest first, in one query."""
    with connection.cursor() as cursor:
        cursor.execute(_CHANGES, [max_chars, max_chars, execution_id, until, limit])
        rows = cursor.fetchall()
    return [
        BriefChange(
            key=row[0],
            version=row[1],
            author=row[2],
            created_at=row[3],
            value=Beginning(text=row[4], chars=row[5]),
            previous_version=row[6],
            previous=None if row[6] is None else Beginning(text=row[7], chars=row[8]),
        )
        for row in rows
    ]
