"""Noting once that a period is used up by half, by four fifths, and wholly."""

import datetime as dt

from billing.models import Budget, BudgetAlert, BudgetPeriod, BudgetSpan

PARTS = (100, 80, 50)


def note_alert(budget: Budget, period: BudgetPeriod, *, at: dt.datetime) -> None:
    """Note the highest part of the limit that the period has reached, where that is news.

    The period's row must be locked. An execution tells by itself what its budget did to it.
    """
    if not budget.is_active or budget.span == BudgetSpan.RUN:
        return
    reached = next((part for part in PARTS if period.spent_usd * 100 >= budget.limit_usd * part), 0)
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
