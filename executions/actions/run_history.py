"""What the last executions of a team took and cost, per step and as a whole: the ground of estimates."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Generic, TypeVar

from django.db import connection

LOOKED_AT = 100
"""So many of a team's executions are looked at, the newest first."""
ENOUGH = 3
"""With fewer of them nobody knows what is usual."""

Value = TypeVar("Value", float, Decimal)
StepKey = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual(Generic[Value]):
    """What was usual: the middle one of the samples, and the one that nine of ten do not exceed."""

    median: Value
    p90: Value
    samples: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHistory:
    """Seconds and US dollars, by step and agent and as a whole; what has too few samples is not there."""

    step_s: Mapping[StepKey, Usual[float]] = field(default_factory=dict)
    step_usd: Mapping[StepKey, Usual[Decimal]] = field(default_factory=dict)
    whole_s: Usual[float] | None = None
    whole_usd: Usual[Decimal] | None = None


_RECENT = """
WITH recent AS (
    SELECT id, workflow_version_id, started_at, finished_at, retried_from_id, usage_complete, status
    FROM renum_team_executions WHERE team_id = %(team)s AND status IN ('completed', 'partial')
        AND (%(before)s::uuid IS NULL OR id < %(before)s::uuid)
    ORDER BY id DESC LIMIT %(looked_at)s
)
"""
# percentile_disc returns one of the values: amounts of money stay exact decimals.
_STEP_S = f"""{_RECENT}
SELECT s.step_id, s.agent_id, count(*),
    percentile_disc(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM s.finished_at - s.started_at)),
    percentile_disc(0.9) WITHIN GROUP (ORDER BY extract(epoch FROM s.finished_at - s.started_at))
FROM recent JOIN executions_executionstep s ON s.execution_id = recent.id
WHERE s.status = 'completed' AND s.reused_from_id IS NULL AND s.started_at IS NOT NULL
GROUP BY s.step_id, s.agent_id HAVING count(*) >= %(enough)s
"""  # noqa: S608  built of constants
_STEP_USD = f"""{_RECENT}, cost AS (
    SELECT u.execution_id, u.step_id, u.agent_id, sum(u.cost_usd) AS usd
    FROM recent JOIN renum_ai_usage_logs u ON u.execution_id = recent.id
    WHERE recent.usage_complete
    GROUP BY u.execution_id, u.step_id, u.agent_id HAVING bool_and(u.pricing = 'priced')
)
SELECT step_id, agent_id, count(*), percentile_disc(0.5) WITHIN GROUP (ORDER BY usd),
    percentile_disc(0.9) WITHIN GROUP (ORDER BY usd)
FROM cost GROUP BY step_id, agent_id HAVING count(*) >= %(enough)s
"""  # noqa: S608  built of constants
_WHOLE_S = f"""{_RECENT}
SELECT count(*), percentile_disc(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - started_at)),
    percentile_disc(0.9) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - started_at))
FROM recent WHERE workflow_version_id = %(version)s AND retried_from_id IS NULL AND status = 'completed'
    AND started_at IS NOT NULL HAVING count(*) >= %(enough)s
"""  # noqa: S608  built of constants
_WHOLE_USD = f"""{_RECENT}, cost AS (
    SELECT sum(u.cost_usd) AS usd FROM recent JOIN renum_ai_usage_logs u ON u.execution_id = recent.id
    WHERE workflow_version_id = %(version)s AND retried_from_id IS NULL AND status = 'completed'
        AND usage_complete
    GROUP BY u.execution_id HAVING bool_and(u.pricing = 'priced')
)
SELECT count(*), percentile_disc(0.5) WITHIN GROUP (ORDER BY usd),
    percentile_disc(0.9) WITHIN GROUP (ORDER BY usd) FROM cost HAVING count(*) >= %(enough)s
"""  # noqa: S608  built of constants


def find_run_history(
    *,
    team_id: uuid.UUID,
    version_id: uuid.UUID | None,
    with_steps: bool = True,
    before: uuid.UUID | None = None,
) -> RunHistory:
    """Read what the team's last executions took; the whole only of those of that version, run from the start.

    Without `with_steps` only the whole is read; with `before` only executions older than that one. A cost
    counts where every answer of a model has a price; attempts that failed are part of it.
    """
    asked = {"team": team_id, "version": version_id, "before": before}
    params = {**asked, "looked_at": LOOKED_AT, "enough": ENOUGH}
    with connection.cursor() as cursor:

        def rows(statement: str) -> list[tuple[Decimal, ...]]:
            cursor.execute(statement, params)
            found: list[tuple[Decimal, ...]] = cursor.fetchall()
            return found

        whole_s, whole_usd = rows(_WHOLE_S), rows(_WHOLE_USD)
        step_s, step_usd = (rows(_STEP_S), rows(_STEP_USD)) if with_steps else ([], [])
        return RunHistory(
            step_s={(str(step), str(agent)): _seconds(*rest) for step, agent, *rest in step_s},
            step_usd={(str(step), str(agent)): _dollars(*rest) for step, agent, *rest in step_usd},
            whole_s=_seconds(*whole_s[0]) if whole_s else None,
            whole_usd=_dollars(*whole_usd[0]) if whole_usd else None,
        )


def find_usual_cost(
    *, team_id: uuid.UUID, version_id: uuid.UUID | None, before: uuid.UUID
) -> Usual[Decimal] | None:
    """Return what the whole usually cost before that execution: what was to be expected of it."""
    params = {"team": team_id, "version": version_id, "looked_at": LOOKED_AT, "enough": ENOUGH}
    with connection.cursor() as cursor:
        cursor.execute(_WHOLE_USD, {**params, "before": before})
        row = cursor.fetchone()
    return None if row is None else _dollars(*row)


def _seconds(samples: Decimal, median: Decimal, p90: Decimal) -> Usual[float]:
    return Usual(median=round(float(median), 3), p90=round(float(p90), 3), samples=int(samples))


def _dollars(samples: Decimal, median: Decimal, p90: Decimal) -> Usual[Decimal]:
    return Usual(median=median, p90=p90, samples=int(samples))
