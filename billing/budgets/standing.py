"""How a budget stands now: what is spent, kept free and left of its current period. Only read here."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Sum

from billing.budgets.periods import period_of
from billing.models import Budget, BudgetPeriod, BudgetSpan, Reservation


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The current period of a budget, in US dollars; `left_usd` is never below 0.

    `unpriced` counts the answers whose price nobody knows: what is spent leaves them out.
    """

    starts_at: dt.datetime
    ends_at: dt.datetime
    limit_usd: Decimal
    spent_usd: Decimal
    reserved_usd: Decimal
    unpriced: int

    @property
    def left_usd(self) -> Decimal:
        """What may be spent still."""
        return max(self.limit_usd - self.spent_usd - self.reserved_usd, Decimal(0))

    @property
    def percent(self) -> int:
        """How much of the limit is spent, in whole percent, rounded down."""
        return int(self.spent_usd * 100 / self.limit_usd)


def find_standings(budgets: Sequence[Budget], *, at: dt.datetime) -> dict[uuid.UUID, Standing]:
    """Return how each budget stands at `at`, by its id; a budget of executions has no period of its own."""
    current = {
        budget.id: period_of(budget.span, time_zone=budget.time_zone, at=at)
        for budget in budgets
        if budget.span != BudgetSpan.RUN
    }
    starts = {period.starts_at for period in current.values()}
    found = BudgetPeriod.objects.filter(budget_id__in=current, starts_at__in=starts)
    rows = {row.budget_id: row for row in found if row.starts_at == current[row.budget_id].starts_at}
    held = dict(
        Reservation.objects.filter(period__in=rows.values(), settled_at__isnull=True)
        .order_by()
        .values_list("period__budget_id")
        .annotate(usd=Sum("amount_usd"))
    )
    standings: dict[uuid.UUID, Standing] = {}
    for budget in budgets:
        period = current.get(budget.id)
        if period is None:
            continue
        row = rows.get(budget.id)
        # Without a row nothing has fallen into the period: the first is made with its budget.
        spent, unpriced = (row.spent_usd, row.unpriced) if row else (Decimal(0), 0)
        standings[budget.id] = Standing(
            starts_at=period.starts_at,
            ends_at=period.ends_at,
            limit_usd=budget.limit_usd,
            spent_usd=spent,
            reserved_usd=held.get(budget.id, Decimal(0)),
            unpriced=unpriced,
        )
    return standings
