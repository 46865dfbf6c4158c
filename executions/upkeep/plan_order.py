"""Whether steps started in the order that their plans ask for: the one check that SQL cannot make."""

import datetime as dt
from collections.abc import Iterator
from typing import NamedTuple

import msgspec
from django.db import connection

from executions.upkeep.checks import FOR_EVER, PLAN_UNREADABLE, STARTED_TOO_EARLY, Check
from teams.workflow.plan import Plan

EXECUTIONS_AT_ONCE = 500

# As text, so that each plan is read once and no row becomes an object of Django's.
_ROWS = """
SELECT e.id::text, e.plan::text, (SELECT jsonb_agg(jsonb_build_array(s.step_id,
        extract(epoch FROM s.started_at), extract(epoch FROM s.finished_at),
        s.reused_from_id IS NOT NULL))::text
    FROM executions_executionstep s WHERE s.execution_id = e.id)
FROM renum_team_executions e WHERE e.created_at >= %s::timestamptz ORDER BY e.id
"""


class _Step(NamedTuple):
    """One step's row: its times are seconds since 1970."""

    step_id: str
    started_at: float | None
    finished_at: float | None
    is_reused: bool


def find_disorder(*, since: dt.datetime | None) -> Iterator[tuple[Check, str]]:
    """Yield each breach with its check; rows are read in batches, so that any number of them fits.

    To be called inside a transaction.
    """
    with connection.chunked_cursor() as cursor:
        cursor.execute(_ROWS, [FOR_EVER if since is None else since.isoformat()])
        while rows := cursor.fetchmany(EXECUTIONS_AT_ONCE):
            for execution_id, plan, steps in rows:
                yield from _look_at(execution_id, plan, steps)


def _look_at(execution_id: str, stored_plan: str, stored_steps: str | None) -> Iterator[tuple[Check, str]]:
    rows = {step.step_id: step for step in msgspec.json.decode(stored_steps or "[]", type=list[_Step])}
    try:
        plan = msgspec.json.decode(stored_plan, type=Plan)
    except msgspec.ValidationError:
        yield PLAN_UNREADABLE, execution_id
        return
    if rows.keys() != {step.id for step in plan.steps}:
        yield PLAN_UNREADABLE, execution_id
        return
    for step_id in _started_too_early(plan, rows):
        yield STARTED_TOO_EARLY, f"{execution_id} {step_id}"


def _started_too_early(plan: Plan, rows: dict[str, _Step]) -> Iterator[str]:
    for planned in plan.steps:
        row = rows[planned.id]
        # A reused step keeps the times of the execution that it comes from; "any" waits for one only.
        if row.started_at is None or row.is_reused or planned.join == "any_success":
            continue
        ends = [rows[name].finished_at for name in planned.depends]
        if any(end is None or end > row.started_at for end in ends):
            yield planned.id
