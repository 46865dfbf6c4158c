"""Draining: drivers begin nothing new while what is under way goes on to its end.

What is accepted meanwhile is kept, queued, and begins when the drain is over. The state is a row, so it holds
for every host and outlives every restart. The claims of `executions.orchestrator.claim` obey it.
"""

import time
import uuid
from dataclasses import dataclass

from django.db import connection, transaction

from executions.models import Drain
from executions.orchestrator.unknown_start import START_UNKNOWN
from teams.models.uuid7 import new_id

LOOK_S = 0.5
MAX_SHOWN = 20

_BEGIN = """
INSERT INTO executions_drain (id, holds_all, reason, begun_by, begun_at, ended_by)
VALUES (%s, %s, %s, %s, clock_timestamp(), '')
ON CONFLICT (holds_all) WHERE ended_at IS NULL DO NOTHING
"""
_END = """
UPDATE executions_drain SET ended_at = clock_timestamp(), ended_by = %s
WHERE ended_at IS NULL AND holds_all = %s
"""
_OPEN_RUN = "('starting', 'running', 'unknown')"
# Of a start that a person has to decide about nobody knows a run, and they may take as long as they like.
_GOES_ON = f"""
    SELECT 1 FROM renum_team_agent_executions r
    JOIN executions_executionstep s ON s.id = r.step_id
    WHERE r.execution_id = e.id AND r.status IN {_OPEN_RUN}
      AND NOT (r.suna_run_id IS NULL AND s.status = 'start_uncertain' AND s.code = '{START_UNKNOWN}'
               AND r.start_decision = '')
"""  # noqa: S608  built of constants
# Where a person holds an execution, or is asked by one, only the runs that still go on are under way.
_IN_FLIGHT = f"""
SELECT e.id, e.status, count(*) OVER (),
    (SELECT count(*) FROM renum_team_agent_executions r
     WHERE r.execution_id = e.id AND r.status IN {_OPEN_RUN}) AS runs
FROM renum_team_executions e
WHERE (e.status IN ('running', 'cancelling') AND NOT e.at_rest)
   OR (e.status IN ('queued', 'paused') AND e.driver_id IS NOT NULL)
   OR (e.status IN ('paused', 'quarantined') AND EXISTS ({_GOES_ON}))
ORDER BY e.id LIMIT {MAX_SHOWN}
"""  # noqa: S608  built of constants


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderWay:
    """One execution that is not at rest: its status and how many of its runs may still go on in Suna."""

    execution_id: uuid.UUID
    status: str
    runs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InFlight:
    """How many executions are not at rest, and the first of them, at most 20."""

    count: int
    first: tuple[UnderWay, ...]


def find_drain() -> Drain | None:
    """Return the drain that is on, the stricter one where there are two; None where drivers work as ever."""
    return Drain.objects.filter(ended_at=None).order_by("-holds_all").first()


def begin_drain(*, by: str, reason: str = "", holds_all: bool = False) -> Drain:
    """Begin a drain and return it; where one is on already that one stays, with its own reason.

    With `holds_all` nothing at all is claimed, which is what a restore needs.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_BEGIN, [new_id(), holds_all, reason[:200], by[:150]])
        return Drain.objects.get(ended_at=None, holds_all=holds_all)


def end_drain(*, by: str, holds_all: bool = False) -> bool:
    """End the drain; return whether one was on."""
    with connection.cursor() as cursor:
        cursor.execute(_END, [by[:150], holds_all])
        return bool(cursor.rowcount)


def count_in_flight() -> InFlight:
    """Return what is not at rest: all that a drain waits for."""
    with connection.cursor() as cursor:
        cursor.execute(_IN_FLIGHT)
        rows = cursor.fetchall()
    first = tuple(UnderWay(execution_id=row[0], status=row[1], runs=row[3]) for row in rows)
    return InFlight(count=rows[0][2] if rows else 0, first=first)


def wait_for_rest(*, timeout_s: float) -> InFlight:
    """Return as soon as nothing is in flight, or what is left when the time is over."""
    until = time.monotonic() + timeout_s
    while True:
        left = count_in_flight()
        if left.count == 0 or time.monotonic() >= until:
            return left
        time.sleep(min(LOOK_S, max(0.0, until - time.monotonic())))
