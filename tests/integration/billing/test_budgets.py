"""Budgets on their own: reserving, settling, counting, whatever order it comes in."""

import datetime as dt
import random
import uuid
from decimal import Decimal

import pytest
from django.db import transaction

from billing import budgets
from billing.actions.create_budget import create_budget
from billing.budgets.amounts import ASSUMED_USD
from billing.ledger import record_responses
from billing.models import Budget, BudgetAlert, BudgetPeriod, Reservation, UsageLog
from teams.models.database_time import database_now

O3 = Decimal("0.024")
"""What the entries of `make_entry` cost."""
SETTINGS = {"name": "All", "span": "day", "limit_usd": Decimal("1.00")}


@pytest.fixture
def spender(owner, team):
    return budgets.Spender(
        execution_id=uuid.uuid4(), team_id=team.id, payer_id=owner.id, connection_id=uuid.uuid4()
    )


@pytest.fixture
def make_budget(owner, team):
    def make(**fields):
        given = {**SETTINGS, "scope": "team", "team": team, "user": owner, **fields}
        return create_budget(by=owner, **given)

    return make


def wants(step_id="research", *, attempt=1, model="", prompt_bytes=400, agent="agent-1"):
    return budgets.Wanted(
        step_id=step_id, attempt=attempt, agent_id=agent, model_name=model, prompt_bytes=prompt_bytes
    )


def spend(entries, *, at):
    with transaction.atomic():
        rows = record_responses(entries, at=at)
        budgets.count_usage(rows, at=at)
    return rows


def held():
    return sum(Reservation.objects.filter(settled_at=None).values_list("amount_usd", flat=True))


def test_what_an_attempt_may_cost_is_kept_free_until_its_usage_is_in(make_budget, spender, make_entry, now):
    budget = make_budget()

    said = budgets.reserve(spender, [wants(), wants("write")], at=now)
    before = budgets.find_standings([budget], at=now)[budget.id]
    spend([make_entry(execution_id=spender.execution_id)], at=now)
    budgets.settle([(spender.execution_id, "research", 1)], at=now)
    after = budgets.find_standings([budget], at=now)[budget.id]

    assert sorted(said.granted) == ["research", "write"]
    assert (before.spent_usd, before.reserved_usd) == (Decimal(0), 2 * ASSUMED_USD)
    assert before.left_usd == Decimal("0.90")
    assert (after.spent_usd, after.reserved_usd) == (O3, ASSUMED_USD)
    assert budgets.settle([(spender.execution_id, "research", 1)], at=now) == 0


def test_what_fits_only_without_reservations_waits_and_what_fits_not_at_all_is_refused(
    make_budget, spender, make_entry, now
):
    make_budget(limit_usd=Decimal("0.12"), at_limit="drain")

    dear = wants("c", model="openai/o3", prompt_bytes=200_000)

    said = budgets.reserve(spender, [wants("a"), wants("b"), dear], at=now)
    spend([make_entry(tokens_input=30_000, tokens_output=1_500)], at=now)
    again = budgets.reserve(spender, [dear], at=now)

    assert (sorted(said.granted), sorted(said.waiting), said.reached) == (["a", "b"], ["c"], None)
    assert said.waiting["c"].scope == "team"
    assert again.reached is not None
    assert (again.granted, again.waiting, again.reached.at_limit) == ({}, {}, "drain")
    assert held() == 2 * ASSUMED_USD


def test_every_budget_must_have_room_and_a_soft_one_refuses_nothing(
    make_budget, spender, owner, now, outsider
):
    soft = make_budget(limit_usd=Decimal("0.01"), at_limit="alert")
    make_budget(scope="user", span="run", limit_usd=Decimal("0.06"))
    Budget.objects.create(**_columns(outsider, limit_usd=Decimal("0.000001")))

    said = budgets.reserve(spender, [wants("a"), wants("b")], at=now)
    other = budgets.Spender(
        execution_id=uuid.uuid4(),
        team_id=spender.team_id,
        payer_id=spender.payer_id,
        connection_id=spender.connection_id,
    )
    another = budgets.reserve(other, [wants("a")], at=now)

    assert (sorted(said.granted), sorted(said.waiting)) == (["a"], ["b"])
    assert len(said.granted["a"].reservations) == 2
    assert sorted(another.granted) == ["a"]
    assert Reservation.objects.filter(period__budget=soft).count() == 2


def _columns(user, **fields):
    return {
        "name": "Own",
        "scope": "user",
        "user": user,
        "span": "day",
        "limit_usd": Decimal(1),
        "created_at": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        "changed_at": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    } | fields


def test_no_budget_says_nothing(spender, now):
    said = budgets.reserve(spender, [wants()], at=now)

    assert said.granted["research"].reservations == ()
    assert not budgets.budgets_exist()
    assert Reservation.objects.count() == 0


def test_an_inactive_budget_limits_nothing_but_is_kept_up_to_date(make_budget, spender, make_entry, now):
    budget = make_budget()
    spend([make_entry()], at=now)
    Budget.objects.update(is_active=False)
    spend([make_entry()], at=now)

    said = budgets.reserve(spender, [wants()], at=now)

    assert said.granted["research"].reservations == ()
    assert not budgets.budgets_exist()
    assert budgets.find_standings([budget], at=now)[budget.id].spent_usd == 2 * O3
    assert BudgetPeriod.objects.get(starts_at__lte=now, ends_at__gt=now).spent_usd == 2 * O3


def test_the_amount_is_the_mean_of_the_steps_last_runs(make_budget, spender, make_entry, now):
    make_budget()
    for tokens in (10_000, 20_000):
        run = uuid.uuid4()
        spend([make_entry(agent_run_id=run, tokens_input=tokens, tokens_output=0) for _ in range(2)], at=now)
    spend([make_entry(agent_run_id=uuid.uuid4(), model="unheard-of")], at=now)
    spend([make_entry(step_id="other", agent_run_id=uuid.uuid4(), tokens_input=90_000)], at=now)

    amount = budgets.find_amounts(spender, [wants()], at=now)["research"]

    # 2 USD per million tokens: runs of 0.04 and of 0.08.
    assert (amount.usd, amount.basis) == (Decimal("0.06"), "history")


def test_without_history_the_amount_is_the_price_of_prompt_and_answer_else_assumed(make_budget, spender, now):
    priced, unknown = wants("a", model="openai/o3", prompt_bytes=4_000), wants("b", model="unheard-of")

    amounts = budgets.find_amounts(spender, [priced, unknown, wants("c")], at=now)

    # 1,000 tokens in at 2 USD and 1,000 out at 8 USD per million.
    assert (amounts["a"].usd, amounts["a"].basis) == (Decimal("0.01"), "prompt_size")
    assert (amounts["b"].usd, amounts["b"].basis) == (ASSUMED_USD, "assumed")
    assert (amounts["c"].usd, amounts["c"].basis) == (ASSUMED_USD, "assumed")


def test_a_small_budget_lets_one_step_through_of_which_nothing_is_known(make_budget, spender, now):
    make_budget(limit_usd=Decimal("0.001"))

    said = budgets.reserve(spender, [wants("a"), wants("b")], at=now)

    assert (sorted(said.granted), sorted(said.waiting)) == (["a"], ["b"])
    assert held() == Decimal("0.001")


def test_reserving_again_is_one_reservation_and_confirming_brings_a_settled_one_back(
    make_budget, spender, now
):
    make_budget(limit_usd=ASSUMED_USD)

    first = budgets.reserve(spender, [wants()], at=now)
    second = budgets.reserve(spender, [wants()], at=now)
    budgets.settle([(spender.execution_id, "research", 1)], at=now)
    given_back = held()
    budgets.confirm(second.granted["research"].reservations)

    assert first.granted.keys() == second.granted.keys() == {"research"}
    assert (Reservation.objects.count(), given_back, held()) == (1, 0, ASSUMED_USD)


def test_what_was_spent_before_there_was_a_budget_counts(make_budget, spender, make_entry):
    now = database_now()
    record_responses([make_entry() for _ in range(3)], at=now)
    record_responses([make_entry()], at=now - dt.timedelta(days=1))
    budget = make_budget()
    seen = budgets.find_standings([budget], at=now)[budget.id]

    spend([make_entry()], at=now)

    assert seen.spent_usd == 3 * O3
    assert budgets.find_standings([budget], at=now)[budget.id].spent_usd == 4 * O3


def test_late_usage_counts_in_the_period_of_its_row_and_once(make_budget, make_entry, now):
    budget = make_budget()
    late = make_entry()
    spend([late], at=now - dt.timedelta(days=1))
    spend([late], at=now)
    spend([make_entry(model="unheard-of")], at=now)

    today = budgets.find_standings([budget], at=now)[budget.id]
    yesterday = budgets.find_standings([budget], at=now - dt.timedelta(days=1))[budget.id]

    assert (yesterday.spent_usd, yesterday.unpriced) == (O3, 0)
    assert (today.spent_usd, today.unpriced) == (Decimal(0), 1)


def test_periods_are_the_sum_of_the_ledger_whatever_comes_in_which_order(
    make_budget, make_entry, owner, outsider, team, now
):
    dice = random.Random(20261123)
    made = [
        make_budget(span=span, scope=scope, time_zone=zone)
        for span in ("run", "day", "month")
        for scope in ("team", "user")
        for zone in ("UTC", "Pacific/Apia")
    ]
    runs = [uuid.uuid4() for _ in range(4)]
    for _ in range(60):
        entries = [
            make_entry(
                execution_id=dice.choice(runs),
                payer_id=dice.choice([owner.id, outsider.id]),
                team_id=dice.choice([team.id, None]),
                tokens_input=dice.randrange(10**6),
                model=dice.choice(["o3", "o3", "unheard-of"]),
            )
            for _ in range(dice.randrange(1, 4))
        ]
        spend(entries, at=now + dt.timedelta(hours=dice.randrange(-900, 900)))

    assert {period.budget_id for period in BudgetPeriod.objects.all()} == {one.id for one in made}
    for period in BudgetPeriod.objects.select_related("budget"):
        rows = [
            row
            for row in UsageLog.objects.all()
            if (period.budget.scope == "team" and row.team_id == team.id)
            or (period.budget.scope == "user" and row.payer_id == owner.id)
        ]
        if period.execution_id is not None:
            rows = [row for row in rows if row.execution_id == period.execution_id]
        else:
            rows = [row for row in rows if period.starts_at <= row.created_at < period.ends_at]
        assert period.spent_usd == sum((row.cost_usd or Decimal(0) for row in rows), Decimal(0))
        assert period.unpriced == sum(row.cost_usd is None for row in rows)


def test_people_are_told_once_of_each_part_that_is_used_up(make_budget, make_entry, now):
    make_budget(limit_usd=5 * O3)
    make_budget(limit_usd=5 * O3, span="run")
    told = []
    for _ in range(6):
        spend([make_entry()], at=now)
        told.append(list(BudgetAlert.objects.order_by("id").values_list("percent", flat=True)))

    assert told == [[], [], [50], [50, 80], [50, 80, 100], [50, 80, 100]]
    alert = BudgetAlert.objects.get(percent=80)
    assert (alert.spent_usd, alert.limit_usd) == (4 * O3, 5 * O3)

    spend([make_entry(tokens_input=100_000)], at=now + dt.timedelta(days=1))
    assert BudgetAlert.objects.filter(period__starts_at__gt=now).get().percent == 100


def test_a_budget_that_stops_is_found_once_all_of_it_is_spent(make_budget, spender, make_entry, now):
    make_budget(limit_usd=O3, at_limit="stop")
    make_budget(limit_usd=O3, at_limit="drain")

    before = budgets.find_stopping(spender, at=now)
    spend([make_entry()], at=now)
    found = budgets.find_stopping(spender, at=now)

    assert before is None
    assert found is not None
    assert found.at_limit == "stop"
    reached = budgets.reserve(spender, [wants()], at=now).reached
    assert reached is not None
    assert reached.at_limit == "stop"
