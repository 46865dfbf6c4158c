"""Statements: closed once, never changed, and together what the rows come to."""

import datetime as dt
import io
import random
import uuid
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction

from billing.ledger import record_responses
from billing.ledger.statements import GRACE_DAYS, close_statements, last_month_to_close, tally_of
from billing.ledger.totals import Tally, tally_of_rows
from billing.models import Repricing, Statement, StatementLine, UsageLog
from tests.fixtures.repricings import in_the_name_of

OCTOBER = dt.datetime(2026, 10, 31, 23, 59, 59, tzinfo=dt.UTC)
NOVEMBER = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
DUE = NOVEMBER + dt.timedelta(days=GRACE_DAYS)
MONTH_LATER = dt.datetime(2026, 12, 10, tzinfo=dt.UTC)
MONTHS = [dt.date(2026, 10, 1), dt.date(2026, 11, 1)]


def close(now):
    return list(close_statements(now=now))


def test_a_month_is_over_in_utc_after_the_grace_and_not_before():
    assert last_month_to_close(DUE) == MONTHS[0]
    assert last_month_to_close(DUE - dt.timedelta(microseconds=1)) == dt.date(2026, 9, 1)
    in_sao_paulo = DUE.astimezone(dt.timezone(dt.timedelta(hours=-3)))
    assert last_month_to_close(in_sao_paulo) == MONTHS[0]
    assert last_month_to_close(dt.datetime(2027, 1, 20, tzinfo=dt.UTC)) == dt.date(2026, 12, 1)


def test_a_month_is_closed_once_with_its_rows_and_no_others(db, make_entry, owner):
    record_responses([make_entry(), make_entry(model="unheard-of")], at=OCTOBER)
    record_responses([make_entry()], at=NOVEMBER)

    assert close(DUE - dt.timedelta(seconds=1)) == []
    [statement] = close(DUE)
    assert close(DUE) == []

    assert (statement.payer, statement.payer_name, statement.month) == (owner, "olga", MONTHS[0])
    assert (statement.responses, statement.cost_usd, statement.unpriced) == (2, Decimal("0.024"), 1)
    assert {(line.model_name, line.cost_usd) for line in statement.lines.all()} == {
        ("o3", Decimal("0.024")),
        ("unheard-of", Decimal(0)),
    }


def test_what_comes_late_is_a_correction_of_the_next_statement(db, make_entry):
    record_responses([make_entry()], at=OCTOBER)
    close(DUE)
    record_responses([make_entry()], at=OCTOBER)

    [november] = close(MONTH_LATER)

    [line] = november.lines.all()
    assert (line.month, line.is_correction, line.responses) == (MONTHS[0], True, 1)
    assert november.cost_usd == Decimal("0.024")
    assert close(MONTH_LATER) == []


def test_a_price_that_was_given_later_is_a_correction_without_an_answer(db, make_entry):
    [row] = record_responses([make_entry(model="unheard-of")], at=OCTOBER)
    close(DUE)
    act = Repricing.objects.create(
        model_name="o3", starts_at=OCTOBER, ends_at=NOVEMBER, reason="x", created_at=NOVEMBER
    )
    in_the_name_of(act)
    UsageLog.objects.filter(pk=row.pk).update(pricing="priced", cost_usd=Decimal(2), price_source="test")

    [november] = close(MONTH_LATER)

    assert (november.responses, november.unpriced, november.cost_usd) == (0, -1, Decimal(2))


def test_each_payer_has_their_own_and_who_is_gone_keeps_theirs_without_a_name_to_bill(
    db, make_entry, owner, outsider
):
    record_responses([make_entry(), make_entry(payer_id=outsider.pk)], at=OCTOBER)
    close(DUE)
    outsider.delete()

    assert [(one.payer, one.payer_name) for one in Statement.objects.order_by("payer_name")] == [
        (owner, "olga"),
        (None, "oscar"),
    ]
    assert close(MONTH_LATER) == []


@pytest.mark.parametrize(
    ("rule", "breaks"),
    [
        ("statement_immutable", lambda one: Statement.objects.filter(pk=one.pk).update(cost_usd=1)),
        ("statement_immutable", lambda one: Statement.objects.filter(pk=one.pk).update(closed_at=None)),
        ("statement_immutable", lambda one: Statement.objects.filter(pk=one.pk)._raw_delete("default")),
        ("statement_line_immutable", lambda one: one.lines.update(cost_usd=1)),
        ("statement_line_immutable", lambda one: one.lines.all()._raw_delete("default")),
        (
            "statement_line_immutable",
            lambda one: StatementLine.objects.create(
                statement=one, month=one.month, agent_id="a", api_key_type="unknown"
            ),
        ),
        (
            "statement_once_a_month",
            lambda one: Statement.objects.create(payer=one.payer, payer_name="x", month=one.month),
        ),
        (
            "statement_of_a_month",
            lambda one: Statement.objects.create(payer_name="x", month=dt.date(2026, 1, 2)),
        ),
    ],
)
def test_the_database_refuses_to_change_what_is_closed(db, make_entry, rule, breaks):
    record_responses([make_entry()], at=OCTOBER)
    [statement] = close(DUE)

    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        breaks(statement)

    assert caught.value.__cause__.diag.constraint_name == rule


def test_a_statement_that_is_not_the_sum_of_its_lines_cannot_be_closed(db, owner):
    one = Statement.objects.create(payer=owner, payer_name="olga", month=MONTHS[0], cost_usd=Decimal(1))

    with pytest.raises(IntegrityError, match="not the sum of its lines"), transaction.atomic():
        Statement.objects.filter(pk=one.pk).update(closed_at=DUE)


def test_statements_of_ten_thousand_random_rows_come_to_the_rows_whatever_comes_late(db, make_entry, owner):
    dice = random.Random(20261123)

    def record(count, *, first, days):
        for _ in range(count // 250):
            at = first + dt.timedelta(seconds=dice.randrange(days * 86_400))
            record_responses(
                [
                    make_entry(
                        model=dice.choice(["o3", "gpt-4o", "unheard-of"]),
                        agent_id=dice.choice("abc"),
                        team_name=dice.choice(["A", "B"]),
                        api_key_type=dice.choice(["user_provided", "suna_account"]),
                        agent_run_id=uuid.uuid4(),
                        tokens_input=dice.choice([None, dice.randrange(10**6)]),
                        tokens_output=dice.randrange(10**6),
                    )
                    for _ in range(250)
                ],
                at=at,
            )

    record(6_000, first=dt.datetime(2026, 8, 25, tzinfo=dt.UTC), days=60)
    close(dt.datetime(2026, 10, 15, tzinfo=dt.UTC))
    record(4_000, first=dt.datetime(2026, 8, 25, tzinfo=dt.UTC), days=90)
    close(MONTH_LATER)

    rows = UsageLog.objects.filter(payer=owner, created_at__lt=dt.datetime(2026, 12, 1, tzinfo=dt.UTC))
    told = Tally()
    for statement in Statement.objects.filter(payer=owner):
        told += tally_of(statement)
        lines = Tally()
        for line in statement.lines.all():
            lines += tally_of(line)
        assert lines == tally_of(statement)
    assert rows.count() == 10_000
    assert told == tally_of_rows(rows)
    assert (
        Statement.objects.get(month=dt.date(2026, 8, 1)).responses
        < tally_of_rows(rows.filter(created_at__lt=dt.datetime(2026, 9, 1, tzinfo=dt.UTC))).responses
    )
    by_agent = {agent: Decimal(0) for agent in "abc"}
    for line in StatementLine.objects.all():
        by_agent[line.agent_id] += line.cost_usd
    assert by_agent == {agent: tally_of_rows(rows.filter(agent_id=agent)).cost_usd for agent in "abc"}


def test_the_command_closes_what_is_due_and_the_second_time_nothing(db, make_entry):
    record_responses([make_entry()], at=dt.datetime(2020, 2, 29, tzinfo=dt.UTC))

    told = [io.StringIO(), io.StringIO()]
    for out in told:
        call_command("renum_statements", "close", stdout=out)

    assert "2020-02" in told[0].getvalue()
    assert "1 statements closed." in told[0].getvalue()
    assert "0 statements closed." in told[1].getvalue()
