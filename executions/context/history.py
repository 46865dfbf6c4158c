"""The shared context as it was at any version, told from its changes, and what each change was.

The changes alone say it exactly; a rebuild from a snapshot gives the same (`rebuild`). Sizes are measured in
PostgreSQL, so that no value is fetched that is not shown.
"""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import connection

from executions.context.stored_form import in_stored_form
from executions.models import ContextChange
from teams.workflow.plan import Json

MAX_TOGETHER_BYTES = 4 * 1024 * 1024

# A missing value is JSON's null: the column is empty then.
_STANDING = """
    SELECT DISTINCT ON (key) key, version, octet_length(COALESCE(value, 'null')::text)
    FROM executions_contextchange WHERE execution_id = %s AND version <= %s ORDER BY key, version DESC
"""
_HISTORY = """
    SELECT c.version, c.key, c.author, c.created_at, octet_length(t.text),
        encode(sha256(convert_to(t.text, 'UTF8')), 'hex'),
        p.version, encode(sha256(convert_to(COALESCE(p.value, 'null')::text, 'UTF8')), 'hex')
    FROM executions_contextchange c
    CROSS JOIN LATERAL (SELECT COALESCE(c.value, 'null')::text AS text) AS t
    LEFT JOIN LATERAL (
        SELECT e.version, e.value FROM executions_contextchange e
        WHERE e.execution_id = c.execution_id AND e.key = c.key AND e.version < c.version
        ORDER BY e.version DESC LIMIT 1
    ) AS p ON true
    WHERE c.execution_id = %s AND c.version > %s AND c.version <= %s ORDER BY c.version LIMIT %s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One key at a version: what it holds, and the change that set it."""

    key: str
    value: Json
    version: int
    author: str
    created_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextThen:
    """The context at a version. `left_out` are keys whose values are too large to be told with the rest."""

    values: Mapping[str, Json]
    left_out: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change. The digests are SHA-256 of the value as PostgreSQL writes it: equal ones, equal values.

    `previous_version` and `previous_digest` are of the change that set the key before, None where none did.
    """

    version: int
    key: str
    author: str
    created_at: dt.datetime
    size_bytes: int
    digest: str
    previous_version: int | None
    previous_digest: str | None


def context_at(execution_id: uuid.UUID, *, version: int) -> ContextThen:
    """Return the context as it was, its keys in alphabetical order, in two queries.

    Together the values have up to MAX_TOGETHER_BYTES as JSON text: the smallest are told, the rest left out.
    """
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, [execution_id, version])
        standing: list[tuple[str, int, int]] = cursor.fetchall()
    shown: list[int] = []
    left_out: list[str] = []
    room = MAX_TOGETHER_BYTES
    for key, at, size_bytes in sorted(standing, key=lambda row: (row[2], row[0])):
        room -= size_bytes
        if room >= 0:
            shown.append(at)
        else:
            left_out.append(key)
    changes = ContextChange.objects.filter(execution_id=execution_id, version__in=shown)
    values = dict(changes.values_list("key", "value"))
    ordered: Mapping[str, Json] = in_stored_form(values)
    return ContextThen(values=ordered, left_out=sorted(left_out))


def find_entry(execution_id: uuid.UUID, key: str, *, version: int) -> Entry | None:
    """Return what the key held at a version; None where nothing had set it by then."""
    changes = ContextChange.objects.filter(execution_id=execution_id, key=key, version__lte=version)
    change = changes.order_by("-version").first()
    if change is None:
        return None
    return Entry(
        key=key,
        value=in_stored_form(change.value),
        version=change.version,
        author=change.author,
        created_at=change.created_at,
    )


def changes_after(execution_id: uuid.UUID, version: int, *, until: int, limit: int) -> list[Change]:
    """Return up to `limit` changes later than `version` and not later than `until`, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(_HISTORY, [execution_id, version, until, limit])
        rows = cursor.fetchall()
    return [
        Change(
            version=row[0],
            key=row[1],
            author=row[2],
            created_at=row[3],
            size_bytes=row[4],
            digest=row[5],
            previous_version=row[6],
            previous_digest=row[7] if row[6] is not None else None,
        )
        for row in rows
    ]
