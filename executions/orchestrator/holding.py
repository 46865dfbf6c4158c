"""What a driver asks and says of the executions that it holds: whose they are, what people wish, letting go.

No status is written here, and nothing is taken: that is `commit` and `claim`. A row that somebody else has
locked is not waited for: OperationalError says so, and the call is repeated.
"""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import connection

from executions.orchestrator.claim import PAUSE_WANTED
from executions.orchestrator.database_calls import brief_locks

SET_ASIDE_S = 60

_WISHES = f"""
SELECT e.id, e.cancel_requested_at IS NOT NULL, {PAUSE_WANTED}, statement_timestamp()
FROM renum_team_executions e
WHERE e.driver_id = %s AND (e.cancel_requested_at IS NOT NULL OR e.pause_requested_at IS NOT NULL)
"""  # noqa: S608  built of a constant
_DECISIONS = """
SELECT r.execution_id, s.step_id, r.id, r.start_decision
FROM renum_team_agent_executions r
JOIN renum_team_executions e ON e.id = r.execution_id
JOIN executions_executionstep s ON s.id = r.step_id
WHERE e.driver_id = %s AND r.status = 'starting' AND r.start_decision <> ''
"""
# Our own raise of an epoch may not have been noted by us yet: what still names us as its driver is ours.
_TAKEN = """
SELECT count(*) FROM renum_team_executions e
JOIN unnest(%s::uuid[], %s::int[]) AS h(id, epoch) ON h.id = e.id
WHERE e.epoch > h.epoch AND e.driver_id IS DISTINCT FROM %s
"""
_SET_ASIDE = """
UPDATE renum_team_executions
SET driver_id = NULL, not_before = clock_timestamp() + make_interval(secs => %s)
WHERE id = %s AND driver_id = %s AND epoch = %s
"""
_LOCK = "SELECT id FROM renum_team_executions WHERE id = %s FOR NO KEY UPDATE"
# A statement of its own, after the lock: it sees an answer that was committed while the lock was waited for.
_LEAVE_AT_REST = """
UPDATE renum_team_executions e SET driver_id = NULL, at_rest = NOT EXISTS (
        SELECT 1 FROM executions_question q WHERE q.execution_id = e.id
        AND q.state IN ('answered', 'expired') AND NOT q.heard)
    AND NOT EXISTS (
        SELECT 1 FROM renum_team_agent_executions r WHERE r.execution_id = e.id
        AND r.status = 'starting' AND r.start_decision <> ''),
    look_at = LEAST(%s, (SELECT min(q.expires_at) FROM executions_question q
        WHERE q.execution_id = e.id AND q.state = 'open'))
WHERE id = %s AND driver_id = %s AND epoch = %s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What people wish of one execution, as of `at` by PostgreSQL's clock."""

    execution_id: uuid.UUID
    cancel_requested: bool
    pause_requested: bool
    at: dt.datetime


def find_wishes(driver_id: uuid.UUID) -> list[Wishes]:
    """Return what people wish of the driver's executions; those of which nobody ever wished anything lack."""
    with connection.cursor() as cursor:
        cursor.execute(_WISHES, [driver_id])
        return [
            Wishes(execution_id=row[0], cancel_requested=row[1], pause_requested=row[2], at=row[3])
            for row in cursor.fetchall()
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class StartDecided:
    """What a person decided of a run of which nobody knows whether it was started."""

    execution_id: uuid.UUID
    step_id: str
    run_id: uuid.UUID
    decision: str


def find_start_decisions(driver_id: uuid.UUID) -> list[StartDecided]:
    """Return what was decided of starts in doubt in the driver's executions and is not obeyed yet."""
    with connection.cursor() as cursor:
        cursor.execute(_DECISIONS, [driver_id])
        return [
            StartDecided(execution_id=row[0], step_id=row[1], run_id=row[2], decision=row[3])
            for row in cursor.fetchall()
        ]


def find_held(driver_id: uuid.UUID) -> list[tuple[uuid.UUID, int]]:
    """Return what is claimed for the driver, each execution with its epoch."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, epoch FROM renum_team_executions WHERE driver_id = %s", [driver_id])
        return [(row[0], row[1]) for row in cursor.fetchall()]


def count_taken(driver_id: uuid.UUID, held: Mapping[uuid.UUID, int]) -> int:
    """Return how many of the executions that the driver thinks it holds, by epoch, are another's by now."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKEN, [list(held), list(held.values()), driver_id])
        return int(cursor.fetchone()[0])


def raise_epoch(execution_id: uuid.UUID, driver_id: uuid.UUID, *, epoch: int) -> int | None:
    """Raise the epoch of an execution that the driver holds with this one; None where it does not.

    An answer that was lost leaves the epoch raised: one more is as good.
    """
    with brief_locks(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE renum_team_executions SET epoch = epoch + 1"
            " WHERE id = %s AND driver_id = %s AND epoch >= %s RETURNING epoch",
            [execution_id, driver_id, epoch],
        )
        row = cursor.fetchone()
    return None if row is None else int(row[0])


def set_aside(execution_id: uuid.UUID, driver_id: uuid.UUID, *, epoch: int) -> None:
    """Let go of an execution that can neither be carried on nor ended, for a while: others come first."""
    with brief_locks(), connection.cursor() as cursor:
        cursor.execute(_SET_ASIDE, [SET_ASIDE_S, execution_id, driver_id, epoch])


def leave_at_rest(
    execution_id: uuid.UUID, driver_id: uuid.UUID, *, epoch: int, until: dt.datetime | None = None
) -> None:
    """Let go of an execution with nothing in flight that is paused or waits for people.

    It is looked at again when the time of a question is up, or at `until`. Whoever asked for it to go on
    meanwhile is not overlooked: the claim reads the wish itself. One whose question was answered meanwhile,
    or of one of whose starts a person decided, is let go of without rest.
    """
    with brief_locks(), connection.cursor() as cursor:
        cursor.execute(_LOCK, [execution_id])
        cursor.execute(_LEAVE_AT_REST, [until, execution_id, driver_id, epoch])
