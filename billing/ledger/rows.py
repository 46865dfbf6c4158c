"""Reading single rows of the ledger, and narrowing them down.

Who may see the rows of an execution is decided by who may see the execution; the rows of many executions come
from `UsageLog.objects.for_user`.
"""

import datetime as dt
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import QuerySet

from billing.models import UsageLog

ROWS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowed:
    """Which rows are meant: those that have every value that is given. `until` is not included."""

    team_id: uuid.UUID | None = None
    execution_id: uuid.UUID | None = None
    started_by_id: uuid.UUID | None = None
    payer_id: uuid.UUID | None = None
    agent_id: str | None = None
    step_id: str | None = None
    model_provider: str | None = None
    model_name: str | None = None
    api_key_type: str | None = None
    pricing: str | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None


def rows_of_execution(execution_id: uuid.UUID) -> QuerySet[UsageLog]:
    """Return the rows of one execution, failed attempts included, newest first."""
    return UsageLog.objects.filter(execution_id=execution_id).order_by("-id")


def narrow(rows: QuerySet[UsageLog], to: Narrowed) -> QuerySet[UsageLog]:
    """Return those of the rows that are meant."""
    wanted = {
        "team_id": to.team_id,
        "execution_id": to.execution_id,
        "started_by_id": to.started_by_id,
        "payer_id": to.payer_id,
        "agent_id": to.agent_id,
        "step_id": to.step_id,
        "model_provider": to.model_provider,
        "model_name": to.model_name,
        "api_key_type": to.api_key_type,
        "pricing": to.pricing,
        "created_at__gte": to.since,
        "created_at__lt": to.until,
    }
    return rows.filter(**{lookup: value for lookup, value in wanted.items() if value is not None})


def each_row(rows: QuerySet[UsageLog]) -> Iterator[UsageLog]:
    """Yield the rows, newest first, in queries of a thousand: no cursor and no transaction is held between.

    A row that is recorded meanwhile is newer than those that are still to come, and is left out.
    """
    newest_first = rows.order_by("-id")
    batch = list(newest_first[:ROWS_AT_ONCE])
    while batch:
        yield from batch
        if len(batch) < ROWS_AT_ONCE:
            return
        batch = list(newest_first.filter(id__lt=batch[-1].id)[:ROWS_AT_ONCE])
