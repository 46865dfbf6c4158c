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
# A value is written as text and hashed once, also where it is the one before another of the page; without
# the OFFSET PostgreSQL would write it anew for its size and for its digest.
_HISTORY = """
    WITH page AS MATERIALIZED (
        SELECT version, key, author, created_at FROM executions_contextchange
        WHERE execution_id = %(execution)s AND version > %(after)s AND version <= %(until)s
        ORDER BY version LIMIT %(limit)s
    ), paired AS MATERIALIZED (
        SELECT page.*, p.version AS previous FROM page LEFT JOIN LATERAL (
            SELECT e.version FROM executions_contextchange e
            WHERE e.execution_id = %(execution)s AND e.key = page.key AND e.version < page.version
            ORDER BY e.version DESC LIMIT 1
        ) AS p ON true
    ), told AS MATERIALIZED (
        SELECT version, octet_length(bytes) AS size_bytes, encode(sha256(bytes), 'hex') AS digest FROM (
            SELECT version, convert_to(COALESCE(value, 'null')::text, 'UTF8') AS bytes
            FROM executions_contextchange WHERE execution_id = %(execution)s
                AND version IN (SELECT version FROM paired UNION SELECT previous FROM paired)
            OFFSET 0
        ) AS written
    )
    SELECT paired.version, paired.key, paired.author, paired.created_at, now.size_bytes, now.digest,
        paired.previous, before.digest
    FROM paired JOIN told AS now ON now.version = paired.version
    LEFT JOIN told AS before ON before.version = paired.previous
    ORDER BY paired.version
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
        cursor.execute(
            _HISTORY, {"execution": execution_id, "after": version, "until": until, "limit": limit}
        )
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
