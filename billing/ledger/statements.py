"""Closing months: statements are made of what the ledger holds, less what earlier ones told of it.

The difference holds everything that came later: an answer recorded after its month was closed, a price that
was given or set anew. So all statements of a payer together are always what their rows came to when the
newest was closed, and no row is told twice.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.db import connection, transaction
from django.db.models import Max, Min

from billing.ledger.totals import Tally
from billing.models import Statement, StatementLine, UsageLog
from billing.models.statement import COUNTS
from billing.pricing import PricingStatus
from teams.models import User

GRACE_DAYS = 3
"""How long after a month's end its statement waits for usage that comes late."""

_KEYS = "month, team_name, agent_id, model_provider, model_name, api_key_type"
_SUMS = (*COUNTS, "cost_usd")
# The month comes out of a subquery (OFFSET 0), as days do in billing/ledger/totals.py.
_OWED = f"""
SELECT {_KEYS}, count(*) AS responses, COALESCE(sum(tokens_input), 0) AS tokens_input,
    COALESCE(sum(tokens_output), 0) AS tokens_output, COALESCE(sum(tokens_cached), 0) AS tokens_cached,
    COALESCE(sum(tokens_reasoning), 0) AS tokens_reasoning,
    count(*) FILTER (WHERE pricing = '{PricingStatus.UNPRICED.value}') AS unpriced,
    count(*) FILTER (WHERE pricing = '{PricingStatus.UNREPORTED.value}') AS unreported,
    COALESCE(sum(cost_usd), 0) AS cost_usd
FROM (
    SELECT date_trunc('month', created_at AT TIME ZONE 'UTC')::date AS month, *
    FROM renum_ai_usage_logs WHERE payer_id = %(payer)s AND created_at < %(end)s OFFSET 0
) AS rows GROUP BY {_KEYS}
"""  # noqa: S608  constants
_TOLD = f"""
SELECT {_KEYS.replace("month", "l.month")}, {", ".join(f"-sum(l.{name}) AS {name}" for name in _SUMS)}
FROM renum_statement_lines l JOIN renum_statements s ON s.id = l.statement_id
WHERE s.payer_id = %(payer)s GROUP BY {_KEYS.replace("month", "l.month")}
"""  # noqa: S608  constants
_OPEN = f"""
SELECT {_KEYS}, {", ".join(f"sum({name}) AS {name}" for name in _SUMS)}
FROM (
    SELECT {_KEYS}, {", ".join(_SUMS)} FROM ({_OWED}) AS owed
    UNION ALL SELECT {_KEYS}, {", ".join(_SUMS)} FROM ({_TOLD}) AS told
) AS both_sides
GROUP BY {_KEYS} HAVING {" OR ".join(f"sum({name}) <> 0" for name in _SUMS)} ORDER BY {_KEYS}
"""  # noqa: S608  constants


def last_month_to_close(now: dt.datetime) -> dt.date:
    """Return the first day of the newest month that is over, in UTC, for at least GRACE_DAYS."""
    closing = (now.astimezone(dt.UTC) - dt.timedelta(days=GRACE_DAYS)).date().replace(day=1)
    return (closing - dt.timedelta(days=1)).replace(day=1)


def close_statements(*, now: dt.datetime) -> Iterator[Statement]:
    """Close every month that is over and not closed, payer by payer, the oldest month first, and yield each.

    `now` is PostgreSQL's time. A month of which there is nothing to tell has no statement. Each payer is a
    transaction, so that it can be broken off and begun again; who closes at the same time waits.
    """
    newest = last_month_to_close(now)
    payers = (
        UsageLog.objects.filter(payer__isnull=False, created_at__lt=_begin(_after(newest)))
        .order_by("payer")
        .values_list("payer", flat=True)
        .distinct()
    )
    for payer_id in list(payers):
        yield from _close_payer(payer_id, newest=newest)


def tally_of(row: Statement | StatementLine) -> Tally:
    """Return a statement's or a line's figures as sums of the ledger are told."""
    return Tally(cost_usd=row.cost_usd, **{name: getattr(row, name) for name in COUNTS})


@transaction.atomic
def _close_payer(payer_id: Any, *, newest: dt.date) -> list[Statement]:
    payer = User.objects.select_for_update(no_key=True).filter(pk=payer_id).first()
    if payer is None:
        return []
    last = Statement.objects.filter(payer=payer).aggregate(last=Max("month"))["last"]
    if last is None:
        first = UsageLog.objects.filter(payer=payer).aggregate(first=Min("created_at"))["first"]
        month = first.astimezone(dt.UTC).date().replace(day=1)
    else:
        month = _after(last)
    closed = []
    while month <= newest:
        statement = _close_month(payer, month)
        if statement is not None:
            closed.append(statement)
        month = _after(month)
    return closed


def _close_month(payer: User, month: dt.date) -> Statement | None:
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, {"payer": payer.pk, "end": _begin(_after(month))})
        names = [column.name for column in cursor.description or ()]
        found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    if not found:
        return None
    sums = {name: sum(line[name] for line in found) for name in _SUMS}
    statement = Statement.objects.create(
        payer=payer, payer_name=payer.get_username(), month=month, closed_at=None, **sums
    )
    StatementLine.objects.bulk_create(
        (StatementLine(statement=statement, **line) for line in found), batch_size=1_000
    )
    # From here on a trigger refuses every change.
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE renum_statements SET closed_at = clock_timestamp() WHERE id = %s", [statement.pk]
        )
    statement.refresh_from_db()
    return statement


def lines_of(statement: Statement) -> list[StatementLine]:
    """Return the lines: those of the month first, then corrections of earlier months, the newest first."""
    rows = StatementLine.objects.filter(statement=statement)
    return list(
        rows.select_related("statement").order_by(
            "-month", "team_name", "agent_id", "model_provider", "model_name", "api_key_type"
        )
    )


def _after(month: dt.date) -> dt.date:
    return (month.replace(day=28) + dt.timedelta(days=4)).replace(day=1)


def _begin(month: dt.date) -> dt.datetime:
    return dt.datetime(month.year, month.month, 1, tzinfo=dt.UTC)
