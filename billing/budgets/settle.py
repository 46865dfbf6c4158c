"""Giving back what was kept free for attempts whose usage is in."""

import datetime as dt
import uuid
from collections.abc import Collection

from django.db import connection

Attempt = tuple[uuid.UUID, str, int]
"""An execution, a step of it, and the number of an attempt at it."""

# Locked in one order: two who settle some of the same wait instead of deadlocking.
_SETTLE = """
UPDATE renum_budget_reservations AS t SET settled_at = %s FROM (
    SELECT r.id FROM renum_budget_reservations r
    JOIN unnest(%s::uuid[], %s::text[], %s::smallint[]) AS a(execution_id, step_id, attempt)
        ON a.execution_id = r.execution_id AND a.step_id = r.step_id AND a.attempt = r.attempt
    WHERE r.settled_at IS NULL ORDER BY r.id FOR NO KEY UPDATE OF r
) AS due WHERE t.id = due.id
"""


def settle(attempts: Collection[Attempt], *, at: dt.datetime) -> int:
    """Give back what is kept free for these attempts; return how many reservations that were.

    To be called in the transaction that counts what they cost, so that nobody sees neither or both.
    """
    if not attempts:
        return 0
    ordered = sorted(attempts, key=str)
    with connection.cursor() as cursor:
        cursor.execute(_SETTLE, [at, *([one[place] for one in ordered] for place in range(3))])
        return int(cursor.rowcount)
