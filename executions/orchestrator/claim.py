"""Which executions a driver may take, and the taking: one statement, by PostgreSQL's clock."""

import datetime as dt
import uuid

from django.db import connection

# Unfinished executions first, so that those of a dead driver go on before new ones begin. The join is outer,
# therefore FOR UPDATE names the table. A driver that is dead keeps its row until it is swept.
_CLAIMABLE = """
FROM renum_team_executions e LEFT JOIN executions_driver d ON d.id = e.driver_id
WHERE e.status IN ('queued', 'running', 'paused', 'cancelling')
  AND (e.driver_id IS NULL OR d.id IS NULL OR d.lease_until < clock_timestamp())
  AND (e.not_before IS NULL OR e.not_before < clock_timestamp())
  AND NOT EXISTS (SELECT 1 FROM executions_drain x
      WHERE x.ended_at IS NULL AND (x.holds_all OR e.status = 'queued'))
"""
_CLAIM = f"""
WITH c AS (SELECT e.id {_CLAIMABLE}
    ORDER BY (e.status <> 'queued') DESC, e.id LIMIT %s FOR UPDATE OF e SKIP LOCKED)
UPDATE renum_team_executions e SET driver_id = %s, epoch = e.epoch + 1
FROM c WHERE e.id = c.id RETURNING e.id, e.epoch
"""  # noqa: S608  built of the constant above
_SWEEP_DRIVERS = """
DELETE FROM executions_driver d WHERE d.lease_until < clock_timestamp() - interval '1 minute'
  AND NOT EXISTS (SELECT 1 FROM renum_team_executions e WHERE e.driver_id = d.id)
"""
_FLAGGED = """
SELECT id FROM renum_team_executions
WHERE driver_id = %s AND cancel_requested_at IS NOT NULL
"""

_SET_ASIDE = """
UPDATE renum_team_executions
SET driver_id = NULL, not_before = clock_timestamp() + make_interval(secs => %s)
WHERE id = %s AND driver_id = %s AND epoch = %s
"""
SET_ASIDE_S = 60


def claim_executions(driver_id: uuid.UUID, *, limit: int) -> list[tuple[uuid.UUID, int]]:
    """Take up to `limit` free executions for this driver; return each one's id and its new epoch."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [limit, driver_id])
        return [(row[0], row[1]) for row in cursor.fetchall()]


def count_claimable() -> int:
    """Return how many executions nobody holds, counting no further than 1000."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM (SELECT 1 {_CLAIMABLE} LIMIT 1000) AS free")  # noqa: S608  a constant
        return int(cursor.fetchone()[0])


def find_cancelled(driver_id: uuid.UUID) -> set[uuid.UUID]:
    """Return those of the driver's executions that someone asked to cancel."""
    with connection.cursor() as cursor:
        cursor.execute(_FLAGGED, [driver_id])
        return {row[0] for row in cursor.fetchall()}


def find_held(driver_id: uuid.UUID) -> list[tuple[uuid.UUID, int]]:
    """Return what is claimed for the driver, each execution with its epoch."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, epoch FROM renum_team_executions WHERE driver_id = %s", [driver_id])
        return [(row[0], row[1]) for row in cursor.fetchall()]


def raise_epoch(execution_id: uuid.UUID, driver_id: uuid.UUID, *, epoch: int) -> int | None:
    """Raise the epoch of an execution that the driver holds with this one; None where it does not.

    An answer that was lost leaves the epoch raised: one more is as good.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE renum_team_executions SET epoch = epoch + 1"
            " WHERE id = %s AND driver_id = %s AND epoch >= %s RETURNING epoch",
            [execution_id, driver_id, epoch],
        )
        row = cursor.fetchone()
    return None if row is None else int(row[0])


def delete_dead_drivers() -> int:
    """Delete the rows of drivers long dead that hold nothing; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(_SWEEP_DRIVERS)
        return int(cursor.rowcount)


def database_now() -> dt.datetime:
    """Return PostgreSQL's time: the only clock by which anything is decided."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: dt.datetime = cursor.fetchone()[0]
    return now


def set_aside(execution_id: uuid.UUID, driver_id: uuid.UUID, *, epoch: int) -> None:
    """Let go of an execution that can neither be carried on nor ended, for a while: others come first."""
    with connection.cursor() as cursor:
        cursor.execute(_SET_ASIDE, [SET_ASIDE_S, execution_id, driver_id, epoch])
