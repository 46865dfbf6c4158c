"""Which executions a driver may take, and the taking: one statement, by PostgreSQL's clock."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db import connection

# A driver that is dead keeps its row until it is swept. Asked as "one of the dead": a row that another driver
# took between our look and our lock is not free then, whatever is known of that driver here.
_FREE = """(e.driver_id IS NULL OR e.driver_id IN
        (SELECT d.id FROM executions_driver d WHERE d.lease_until < clock_timestamp()))
    AND (e.not_before IS NULL OR e.not_before < clock_timestamp())"""
PAUSE_WANTED = "COALESCE(e.pause_requested_at > COALESCE(e.resume_requested_at, '-infinity'), false)"
# While the site is drained nothing new begins; while a restored database is looked over nothing is taken up.
_DRAINED = "EXISTS (SELECT 1 FROM executions_drain x WHERE x.ended_at IS NULL)"
_HELD_BACK = "EXISTS (SELECT 1 FROM executions_drain x WHERE x.ended_at IS NULL AND x.holds_all)"
_AWAITS = """(e.at_rest AND e.status = 'running' AND e.deadline_at >= clock_timestamp()
        AND COALESCE(e.look_at >= clock_timestamp(), false))"""
# What has begun is taken up as long as anything of it may be under way. Set aside or to be looked over by a
# person, it waits for that person; paused with nothing in flight, for its deadline too, and for the end of
# the time of what people are asked. At rest and running, it waits for answers and decisions: whoever gives
# one ends its rest.
_BEGUN = f"""e.status IN ('running', 'paused', 'cancelling', 'quarantined') AND {_FREE} AND NOT {_HELD_BACK}
    AND (e.cancel_requested_at IS NOT NULL OR (NOT {PAUSE_WANTED} AND NOT {_AWAITS})
        OR ({PAUSE_WANTED} AND e.status <> 'quarantined' AND e.code <> 'needs_review'
            AND (NOT e.at_rest OR e.status = 'running'
                OR LEAST(e.deadline_at, e.look_at) < clock_timestamp())))"""
_QUEUED = f"""e.status = 'queued' AND {_FREE} AND NOT {_HELD_BACK}
    AND (e.cancel_requested_at IS NOT NULL OR e.deadline_at < clock_timestamp()
        OR NOT ({PAUSE_WANTED} OR {_DRAINED}))"""
# One that would only stand in line here, where its connection takes no more, is left in the queue: it would
# keep somebody else's from a place. What only has to be ended needs none.
_WANTED = """(e.cancel_requested_at IS NOT NULL OR e.deadline_at < clock_timestamp()
        OR NOT EXISTS (SELECT 1 FROM unnest(%(crowded)s::uuid[], %(crowding)s::uuid[]) AS c(at, who)
            WHERE c.at = e.connection_id AND c.who = e.started_by_id))"""

# Unfinished executions first, so that those of a dead driver go on before new ones begin. New ones in turn:
# the next place goes to who holds the fewest, and each person's own are taken in their order. People are
# found by jumping through the index from one to the next, and of each no more is read than can be taken: a
# long queue costs no more than a short one. Candidates are looked at again under their lock.
_CLAIM = f"""
WITH RECURSIVE starters(id) AS (
    (SELECT started_by_id FROM renum_team_executions WHERE status = 'queued'
        ORDER BY started_by_id LIMIT 1)
    UNION ALL
    SELECT (SELECT q.started_by_id FROM renum_team_executions q
        WHERE q.status = 'queued' AND q.started_by_id > s.id ORDER BY q.started_by_id LIMIT 1)
    FROM starters s WHERE s.id IS NOT NULL
), held AS (
    SELECT h.started_by_id AS id, count(*) AS held FROM renum_team_executions h
    WHERE h.driver_id IN (SELECT d.id FROM executions_driver d WHERE d.lease_until >= clock_timestamp())
    GROUP BY h.started_by_id
), wanted AS (
    (SELECT e.id, 0 AS place FROM renum_team_executions e WHERE {_BEGUN} ORDER BY e.id LIMIT %(depth)s)
    UNION ALL
    SELECT q.id, COALESCE(h.held, 0) + q.nth FROM starters s LEFT JOIN held h ON h.id = s.id
    CROSS JOIN LATERAL (
        SELECT n.id, row_number() OVER (ORDER BY n.id) AS nth FROM (
            SELECT e.id FROM renum_team_executions e WHERE e.started_by_id = s.id AND {_QUEUED} AND {_WANTED}
            ORDER BY e.id LIMIT %(depth)s) AS n) AS q
    WHERE NOT %(newcomers_only)s OR COALESCE(h.held, 0) + q.nth = 1
), first AS (
    SELECT w.id, w.place FROM wanted w ORDER BY w.place, w.id LIMIT %(depth)s
), c AS (
    SELECT e.id FROM renum_team_executions e JOIN first w ON w.id = e.id
    WHERE (({_BEGUN}) OR ({_QUEUED} AND {_WANTED}))
    ORDER BY w.place, e.id LIMIT %(limit)s FOR UPDATE OF e SKIP LOCKED
)
UPDATE renum_team_executions e
SET driver_id = %(driver_id)s, epoch = e.epoch + 1, at_rest = false, look_at = NULL
FROM c WHERE e.id = c.id RETURNING e.id, e.epoch
"""  # noqa: S608  built of the constants above
# Twice what is taken is looked at, so that drivers that look at the same moment all find something.
_DEPTH = 2
_COUNT = f"""
SELECT count(*) FROM (
    (SELECT 1 FROM renum_team_executions e WHERE {_BEGUN} LIMIT 1000)
    UNION ALL
    (SELECT 1 FROM renum_team_executions e WHERE {_QUEUED} LIMIT 1000)) AS free
"""  # noqa: S608  built of the constants above
# The last thing that made it free, or kept it from being so. No row tells when a driver let go of one in
# order; what its driver wrote last is then the nearest.
_FREE_SINCE = f"""GREATEST(e.created_at, e.not_before, e.resume_requested_at, e.cancel_requested_at,
    (SELECT d.lease_until FROM executions_driver d WHERE d.id = e.driver_id),
    (SELECT max(x.ended_at) FROM executions_drain x),
    CASE WHEN e.at_rest AND e.look_at < clock_timestamp() THEN e.look_at END,
    CASE WHEN {PAUSE_WANTED} AND e.deadline_at < clock_timestamp() THEN e.deadline_at END)"""  # noqa: S608  built of constants
_OLDEST = f"""
SELECT EXTRACT(epoch FROM clock_timestamp() - min(since)) FROM (
    SELECT GREATEST({_FREE_SINCE}, (SELECT v.created_at FROM executions_executionevent v
        WHERE v.execution_id = e.id AND v.seq = e.event_seq)) AS since
    FROM renum_team_executions e WHERE {_BEGUN}
    UNION ALL
    SELECT {_FREE_SINCE} AS since FROM renum_team_executions e WHERE {_QUEUED}) AS free
"""  # noqa: S608  built of the constants above
_STUCK = f"""
SELECT id FROM (
    (SELECT e.id, {_FREE_SINCE} AS since FROM renum_team_executions e WHERE {_BEGUN} LIMIT 1000)
    UNION ALL
    (SELECT e.id, {_FREE_SINCE} AS since FROM renum_team_executions e WHERE {_QUEUED} LIMIT 1000)) AS free
WHERE since < clock_timestamp() - make_interval(secs => %s)
"""  # noqa: S608  built of the constants above
_SWEEP_DRIVERS = """
DELETE FROM executions_driver d WHERE d.lease_until < clock_timestamp() - interval '1 minute'
  AND NOT EXISTS (SELECT 1 FROM renum_team_executions e WHERE e.driver_id = d.id)
"""
# A lease never ends before the beat that renewed it.
_END_LEASE = "UPDATE executions_driver SET lease_until = beat_at WHERE id = %s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """One person's executions on one connection that takes no more of them at present."""

    connection_id: uuid.UUID
    user_id: uuid.UUID


def claim_executions(
    driver_id: uuid.UUID,
    *,
    limit: int,
    newcomers_only: bool = False,
    crowds: Collection[Crowd] = (),
) -> list[tuple[uuid.UUID, int]]:
    """Take up to `limit` free executions for this driver; return each one's id and its new epoch.

    With `newcomers_only`, of the queued ones only the first of each person who has nothing in flight. Nothing
    is begun that would only make one of the `crowds` larger.
    """
    given: dict[str, Any] = {
        "limit": limit,
        "depth": limit * _DEPTH,
        "newcomers_only": newcomers_only,
        "driver_id": driver_id,
        "crowded": [crowd.connection_id for crowd in crowds],
        "crowding": [crowd.user_id for crowd in crowds],
    }
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, given)
        return [(row[0], row[1]) for row in cursor.fetchall()]


def count_claimable() -> int:
    """Return how many executions a driver could take now, counting no further than 1000 of each kind."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT)
        return int(cursor.fetchone()[0])


def find_longest_wait_s() -> float | None:
    """Return the longest time in seconds that an execution has waited for a driver; None where none does.

    For one that its driver let go of in order, the time since that driver's last word on it, which is more.
    """
    with connection.cursor() as cursor:
        cursor.execute(_OLDEST)
        age_s = cursor.fetchone()[0]
    return None if age_s is None else float(age_s)


def list_stuck(*, longer_than_s: float) -> list[uuid.UUID]:
    """Return the executions that have waited longer for a driver, of up to 1000 of each kind that wait."""
    with connection.cursor() as cursor:
        cursor.execute(_STUCK, [longer_than_s])
        return [row[0] for row in cursor.fetchall()]


def delete_dead_drivers() -> int:
    """Delete the rows of drivers long dead that hold nothing; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(_SWEEP_DRIVERS)
        return int(cursor.rowcount)


def end_lease(driver_id: uuid.UUID) -> None:
    """End the lease of a driver that is known to be dead: what it held is free from now on."""
    with connection.cursor() as cursor:
        cursor.execute(_END_LEASE, [driver_id])
