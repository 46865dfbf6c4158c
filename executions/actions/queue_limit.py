"""How many executions may wait for a driver: overload is refused aloud, never dropped (reliability P16).

Those that are paused before they began wait for a person. They keep nobody from starting others: they have a
limit of their own, as high, which is asked when one more is to be paused.
"""

from django.conf import settings
from django.db import connection

from executions.engine.state import ExecutionStatus
from executions.models import Execution
from executions.orchestrator.claim import PAUSE_WANTED
from teams.actions.refusal import Refusal
from teams.models import User

NEAR = 50
"""So close below a limit a person's starts go one by one, so that many at once do not pass it together."""
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('renum:queued:' || %s, 0))"
_COUNT = f"""
SELECT (SELECT count(*) FROM (SELECT 1 FROM renum_team_executions e
        WHERE e.status = 'queued' AND NOT {PAUSE_WANTED} AND e.started_by_id = %s LIMIT %s) AS own),
    (SELECT count(*) FROM (SELECT 1 FROM renum_team_executions e
        WHERE e.status = 'queued' AND NOT {PAUSE_WANTED} LIMIT %s) AS every)
"""  # noqa: S608  built of a constant
_COUNT_PAUSED = f"""
SELECT count(*) FROM (SELECT 1 FROM renum_team_executions e
    WHERE e.status = 'queued' AND {PAUSE_WANTED} AND e.started_by_id = %s AND e.id <> %s LIMIT %s) AS own
"""  # noqa: S608  built of a constant


class TooManyQueued(Refusal):
    """The person has as many executions queued as one may have."""

    code = "too_many_queued"
    status = 429
    retry_after_s = 10


class TooManyPaused(Refusal):
    """As many executions of the person who started this one are paused before they began as may be."""

    code = "too_many_paused"


class SiteQueueFull(Refusal):
    """The site has as many executions queued as it takes."""

    code = "site_queue_full"
    status = 503
    retry_after_s = 30


def check_queue_limit(by: User) -> None:
    """Raise TooManyQueued or SiteQueueFull where one execution more is too many.

    Call it in the transaction that makes the execution. What a driver has begun does not count, and neither
    does what waits for a person.
    """
    own = _count(by)
    if own + NEAR > settings.ORCHESTRATOR.max_queued:
        _go_one_by_one(by.pk)
        own = _count(by)
    if own >= settings.ORCHESTRATOR.max_queued:
        raise TooManyQueued(f"You have {own} executions waiting. Start more when some of them have begun.")


def check_paused_limit(execution: Execution) -> None:
    """Raise TooManyPaused where one paused execution more that has not begun is too many.

    Call it in the transaction that pauses the execution.
    """
    if execution.status != ExecutionStatus.QUEUED:
        return
    limit = settings.ORCHESTRATOR.max_queued
    paused = _count_paused(execution, limit)
    if paused + NEAR > limit:
        _go_one_by_one(execution.started_by_id)
        paused = _count_paused(execution, limit)
    if paused >= limit:
        raise TooManyPaused("Too many executions are paused before they began. Resume or cancel some first.")


def _count_paused(execution: Execution, limit: int) -> int:
    """Return how many others of the same person are paused before they began, no more than the limit."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_PAUSED, [execution.started_by_id, execution.pk, limit])
        return int(cursor.fetchone()[0])


def _go_one_by_one(user_id: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [str(user_id)])


def _count(by: User) -> int:
    """Return how many the person has queued, having looked at the site's queue too."""
    limits = settings.ORCHESTRATOR
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [by.pk, limits.max_queued, limits.max_queued_site])
        own, every = cursor.fetchone()
    if every >= limits.max_queued_site:
        raise SiteQueueFull("Too many executions wait at present. Try again in a moment.")
    return int(own)
