"""Totals: what rows of the ledger add up to. Computed from the rows at each call and kept nowhere here."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Context, Decimal
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import Aggregate, Count, F, Q, QuerySet, Sum
from django.db.models.expressions import Combinable

from billing.models import UsageLog
from billing.pricing import PricingStatus

# Wide enough for any sum of the ledger's column: the default of 28 digits would round large ones.
_MATH = Context(prec=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What some rows add up to.

    `cost_usd` is the sum of the priced rows, to the last digit. It is the whole cost only where `unpriced`
    and `unreported`, the numbers of rows without a price and without tokens, are both 0.
    """

    responses: int = 0
    tokens_input: int = 0
    tokens_output: int = 0
    tokens_cached: int = 0
    tokens_reasoning: int = 0
    cost_usd: Decimal = Decimal(0)
    unpriced: int = 0
    unreported: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            responses=self.responses + other.responses,
            tokens_input=self.tokens_input + other.tokens_input,
            tokens_output=self.tokens_output + other.tokens_output,
            tokens_cached=self.tokens_cached + other.tokens_cached,
            tokens_reasoning=self.tokens_reasoning + other.tokens_reasoning,
            cost_usd=_MATH.add(self.cost_usd, other.cost_usd),
            unpriced=self.unpriced + other.unpriced,
            unreported=self.unreported + other.unreported,
        )

    @property
    def tokens(self) -> int:
        """Tokens in and out."""
        return self.tokens_input + self.tokens_output

    @property
    def unknown(self) -> int:
        """How many answers the cost leaves out."""
        return self.unpriced + self.unreported

    @property
    def is_known(self) -> bool:
        """Whether any answer has a price: where none has, the cost is unknown and not 0."""
        return self.responses > self.unknown

    @property
    def usage_metrics(self) -> dict[str, int]:
        """The counts as JSON values, as executions and runs keep them."""
        return {
            "responses": self.responses,
            "tokens_input": self.tokens_input,
            "tokens_output": self.tokens_output,
            "tokens_cached": self.tokens_cached,
            "tokens_reasoning": self.tokens_reasoning,
            "unreported": self.unreported,
        }

    @property
    def cost_metrics(self) -> dict[str, Any]:
        """The cost as JSON values: a decimal string, never a float."""
        return {"cost_usd": f"{self.cost_usd:f}", "unpriced": self.unpriced}


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What an execution cost: in all, per step, and per agent (an agent may work at several steps)."""

    overall: Tally = Tally()
    by_step: Mapping[str, Tally] = field(default_factory=dict)
    by_agent: Mapping[str, Tally] = field(default_factory=dict)


_SUMS: Mapping[str, Aggregate] = {
    "responses": Count("id"),
    "sum_input": Sum("tokens_input"),
    "sum_output": Sum("tokens_output"),
    "sum_cached": Sum("tokens_cached"),
    "sum_reasoning": Sum("tokens_reasoning"),
    "sum_cost": Sum("cost_usd"),
    "unpriced": Count("id", filter=Q(pricing=PricingStatus.UNPRICED.value)),
    "unreported": Count("id", filter=Q(pricing=PricingStatus.UNREPORTED.value)),
}
# The same for groups, of the columns below.
_ADDED_UP = ("tokens_input", "tokens_output", "tokens_cached", "tokens_reasoning", "cost_usd", "pricing")
_GROUPED_SUMS = ", ".join(
    (
        "COUNT(*)",
        *(f"SUM({column})" for column in _ADDED_UP[:-1]),
        f"COUNT(*) FILTER (WHERE pricing = '{PricingStatus.UNPRICED.value}')",
        f"COUNT(*) FILTER (WHERE pricing = '{PricingStatus.UNREPORTED.value}')",
    )
)


def tally_of_rows(rows: QuerySet[UsageLog]) -> Tally:
    """Add all the rows up, in one query."""
    return _tally(rows.order_by().aggregate(**_SUMS))


def tallies_by(
    rows: QuerySet[UsageLog], *, limit: int | None = None, **keys: Combinable
) -> list[tuple[dict[str, Any], Tally]]:
    """Add the rows up for each combination of the `keys` there is, in one query and in the keys' order.

    `keys` are expressions under a name, one at least. Returns up to `limit` groups, each with its keys.
    """
    query = rows.order_by().values(*_ADDED_UP, **keys).query
    # A page adds up more rows than it would read: PostgreSQL takes the day of a moment for as many groups as
    # there are moments, and sorts a million rows on disk for it. Of a column that comes out of a subquery it
    # makes no such guess; OFFSET 0 keeps the subquery one.
    try:
        meant, params = query.sql_with_params()
    except EmptyResultSet:
        return []
    with connections[rows.db].cursor() as cursor:
        names = [connections[rows.db].ops.quote_name(name) for name in keys]
        places = ", ".join(str(place) for place, _ in enumerate(names, start=1))
        cursor.execute(
            # Names are quoted, and what people wrote is in the parameters.
            f"SELECT {', '.join(names)}, {_GROUPED_SUMS} FROM ({meant} OFFSET 0) AS meant "  # noqa: S608  names that are quoted, sums that are constants
            f"GROUP BY {places} ORDER BY {places} LIMIT %s",
            [*params, limit],
        )
        found = cursor.fetchall()
    return [
        (dict(zip(keys, row, strict=False)), _tally(dict(zip(_SUMS, row[len(keys) :], strict=True))))
        for row in found
    ]


def _tally(sums: Mapping[str, Any]) -> Tally:
    return Tally(
        responses=sums["responses"],
        tokens_input=int(sums["sum_input"] or 0),
        tokens_output=int(sums["sum_output"] or 0),
        tokens_cached=int(sums["sum_cached"] or 0),
        tokens_reasoning=int(sums["sum_reasoning"] or 0),
        cost_usd=sums["sum_cost"] or Decimal(0),
        unpriced=sums["unpriced"],
        unreported=sums["unreported"],
    )


def totals_of_execution(execution_id: uuid.UUID) -> Totals:
    """Add up every row of one execution, failed attempts included, in one query."""
    overall = Tally()
    by_step: dict[str, Tally] = {}
    by_agent: dict[str, Tally] = {}
    rows = UsageLog.objects.filter(execution_id=execution_id)
    for keys, tally in tallies_by(rows, step=F("step_id"), agent=F("agent_id")):
        overall += tally
        by_step[keys["step"]] = by_step.get(keys["step"], Tally()) + tally
        by_agent[keys["agent"]] = by_agent.get(keys["agent"], Tally()) + tally
    return Totals(overall=overall, by_step=by_step, by_agent=by_agent)


def tally_rows(rows: Iterable[UsageLog]) -> Tally:
    """Add up rows that are at hand, without a query: those of one run, for its own metrics."""
    tally = Tally()
    for row in rows:
        tally += Tally(
            responses=1,
            tokens_input=row.tokens_input or 0,
            tokens_output=row.tokens_output or 0,
            tokens_cached=row.tokens_cached or 0,
            tokens_reasoning=row.tokens_reasoning or 0,
            cost_usd=row.cost_usd or Decimal(0),
            unpriced=int(row.pricing == PricingStatus.UNPRICED),
            unreported=int(row.pricing == PricingStatus.UNREPORTED),
        )
    return tally
