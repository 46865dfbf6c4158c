"""Adding what the ledger's new rows cost to the periods of the budgets that they fall under."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal

from billing.budgets.alerts import note_alert
from billing.budgets.period_rows import PeriodKey, find_budgets, key_of, lock_periods
from billing.models import Budget, BudgetScope, UsageLog
from billing.pricing import PricingStatus

_MATH = Context(prec=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """By how much a row of the ledger changed what is spent, and how many answers have no price."""

    row: UsageLog
    usd: Decimal
    unpriced: int


@dataclass(slots=True)
class _Added:
    usd: Decimal = Decimal(0)
    unpriced: int = 0


def count_usage(rows: Sequence[UsageLog], *, at: dt.datetime) -> None:
    """Count rows that this very transaction has appended to the ledger, as the last thing that it does.

    One query where no budget concerns them. What a period's row was made with by now holds them already.
    """
    count_differences(
        [
            Difference(
                row=row,
                usd=row.cost_usd or Decimal(0),
                unpriced=int(row.pricing != PricingStatus.PRICED.value),
            )
            for row in rows
        ],
        at=at,
    )


def count_differences(found: Sequence[Difference], *, at: dt.datetime) -> None:
    """Count what this very transaction has changed in the ledger, as the last thing that it does."""
    if not found:
        return
    rows = [one.row for one in found]
    budgets = find_budgets(
        payers={row.payer_id for row in rows if row.payer_id is not None},
        teams={row.team_id for row in rows if row.team_id is not None},
        only_active=False,
    )
    if not budgets:
        return
    added: defaultdict[PeriodKey, _Added] = defaultdict(_Added)
    keys: dict[PeriodKey, Budget] = {}
    for budget in budgets:
        for one in found:
            if not _falls_under(budget, one.row):
                continue
            key = key_of(budget, execution_id=one.row.execution_id, at=one.row.created_at)
            keys[key] = budget
            added[key].usd = _MATH.add(added[key].usd, one.usd)
            added[key].unpriced += one.unpriced
    for key, locked in lock_periods(keys).items():
        period = locked.row
        if not locked.is_new:
            period.spent_usd = _MATH.add(period.spent_usd, added[key].usd)
            period.unpriced += added[key].unpriced
            period.save(update_fields=["spent_usd", "unpriced"])
        note_alert(keys[key], period, at=at)


def _falls_under(budget: Budget, row: UsageLog) -> bool:
    match budget.scope:
        case BudgetScope.USER:
            return row.payer_id == budget.user_id
        case BudgetScope.TEAM:
            return row.team_id == budget.team_id
        case _:
            return True
