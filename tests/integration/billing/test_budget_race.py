"""Many who start and spend at once, on connections of their own: a hard budget holds all the same (P25)."""

import random
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.db.models import Sum

from billing import budgets
from billing.actions.create_budget import create_budget
from billing.budgets.amounts import ASSUMED_USD
from billing.ledger import record_responses
from billing.models import BudgetPeriod, Reservation, UsageLog

STARTS = 50
FITTING = 10
O3 = Decimal("0.024")


@pytest.fixture
def in_threads():
    def run(call: Callable[[int], object], *, times: int) -> list[object]:
        barrier = threading.Barrier(times)

        def one(number: int) -> object:
            try:
                barrier.wait(timeout=60)
                return call(number)
            finally:
                connection.close()

        with ThreadPoolExecutor(times) as pool:
            return list(pool.map(one, range(times)))

    return run


def spender_of(team):
    return budgets.Spender(
        execution_id=uuid.uuid4(), team_id=team.id, payer_id=team.owner_id, connection_id=uuid.uuid4()
    )


def wants(number=0):
    return budgets.Wanted(
        step_id=f"step-{number}", attempt=1, agent_id="agent-1", model_name="", prompt_bytes=9
    )


def make_budgets(team, limit_usd):
    # Two of them, so that locks are taken in an order.
    for scope in ("team", "user"):
        create_budget(
            by=team.owner,
            name=scope,
            scope=scope,
            span="month",
            limit_usd=limit_usd,
            team=team,
            user=team.owner,
        )


@pytest.mark.django_db(transaction=True)
def test_of_fifty_starts_at_once_as_many_get_through_as_the_budget_is_for(team, now, in_threads):
    make_budgets(team, FITTING * ASSUMED_USD)

    said = in_threads(lambda number: budgets.reserve(spender_of(team), [wants()], at=now), times=STARTS)

    granted = [one for one in said if one.granted]
    assert (len(granted), len([one for one in said if one.waiting])) == (FITTING, STARTS - FITTING)
    assert BudgetPeriod.objects.count() == 2
    for period in BudgetPeriod.objects.all():
        held = Reservation.objects.filter(period=period, settled_at=None).aggregate(usd=Sum("amount_usd"))
        assert held["usd"] == FITTING * ASSUMED_USD


@pytest.mark.django_db(transaction=True)
def test_while_starts_and_usage_race_spent_and_reserved_stay_within_what_estimates_missed(
    team, now, in_threads, make_entry
):
    limit = Decimal("0.50")
    make_budgets(team, limit)
    missed: list[Decimal] = []

    def live(number: int) -> int:
        dice = random.Random(number)
        started = 0
        for _ in range(6):
            spender = spender_of(team)
            said = budgets.reserve(spender, [wants(number)], at=now)
            if said.reached is not None:
                return started
            if not said.granted:
                continue
            started += 1
            amount = Reservation.objects.filter(execution_id=spender.execution_id).first().amount_usd
            entry = make_entry(
                execution_id=spender.execution_id,
                step_id=wants(number).step_id,
                agent_run_id=uuid.uuid4(),
                tokens_input=dice.randrange(60_000),
                tokens_output=0,
            )
            with transaction.atomic():
                rows = record_responses([entry], at=now)
                budgets.count_usage(rows, at=now)
                budgets.settle([(spender.execution_id, wants(number).step_id, 1)], at=now)
            missed.append(max(rows[0].cost_usd - amount, Decimal(0)))
        return started

    started = sum(in_threads(live, times=12))

    spent = sum(UsageLog.objects.values_list("cost_usd", flat=True), Decimal(0))
    assert started == UsageLog.objects.count() >= 3
    assert not Reservation.objects.filter(settled_at=None).exists()
    for period in BudgetPeriod.objects.all():
        assert period.spent_usd == spent
    assert spent <= limit + sum(missed, Decimal(0))


@pytest.mark.django_db(transaction=True)
def test_a_budget_made_while_costs_are_written_misses_none_of_them(team, now, in_threads, make_entry):
    def write_or_make(number: int) -> None:
        if number == 0:
            make_budgets(team, Decimal(1000))
            return
        for _ in range(8):
            with transaction.atomic():
                rows = record_responses([make_entry()], at=now)
                budgets.count_usage(rows, at=now)

    in_threads(write_or_make, times=6)
    with transaction.atomic():
        rows = record_responses([make_entry()], at=now)
        budgets.count_usage(rows, at=now)

    assert BudgetPeriod.objects.count() == 2
    for period in BudgetPeriod.objects.all():
        assert period.spent_usd == 41 * O3
