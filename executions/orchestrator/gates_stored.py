"""What is kept of a connection's starts on its row, so that pages can show it and a new driver knows it.

Each function is a short transaction of its own, and writes only where something changes.
"""

import datetime as dt
import uuid
from collections.abc import Collection
from dataclasses import dataclass

from django.db import connection
from django.db.models.functions import Now

from teams.models import SunaConnection

_LEARNED = """
UPDATE teams_sunaconnection
SET limits = CASE jsonb_typeof(limits) WHEN 'object' THEN limits ELSE '{}' END
    || jsonb_build_object('parallel_runs', %s::int)
WHERE id = %s AND limits->>'parallel_runs' IS DISTINCT FROM %s::text
"""

# Sealed anew, the same credential has another text as well: that costs a probe and nothing else.
MARK = "md5(base_url || ' ' || COALESCE(sealed_credential, ''))"
"""What a connection's row stands for now: its address and its credential, in SQL."""

_STATES = f"""
SELECT id, paused_code, {MARK},
    md5(wire_profile || ' ' || COALESCE(capabilities::text, ''))
FROM teams_sunaconnection WHERE id = ANY(%s)
"""  # noqa: S608  of constants alone


def store_limit(connection_id: uuid.UUID, *, parallel_runs: int) -> None:
    """Keep the number of parallel runs that was learned."""
    with connection.cursor() as cursor:
        cursor.execute(_LEARNED, [parallel_runs, connection_id, str(parallel_runs)])


def store_throttled_until(connection_id: uuid.UUID, *, until: dt.datetime) -> None:
    """Keep until when Suna wants no start."""
    SunaConnection.objects.filter(pk=connection_id).update(throttled_until=until)


def store_unreachable(connection_id: uuid.UUID, *, is_so: bool) -> None:
    """Keep that nobody answers there at this moment, or that somebody does again."""
    SunaConnection.objects.filter(pk=connection_id).update(unreachable_at=Now() if is_so else None)


def store_pause(connection_id: uuid.UUID, *, code: str) -> None:
    """Keep that starts wait for a person, and why."""
    SunaConnection.objects.filter(pk=connection_id).exclude(paused_code=code).update(paused_code=code)


def clear_pause(connection_id: uuid.UUID, *, code: str) -> None:
    """Take back a pause for this code."""
    SunaConnection.objects.filter(pk=connection_id, paused_code=code).update(paused_code="")


@dataclass(frozen=True, slots=True)
class RowState:
    """What a connection's row says: the code that it is paused for, empty where it is not, and its mark.

    The mark is another one whenever somebody changed the address or the credential, `version` whenever
    another Suna, or another build of it, was found behind the address.
    """

    paused_code: str
    mark: str
    version: str = ""


def find_row_states(connection_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, RowState]:
    """Return how the rows of connections stand; of those that are gone nothing."""
    with connection.cursor() as cursor:
        cursor.execute(_STATES, [list(connection_ids)])
        return {row[0]: RowState(row[1], row[2], row[3]) for row in cursor.fetchall()}
