"""Each named constraint of budgets, broken once. A new one without a case fails."""

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, models, transaction

from billing.models import Budget, BudgetAlert, BudgetPeriod, Reservation
from teams.models import User

AT = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
LATER = AT + dt.timedelta(days=1)


@dataclass(frozen=True)
class Rows:
    budget: Budget
    period: BudgetPeriod
    reservation: Reservation
    alert: BudgetAlert
    run: uuid.UUID


@pytest.fixture
def rows(owner: User) -> Rows:
    budget = Budget.objects.create(
        name="Own", scope="user", user=owner, span="day", limit_usd=1, created_at=AT, changed_at=AT
    )
    period = BudgetPeriod.objects.create(budget=budget, starts_at=AT, ends_at=LATER)
    run = uuid.uuid4()
    BudgetPeriod.objects.create(budget=budget, execution_id=run)
    reservation = Reservation.objects.create(
        period=period,
        execution_id=run,
        step_id="a",
        attempt=1,
        amount_usd=Decimal(1),
        basis="assumed",
        created_at=AT,
    )
    alert = BudgetAlert.objects.create(period=period, percent=50, spent_usd=1, limit_usd=1, created_at=AT)
    return Rows(budget, period, reservation, alert, run)


def change(row: models.Model, **fields: Any) -> None:
    type(row)._base_manager.filter(pk=row.pk).update(**fields)


def again(row: models.Model, **fields: Any) -> None:
    """Write the same row once more under another id."""
    values = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    type(row)._base_manager.create(**(values | {"id": uuid.uuid4()} | fields))


CASES: dict[str, Callable[[Rows], None]] = {
    "budget_limit_positive": lambda rows: change(rows.budget, limit_usd=0),
    "budget_of_its_scope": lambda rows: change(rows.budget, scope="site"),
    "budget_words_known": lambda rows: change(rows.budget, at_limit="explode"),
    "budget_named": lambda rows: change(rows.budget, name=""),
    "budget_period_once": lambda rows: again(rows.period),
    "budget_period_once_a_run": lambda rows: again(
        rows.period, execution_id=rows.run, starts_at=None, ends_at=None
    ),
    "budget_period_of_its_span": lambda rows: change(rows.period, ends_at=AT),
    "budget_period_not_negative": lambda rows: change(rows.period, spent_usd=-1),
    "reservation_once": lambda rows: again(rows.reservation),
    "reservation_not_negative": lambda rows: change(rows.reservation, amount_usd=-1),
    "reservation_attempt_from_one": lambda rows: change(rows.reservation, attempt=0),
    "budget_alert_once": lambda rows: again(rows.alert),
    "budget_alert_percent_known": lambda rows: change(rows.alert, percent=51),
}


@pytest.mark.parametrize("name", CASES)
def test_the_database_refuses_it(rows, name):
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        CASES[name](rows)


def test_every_constraint_has_its_case():
    named = {
        constraint.name
        for model in (Budget, BudgetPeriod, Reservation, BudgetAlert)
        for constraint in model._meta.constraints
    }
    assert named == CASES.keys()
