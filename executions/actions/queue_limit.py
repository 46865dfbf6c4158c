"""How many executions may wait for a driver: overload is refused aloud, never dropped (reliability P16)."""

from django.conf import settings
from django.db import connection

from teams.actions.refusal import Refusal
from teams.models import User

NEAR = 50
"""So close below a limit a person's starts go one by one, so that many at once do not pass it together."""
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('renum:queued:' || %s, 0))"
_COUNT = """
SELECT (SELECT count(*) FROM (SELECT 1 FROM renum_team_executions
        WHERE status = 'queued' AND started_by_id = %s LIMIT %s) AS own),
    (SELECT count(*) FROM (SELECT 1 FROM renum_team_executions WHERE status = 'queued' LIMIT %s) AS every)
"""


class TooManyQueued(Refusal):
    """The person has as many executions queued as one may have."""

    code = "too_many_queued"
    status = 429
    retry_after_s = 10


class SiteQueueFull(Refusal):
    """The site has as many executions queued as it takes."""

    code = "site_queue_full"
    status = 503
    retry_after_s = 30


def check_queue_limit(by: User) -> None:
    """Raise TooManyQueued or SiteQueueFull where one execution more is too many.

    Call it in the transaction that makes the execution. Executions that a driver has begun do not count.
    """
    own = _count(by)
    if own + NEAR > settings.ORCHESTRATOR.max_queued:
        with connection.cursor() as cursor:
            cursor.execute(_LOCK, [str(by.pk)])
        own = _count(by)
    if own >= settings.ORCHESTRATOR.max_queued:
        raise TooManyQueued(f"You have {own} executions waiting. Start more when some of them have begun.")


def _count(by: User) -> int:
    """Return how many the person has queued, having looked at the site's queue too."""
    limits = settings.ORCHESTRATOR
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [by.pk, limits.max_queued, limits.max_queued_site])
        own, every = cursor.fetchone()
    if every >= limits.max_queued_site:
        raise SiteQueueFull("Too many executions wait at present. Try again in a moment.")
    return int(own)
