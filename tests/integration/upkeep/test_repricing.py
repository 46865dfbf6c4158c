"""A re-pricing changes rows, totals, budgets and the next statement together, whatever dies on the way."""

import datetime as dt
import threading
import time
import uuid
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import Sum

from billing.budgets import count_usage
from billing.ledger import LedgerEntry, record_responses, reprice
from billing.ledger.statements import close_statements
from billing.models import BudgetPeriod, PriceChange, Repricing, Statement, UsageLog
from executions.actions.reprice_usage import (
    EffectChanged,
    NothingToReprice,
    TooManyToReprice,
    effect_mark,
    preview_repricing,
    reprice_usage,
)
from executions.models import Execution
from executions.orchestrator import repricings
from executions.orchestrator.repricings import go_on_with_repricings
from executions.orchestrator.totals import write_totals
from teams.actions.refusal import InvalidInput
from teams.models.database_time import database_now
from tests.fixtures.budget_rows import make_budget
from tests.fixtures.people import make_person
from tests.fixtures.repricings import begin_repricing, make_repricer, set_price
from tests.fixtures.site_rows import make_connection, make_team, start

pytestmark = pytest.mark.django_db(transaction=True)

LAST_MONTH = dt.datetime(2026, 10, 5, tzinfo=dt.UTC)
THIS_MONTH = dt.datetime(2026, 11, 5, tzinfo=dt.UTC)
LATER = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _empty_redis(clean_redis: object) -> None:
    """Wake-ups go into the queue."""


@pytest.fixture
def repricer():
    return make_repricer()


@pytest.fixture
def execution():
    owner = make_person("olga")
    return start(make_team(owner, connection=make_connection(owner)))


def use(execution: Execution, *, at: dt.datetime, model: str = "our-own", times: int = 1) -> list[UsageLog]:
    """Record answers of 10,000 tokens in and 5,000 out, as the driver does."""
    entries = [
        LedgerEntry(
            execution_id=execution.pk,
            agent_run_id=uuid.uuid4(),
            connection_id=execution.connection_id,
            source_id=f"message-{uuid.uuid4()}",
            agent_id="agent-123",
            step_id="agent-123",
            attempt=1,
            team_id=execution.team_id,
            team_name=execution.team.name,
            payer_id=execution.payer_id,
            started_by_id=execution.started_by_id,
            key_owner_id=execution.key_owner_id,
            api_key_type="suna_account",
            provider="openai",
            model=model,
            tokens_input=10_000,
            tokens_output=5_000,
        )
        for _ in range(times)
    ]
    with transaction.atomic():
        Execution.objects.select_for_update().get(pk=execution.pk)
        rows = record_responses(entries, at=at)
        write_totals([execution.pk])
        count_usage(rows, at=at)
    return rows


def carry_out() -> int:
    return go_on_with_repricings(until=time.monotonic() + 60)


def check_sums(execution: Execution) -> None:
    """What is said of the execution and of each budget is the sum of the ledger."""
    spent = UsageLog.objects.aggregate(usd=Sum("cost_usd"))["usd"]
    execution.refresh_from_db()
    assert Decimal(execution.cost_metrics["cost_usd"]) == spent
    assert execution.cost_metrics["unpriced"] == UsageLog.objects.filter(pricing="unpriced").count()
    for period in BudgetPeriod.objects.all():
        rows = UsageLog.objects.filter(created_at__gte=period.starts_at, created_at__lt=period.ends_at)
        assert period.spent_usd == (rows.aggregate(usd=Sum("cost_usd"))["usd"] or 0)
        assert period.unpriced == rows.filter(pricing="unpriced").count()


def test_answers_without_a_price_get_theirs_with_all_that_is_told_of_them(execution, repricer):
    make_budget(execution.team.owner, team=execution.team, limit_usd="10")
    use(execution, at=LAST_MONTH, times=2)
    [closed] = close_statements(now=dt.datetime(2026, 11, 10, tzinfo=dt.UTC))
    use(execution, at=THIS_MONTH, times=3)
    use(execution, at=THIS_MONTH, model="another")
    set_price(repricer, "our-own", usd="2", since=LAST_MONTH)

    act = begin_repricing(repricer, "our-own", starts_at=LAST_MONTH, ends_at=LATER)
    assert carry_out() == 5

    act.refresh_from_db()
    assert act.finished_at is not None
    assert (act.rows_changed, act.old_cost_usd, act.new_cost_usd) == (5, Decimal(0), Decimal("0.15"))
    assert act.created_by == repricer
    assert PriceChange.objects.filter(repricing=act, old_pricing="unpriced").count() == 5
    assert UsageLog.objects.filter(pricing="unpriced").count() == 1
    check_sums(execution)
    closed.refresh_from_db()
    assert (closed.cost_usd, closed.unpriced) == (0, 2)
    [december] = close_statements(now=dt.datetime(2026, 12, 10, tzinfo=dt.UTC))
    assert december.cost_usd == Decimal("0.15")
    assert Statement.objects.aggregate(usd=Sum("cost_usd"))["usd"] == Decimal("0.15")
    assert carry_out() == 0


def test_each_row_gets_the_price_of_its_own_moment_and_what_costs_the_same_stays(execution, repricer):
    set_price(repricer, "our-own", usd="1", since=LAST_MONTH)
    use(execution, at=LAST_MONTH)
    use(execution, at=THIS_MONTH)
    before = {row.pk: row.cost_usd for row in UsageLog.objects.all()}
    set_price(repricer, "our-own", usd="3", since=THIS_MONTH)

    begin_repricing(repricer, "our-own", starts_at=LAST_MONTH, ends_at=LATER)
    carry_out()

    old, new = UsageLog.objects.order_by("created_at")
    assert (old.cost_usd, new.cost_usd) == (before[old.pk], 3 * before[new.pk])
    change = PriceChange.objects.get()
    assert (change.old_cost_usd, change.new_cost_usd) == (before[new.pk], new.cost_usd)
    check_sums(execution)


def test_another_provider_another_model_and_another_time_are_left_alone(execution, repricer):
    use(execution, at=THIS_MONTH)
    use(execution, at=LATER)
    set_price(repricer, "our-own", usd="2", since=LAST_MONTH, provider="openai")
    about = {"model_name": "our-own", "starts_at": LAST_MONTH, "ends_at": LATER}

    assert preview_repricing(by=repricer, provider="azure", **about).rows == 0
    assert preview_repricing(by=repricer, provider="OpenAI", **about).changed == 1
    assert preview_repricing(by=repricer, provider="", **{**about, "model_name": "own"}).rows == 0


def test_a_batch_that_dies_is_done_anew_and_none_twice(execution, repricer, monkeypatch):
    monkeypatch.setattr(reprice, "BATCH", 3)
    use(execution, at=THIS_MONTH, times=10)
    set_price(repricer, "our-own", usd="2", since=LAST_MONTH)
    act = begin_repricing(repricer, "our-own", starts_at=LAST_MONTH, ends_at=LATER)
    counted, calls = repricings.count_differences, []

    def dies(*given, **named):
        calls.append(1)
        if len(calls) == 3:
            raise ConnectionError("killed")
        return counted(*given, **named)

    monkeypatch.setattr(repricings, "count_differences", dies)
    with pytest.raises(ConnectionError):
        carry_out()
    act.refresh_from_db()
    assert (act.rows_changed, act.finished_at) == (6, None)
    check_sums(execution)

    assert carry_out() == 4
    act.refresh_from_db()
    assert (act.rows_changed, act.new_cost_usd) == (10, Decimal("0.3"))
    assert PriceChange.objects.count() == 10
    check_sums(execution)


def test_beside_usage_that_comes_in_and_a_second_worker_nothing_is_lost_or_doubled(
    execution, repricer, monkeypatch
):
    monkeypatch.setattr(reprice, "BATCH", 5)
    make_budget(execution.team.owner, team=execution.team, limit_usd="10")
    use(execution, at=THIS_MONTH, times=40)
    set_price(repricer, "our-own", usd="2", since=LAST_MONTH)
    begin_repricing(repricer, "our-own", starts_at=LAST_MONTH, ends_at=LATER)
    changed: list[int] = []

    def work() -> None:
        try:
            changed.append(carry_out())
        finally:
            connection.close()

    def spend() -> None:
        try:
            for _ in range(15):
                use(execution, at=database_now())
        finally:
            connection.close()

    threads = [threading.Thread(target=target) for target in (work, work, spend, spend)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    carry_out()

    assert UsageLog.objects.count() == 70
    assert PriceChange.objects.count() == Repricing.objects.get().rows_changed == 40
    assert not UsageLog.objects.filter(pricing="unpriced").exists()
    check_sums(execution)


def test_what_would_happen_is_not_what_was_shown(execution, repricer):
    use(execution, at=THIS_MONTH)
    set_price(repricer, "our-own", usd="2", since=LAST_MONTH)
    about = {"model_name": "our-own", "provider": "", "starts_at": LAST_MONTH, "ends_at": LATER}
    seen = effect_mark(preview_repricing(by=repricer, **about))
    use(execution, at=THIS_MONTH)

    with pytest.raises(InvalidInput):
        reprice_usage(by=repricer, reason=" ", seen=seen, **about)
    set_price(repricer, "our-own", usd="5", since=THIS_MONTH)
    with pytest.raises(EffectChanged):
        reprice_usage(by=repricer, reason="Why not.", seen=seen, **about)
    assert not Repricing.objects.exists()


def test_what_cannot_be_re_priced_is_refused(execution, repricer, monkeypatch):
    use(execution, at=THIS_MONTH)
    about = {"model_name": "our-own", "provider": "", "starts_at": LAST_MONTH, "ends_at": LATER}

    with pytest.raises(NothingToReprice):
        reprice_usage(by=repricer, reason="x", seen="", **about)
    with pytest.raises(PermissionDenied):
        preview_repricing(by=execution.team.owner, **about)
    for wrong in (
        {"model_name": " "},
        {"ends_at": LAST_MONTH},
        {"ends_at": database_now() + dt.timedelta(hours=1)},
    ):
        with pytest.raises(InvalidInput):
            preview_repricing(by=repricer, **{**about, **wrong})
    monkeypatch.setattr(reprice, "MOST_ROWS", 0)
    with pytest.raises(TooManyToReprice):
        preview_repricing(by=repricer, **about)
