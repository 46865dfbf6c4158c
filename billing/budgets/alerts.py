"""Noting once that a period is used up by half, by four fifths, and wholly."""

import datetime as dt

from billing.budgets.period_rows import key_of, lock_periods
from billing.models import Budget, BudgetAlert, BudgetPeriod, BudgetSpan

PARTS = (100, 80, 50)


def note_alert(budget: Budget, period: BudgetPeriod, *, at: dt.datetime) -> None:
    """Note the highest part of the limit that the period has reached, where that is news.

    The period's row must be locked. An execution tells by itself what its budget did to it.
    """
    if not budget.is_active or budget.span == BudgetSpan.RUN:
        return
    reached = _reached(budget, period)
    if reached <= period.alerted_percent:
        return
    period.alerted_percent = reached
    period.save(update_fields=["alerted_percent"])
    BudgetAlert.objects.bulk_create(
        [
            BudgetAlert(
                period=period,
                percent=reached,
                spent_usd=period.spent_usd,
                limit_usd=budget.limit_usd,
                created_at=at,
            )
        ],
        ignore_conflicts=True,
    )


def judge_again(budget: Budget, *, at: dt.datetime) -> None:
    """Hold what is spent in the current period against a limit that was just changed.

    What is reached under the new limit is news at once, and each further part of it later, also where people
    were told of that part under the old limit. The budget's row must be locked.
    """
    if budget.span == BudgetSpan.RUN:
        return
    key = key_of(budget, execution_id=None, at=at)
    period = lock_periods({key: budget})[key].row
    reached = _reached(budget, period)
    if reached < period.alerted_percent:
        period.alerted_percent = reached
        period.save(update_fields=["alerted_percent"])
    note_alert(budget, period, at=at)


def _reached(budget: Budget, period: BudgetPeriod) -> int:
    return next((part for part in PARTS if period.spent_usd * 100 >= budget.limit_usd * part), 0)
