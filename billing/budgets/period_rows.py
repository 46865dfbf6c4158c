"""The rows of budgets' periods: made where they lack, with what was spent so far, and locked in one order."""

import datetime as dt
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db import connection
from django.db.models import Count, Q, Sum

from billing.budgets.periods import period_of
from billing.models import Budget, BudgetPeriod, BudgetScope, BudgetSpan, UsageLog
from billing.pricing import PricingStatus


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class PeriodKey:
    """Names a period: its budget, and the execution or the moment it begins."""

    budget_id: uuid.UUID
    execution_id: uuid.UUID | None = None
    starts_at: dt.datetime | None = None
    ends_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """A period's row, locked until the transaction ends. `is_new`: it holds all the ledger has already."""

    row: BudgetPeriod
    is_new: bool


def find_budgets(
    *, payers: Collection[uuid.UUID], teams: Collection[uuid.UUID], only_active: bool
) -> list[Budget]:
    """Return the budgets that these payers and teams fall under, the site's included."""
    found = Budget.objects.filter(
        Q(scope=BudgetScope.SITE) | Q(user_id__in=set(payers)) | Q(team_id__in=set(teams))
    )
    return list(found.filter(is_active=True) if only_active else found)


def key_of(budget: Budget, *, execution_id: uuid.UUID | None, at: dt.datetime) -> PeriodKey:
    """Return the period of the budget into which the cost of an execution at that moment falls."""
    if budget.span == BudgetSpan.RUN:
        return PeriodKey(budget_id=budget.id, execution_id=execution_id)
    period = period_of(budget.span, time_zone=budget.time_zone, at=at)
    return PeriodKey(budget_id=budget.id, starts_at=period.starts_at, ends_at=period.ends_at)


def lock_periods(keys: Mapping[PeriodKey, Budget]) -> dict[PeriodKey, Locked]:
    """Lock the periods' rows, by id, and return them; those that lack are made. Call it in a transaction."""
    rows = _find(keys)
    lacking = sorted((key for key in keys if key not in rows), key=_order)
    made: set[uuid.UUID] = set()
    if lacking:
        built = [
            BudgetPeriod(
                budget_id=key.budget_id,
                execution_id=key.execution_id,
                starts_at=key.starts_at,
                ends_at=key.ends_at,
            )
            for key in lacking
        ]
        # Who comes second waits here for the first, and keeps the first one's row.
        BudgetPeriod.objects.bulk_create(built, ignore_conflicts=True)
        ids = [row.id for row in built]
        made = set(BudgetPeriod.objects.filter(id__in=ids).values_list("id", flat=True))
        rows = _find(keys)
    budgets = {key.budget_id: budget for key, budget in keys.items()}
    ordered = BudgetPeriod.objects.filter(id__in=[row.id for row in rows.values()]).order_by("id")
    locked: dict[PeriodKey, Locked] = {}
    for row in ordered.select_for_update(no_key=True):
        if row.id in made:
            _count_so_far(row, budgets[row.budget_id])
        key = PeriodKey(
            budget_id=row.budget_id,
            execution_id=row.execution_id,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
        )
        locked[key] = Locked(row=row, is_new=row.id in made)
    return locked


def rows_of(
    budget: Budget,
    *,
    execution_id: uuid.UUID | None,
    starts_at: dt.datetime | None,
    ends_at: dt.datetime | None,
) -> Q:
    """Return the condition of the ledger's rows that fall into a period of the budget."""
    condition = Q()
    match budget.scope:
        case BudgetScope.USER:
            condition &= Q(payer_id=budget.user_id)
        case BudgetScope.TEAM:
            condition &= Q(team_id=budget.team_id)
    if execution_id is not None:
        return condition & Q(execution_id=execution_id)
    return condition & Q(created_at__gte=starts_at, created_at__lt=ends_at)


def _count_so_far(row: BudgetPeriod, budget: Budget) -> None:
    meant = rows_of(budget, execution_id=row.execution_id, starts_at=row.starts_at, ends_at=row.ends_at)
    sums = UsageLog.objects.filter(meant).aggregate(
        usd=Sum("cost_usd"), unpriced=Count("id", filter=~Q(pricing=PricingStatus.PRICED.value))
    )
    row.spent_usd, row.unpriced = sums["usd"] or 0, sums["unpriced"]
    row.save(update_fields=["spent_usd", "unpriced"])


def _find(keys: Mapping[PeriodKey, Budget]) -> dict[PeriodKey, BudgetPeriod]:
    if not keys:
        return {}
    of_runs = {key.execution_id for key in keys if key.execution_id is not None}
    starts = {key.starts_at for key in keys if key.starts_at is not None}
    rows = BudgetPeriod.objects.filter(
        Q(execution_id__in=of_runs) | Q(starts_at__in=starts),
        budget_id__in={key.budget_id for key in keys},
    )
    found = {
        PeriodKey(
            budget_id=row.budget_id,
            execution_id=row.execution_id,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
        ): row
        for row in rows
    }
    return {key: row for key, row in found.items() if key in keys}


def _order(key: PeriodKey) -> tuple[str, str, str]:
    # One order for everybody, so that two who make the same rows wait instead of deadlocking.
    return str(key.budget_id), str(key.execution_id), str(key.starts_at)


def lock_ledger_against_appends() -> None:
    """Wait for those who append to the ledger just then, and keep others from it to the transaction's end.

    They held its table before they looked for budgets: a budget that is made under this is seen by everybody
    whose rows a new period's sum does not hold. Raises OperationalError where that takes longer than 3 s.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '3s'")
        cursor.execute("LOCK TABLE renum_ai_usage_logs IN SHARE MODE")
        cursor.execute("SET LOCAL lock_timeout = DEFAULT")
