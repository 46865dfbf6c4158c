"""What is kept of a connection's starts on its row, so that pages can show it and a new driver knows it.

Each function is a short transaction of its own, and writes only where something changes.
"""

import datetime as dt
import uuid
from collections.abc import Collection

from django.db import connection

from teams.models import SunaConnection

_LEARNED = """
UPDATE teams_sunaconnection SET limits = limits || jsonb_build_object('parallel_runs', %s::int)
WHERE id = %s AND limits->>'parallel_runs' IS DISTINCT FROM %s::text
"""


def store_limit(connection_id: uuid.UUID, *, parallel_runs: int) -> None:
    """Keep the number of parallel runs that was learned."""
    with connection.cursor() as cursor:
        cursor.execute(_LEARNED, [parallel_runs, connection_id, str(parallel_runs)])


def store_throttled_until(connection_id: uuid.UUID, *, until: dt.datetime) -> None:
    """Keep until when Suna wants no start."""
    SunaConnection.objects.filter(pk=connection_id).update(throttled_until=until)


def store_pause(connection_id: uuid.UUID, *, code: str) -> None:
    """Keep that starts wait for a person, and why."""
    SunaConnection.objects.filter(pk=connection_id).exclude(paused_code=code).update(paused_code=code)


def clear_pause(connection_id: uuid.UUID, *, code: str) -> None:
    """Take back a pause for this code."""
    SunaConnection.objects.filter(pk=connection_id, paused_code=code).update(paused_code="")


def find_pauses(connection_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Return the code that each connection is paused for, empty where it is not."""
    rows = SunaConnection.objects.filter(pk__in=connection_ids)
    return dict(rows.values_list("id", "paused_code"))
