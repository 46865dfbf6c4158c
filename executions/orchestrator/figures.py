"""Figures for operators, read from rows and from Redis; each family costs one statement that an index bounds.

Ages are seconds by PostgreSQL's clock. A family without a sample means that there is nothing to tell. What
they mean and what to do about them: docs/operations.md.
"""

import datetime as dt
import logging
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django_redis import get_redis_connection
from redis.exceptions import RedisError

from executions.models import Drain
from executions.orchestrator.claim import count_claimable, find_longest_wait_s
from executions.orchestrator.queue import DRIVERS, TASKS, count_queued
from executions.orchestrator.swept import find_swept_at
from teams.models.database_time import database_now

logger = logging.getLogger(__name__)

UNFINISHED = ("queued", "running", "paused", "cancelling", "quarantined")
LAST_HOUR = dt.timedelta(hours=1)

Sample = tuple[Mapping[str, str], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One figure, with a sample for each set of labels."""

    name: str
    help: str
    samples: Sequence[Sample]


# The conditions are those of the indexes execution_begun and execution_queued.
_EXECUTIONS = """
SELECT status, count(*), extract(epoch FROM clock_timestamp() - min(created_at)) FROM renum_team_executions
WHERE status IN ('running', 'paused', 'cancelling', 'quarantined') GROUP BY status
UNION ALL
SELECT status, count(*), extract(epoch FROM clock_timestamp() - min(created_at)) FROM renum_team_executions
WHERE status = 'queued' GROUP BY status
"""
_FINISHED = """
SELECT status, count(*) FROM renum_team_executions WHERE finished_at > %s GROUP BY status
"""
_STEPS = """
SELECT s.status, s.code, count(*) FROM renum_team_executions e
JOIN executions_executionstep s ON s.execution_id = e.id
WHERE e.status IN ('running', 'paused', 'cancelling')
  AND s.status IN ('ready', 'retrying', 'start_uncertain', 'waiting_input', 'starting')
GROUP BY s.status, s.code
"""
_RUNS = """
SELECT status, count(*) FROM renum_team_agent_executions
WHERE status IN ('created', 'starting', 'running', 'unknown') GROUP BY status
"""
_DRIVERS = """
SELECT
    CASE WHEN lease_until < clock_timestamp() THEN 'expired' WHEN stopping THEN 'stopping' ELSE 'alive' END,
    count(*), sum(in_flight), sum(capacity), max(extract(epoch FROM clock_timestamp() - beat_at))
FROM executions_driver GROUP BY 1
"""
_CONNECTIONS = """
SELECT count(*) FILTER (WHERE paused_code <> ''), count(*) FILTER (WHERE throttled_until > clock_timestamp()),
    count(*) FROM teams_sunaconnection
"""
_UNPRICED = "SELECT count(*) FROM renum_ai_usage_logs WHERE pricing = 'unpriced'"
_USAGE_MISSING = """
SELECT count(*) FROM renum_team_executions WHERE NOT usage_complete AND finished_at IS NOT NULL
"""
_LATE_RUNS = "SELECT count(*) FROM renum_team_agent_executions WHERE id >= %s AND code = 'late_run'"


def read_figures() -> list[Family]:
    """Read all families; without Redis its part is left out. Raises django.db.Error without PostgreSQL."""
    now = database_now()
    return [*_read_executions(now), *_read_drivers(), *_read_others(now), *_read_redis(now)]


def _read_executions(now: dt.datetime) -> Iterator[Family]:
    rows = {status: (count, age_s) for status, count, age_s in _ask(_EXECUTIONS)}
    yield Family(
        name="renum_executions",
        help="Executions that are not over, by status.",
        samples=[({"status": status}, rows.get(status, (0, 0))[0]) for status in UNFINISHED],
    )
    yield Family(
        name="renum_oldest_execution_age_seconds",
        help="Age of the oldest execution in each status.",
        samples=[({"status": status}, age_s) for status, (_count, age_s) in sorted(rows.items())],
    )
    yield Family(
        name="renum_executions_finished_last_hour",
        help="Executions that ended within the last hour, by status.",
        samples=[({"status": status}, count) for status, count in _ask(_FINISHED, [now - LAST_HOUR])],
    )
    yield _single(
        "renum_executions_unclaimed", "Executions free to be claimed, up to 1000.", count_claimable()
    )
    yield _single(
        "renum_oldest_unclaimed_age_seconds",
        "Longest time that an execution free to be claimed has been so, as far as rows tell.",
        find_longest_wait_s() or 0,
    )
    drains = Drain.objects.filter(ended_at=None).count()
    yield _single("renum_draining", "Whether nothing new is begun because somebody drains.", bool(drains))
    yield Family(
        name="renum_steps_waiting",
        help="Steps that are ready or under way and wait, by status and reason.",
        samples=[({"status": status, "reason": code}, count) for status, code, count in _ask(_STEPS)],
    )


def _read_drivers() -> Iterator[Family]:
    rows = {state: values for state, *values in _ask(_DRIVERS)}
    states = ("alive", "stopping", "expired")
    none = (0, 0, 0, None)
    for position, (name, help_text) in enumerate(
        (
            ("renum_drivers", "Drivers by state; expired: died or lost PostgreSQL, not swept yet."),
            ("renum_drivers_in_flight", "Executions that drivers say they hold."),
            ("renum_drivers_capacity", "Executions that drivers could hold."),
        )
    ):
        samples = [({"state": state}, float(rows.get(state, none)[position] or 0)) for state in states]
        yield Family(name=name, help=help_text, samples=samples)
    beats = [({"state": state}, float(rows[state][3])) for state in states if state in rows]
    yield Family(name="renum_driver_beat_age_seconds", help="Age of the oldest last beat.", samples=beats)


def _read_others(now: dt.datetime) -> Iterator[Family]:
    counts = dict(_ask(_RUNS))
    yield Family(
        name="renum_agent_runs",
        help="Runs in Suna that are not over, by status.",
        samples=[
            ({"status": status}, counts.get(status, 0))
            for status in ("created", "starting", "running", "unknown")
        ],
    )
    [(paused, throttled, every)] = _ask(_CONNECTIONS)
    states = {"paused": paused, "throttled": throttled, "all": every}
    yield Family(
        name="renum_connections",
        help="Connections to Suna; paused: they wait for a person; throttled: starts wait.",
        samples=[({"state": state}, count) for state, count in states.items()],
    )
    [(unpriced,)] = _ask(_UNPRICED)
    yield _single("renum_ledger_unpriced", "Answers of models that have no price.", unpriced)
    [(missing,)] = _ask(_USAGE_MISSING)
    yield _single(
        "renum_usage_missing", "Executions that are over and whose usage is not whole yet.", missing
    )
    [(late,)] = _ask(_LATE_RUNS, [_first_id_since(now - LAST_HOUR)])
    yield _single("renum_late_runs_last_hour", "Runs that Suna began after their attempt was given up.", late)


def _read_redis(now: dt.datetime) -> Iterator[Family]:
    try:
        get_redis_connection("default").ping()
        depths = [({"cluster": name}, float(count_queued(name))) for name in (DRIVERS, TASKS)]
        swept_at = find_swept_at()
    except (RedisError, OSError) as error:
        logger.warning("no figures from Redis: %s", type(error).__name__)
        yield _single("renum_redis_up", "Whether Redis answers.", 0)
        return
    yield _single("renum_redis_up", "Whether Redis answers.", 1)
    yield Family(name="renum_queue_depth", help="Messages that wait for a cluster.", samples=depths)
    if swept_at is not None:
        age_s = max(0.0, (now - swept_at).total_seconds())
        yield _single("renum_sweep_age_seconds", "Time since the last sweep ended.", age_s)


def _single(name: str, help_text: str, value: float) -> Family:
    return Family(name=name, help=help_text, samples=[({}, float(value))])


def _ask(sql: str, params: Sequence[uuid.UUID | dt.datetime] = ()) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, list(params))
        return list(cursor.fetchall())


def _first_id_since(moment: dt.datetime) -> uuid.UUID:
    """Return the least id that could have been made then: ids begin with their milliseconds (RFC 9562)."""
    return uuid.UUID(int=int(moment.timestamp() * 1000) << 80)
