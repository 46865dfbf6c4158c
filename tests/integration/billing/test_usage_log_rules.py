"""The database itself keeps the ledger: each named rule has a row here that breaks it."""

import datetime as dt
import uuid
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from billing.ledger import record_responses
from billing.models import PriceChange, Repricing, UsageLog
from tests.fixtures.repricings import in_the_name_of


def create(now, **changes) -> UsageLog:
    return UsageLog.objects.create(
        **{
            "created_at": now,
            "execution_id": uuid.uuid4(),
            "agent_run_id": uuid.uuid4(),
            "connection_id": uuid.uuid4(),
            "source_id": "message-1",
            "agent_id": "agent-1",
            "step_id": "research",
            "attempt": 1,
            "reported": True,
            "tokens_input": 10,
            "tokens_output": 5,
            "cost_usd": Decimal("0.1"),
            "pricing": "priced",
            "price_source": "genai-prices 0",
            **changes,
        }
    )


UNPRICED = {"cost_usd": None, "pricing": "unpriced", "price_source": ""}
UNREPORTED = {
    "cost_usd": None,
    "pricing": "unreported",
    "price_source": "",
    "reported": False,
    "tokens_output": None,
}


@pytest.mark.parametrize("facts", [{}, UNPRICED, UNREPORTED, {"cost_usd": Decimal(0)}])
def test_a_row_that_keeps_the_rules_is_stored(db, now, facts):
    create(now, **facts)

    assert UsageLog.objects.count() == 1


@pytest.mark.parametrize(
    ("rule", "facts"),
    [
        ("usage_log_source_named", {"source_id": ""}),
        ("usage_log_tokens_not_negative", {"tokens_input": -1}),
        ("usage_log_tokens_not_negative", {"tokens_output": -1}),
        ("usage_log_tokens_not_negative", {"tokens_cached": -1}),
        ("usage_log_tokens_not_negative", {"tokens_reasoning": -1}),
        ("usage_log_cost_not_negative", {"cost_usd": Decimal("-0.1")}),
        ("usage_log_cost_iff_priced", {"cost_usd": None}),
        ("usage_log_cost_iff_priced", {"price_source": ""}),
        ("usage_log_cost_iff_priced", {"pricing": "unpriced"}),
        ("usage_log_cost_iff_priced", {"pricing": "free"}),
        ("usage_log_cost_iff_priced", {**UNREPORTED, "cost_usd": Decimal(0)}),
        ("usage_log_reported_iff_tokens", {"tokens_input": None}),
        ("usage_log_reported_iff_tokens", {**UNREPORTED, "tokens_output": 5}),
        ("usage_log_unreported_iff_not_reported", {**UNREPORTED, "pricing": "unpriced"}),
        (
            "usage_log_unreported_iff_not_reported",
            {"pricing": "unreported", "cost_usd": None, "price_source": ""},
        ),
        ("usage_log_key_type_known", {"api_key_type": "borrowed"}),
        ("usage_log_attempt_from_one", {"attempt": 0}),
    ],
)
def test_a_row_that_breaks_a_rule_is_refused(db, now, rule, facts):
    with pytest.raises(IntegrityError, match=rule):
        create(now, **facts)


def test_a_response_has_one_row(db, now):
    connection_id = uuid.uuid4()
    create(now, connection_id=connection_id)

    with pytest.raises(IntegrityError, match="usage_log_once_per_response"):
        create(now, connection_id=connection_id)


CHANGES = {
    "created_at": dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
    "execution_id": uuid.uuid4(),
    "agent_run_id": uuid.uuid4(),
    "connection_id": uuid.uuid4(),
    "source_id": "another",
    "agent_id": "another",
    "step_id": "another",
    "attempt": 9,
    "team_name": "another",
    "model_provider": "another",
    "model_name": "another",
    "api_key_type": "user_provided",
    "tokens_input": 11,
    "tokens_output": 11,
    "tokens_cached": 11,
    "tokens_reasoning": 11,
    "cost_usd": Decimal("0.2"),
    "price_source": "another",
    "unit_prices": {"input_usd_per_mtok": "1"},
    "request_data": {"a": 1},
    "response_data": {"a": 1},
}


@pytest.mark.parametrize("column", sorted(CHANGES))
def test_no_column_of_a_row_can_be_changed(db, now, column):
    create(now)

    with pytest.raises(IntegrityError, match="append only"):
        UsageLog.objects.update(**{column: CHANGES[column]})


@pytest.mark.parametrize("facts", [UNPRICED, UNREPORTED])
def test_a_priced_row_can_never_lose_its_price(db, now, facts):
    create(now)

    with pytest.raises(IntegrityError, match="append only"):
        UsageLog.objects.update(**facts)


def test_every_column_is_either_guarded_or_known_to_change():
    # A new column is guarded by the trigger without being named; this says to test it.
    emptied = {"team", "payer", "started_by", "key_owner"}
    together = {"id", "pricing", "reported"}
    assert {field.name for field in UsageLog._meta.fields} == CHANGES.keys() | emptied | together


@pytest.fixture
def act(db, now):
    return Repricing.objects.create(
        model_name="o3", starts_at=now, ends_at=now + dt.timedelta(days=1), reason="x", created_at=now
    )


PRICED = {"cost_usd": Decimal("0.5"), "pricing": "priced", "price_source": "override:1"}


@pytest.mark.parametrize("before", [{}, UNPRICED])
def test_a_row_s_price_changes_in_the_name_of_an_act_alone_and_what_it_was_is_kept(now, act, before):
    row = create(now, **before)
    rows = UsageLog.objects.filter(pk=row.pk)
    with pytest.raises(IntegrityError, match="append only"), transaction.atomic():
        rows.update(**PRICED)
    with transaction.atomic():
        in_the_name_of(act)
        with pytest.raises(IntegrityError, match="append only"), transaction.atomic():
            rows.update(**PRICED, tokens_input=99)
        with pytest.raises(IntegrityError, match="append only"), transaction.atomic():
            rows.update(**{**UNPRICED, "price_source": "x"})
        rows.update(**PRICED, unit_prices={"input_usd_per_mtok": "1"})

    change = PriceChange.objects.get()
    assert (change.repricing, change.usage_log_id) == (act, row.pk)
    assert (change.old_cost_usd, change.old_pricing) == (row.cost_usd, row.pricing)
    assert (change.old_price_source, change.old_unit_prices) == (row.price_source, row.unit_prices)
    assert (change.new_cost_usd, change.new_price_source) == (Decimal("0.5"), "override:1")


def test_what_a_row_had_before_can_be_neither_changed_nor_deleted_but_goes_with_the_row(now, act):
    row = create(now)
    with transaction.atomic():
        in_the_name_of(act)
        UsageLog.objects.update(**PRICED)
    for change in (
        lambda: PriceChange.objects.update(new_cost_usd=0),
        lambda: PriceChange.objects.all().delete(),
    ):
        with pytest.raises(IntegrityError, match="price changes are append only"), transaction.atomic():
            change()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL renum.allow_prune = 'on'")
        UsageLog.objects.filter(pk=row.pk).delete()

    assert not PriceChange.objects.exists()


def test_an_unreported_row_cannot_be_given_a_price(db, now):
    create(now, **UNREPORTED)

    with pytest.raises(IntegrityError, match="append only"):
        UsageLog.objects.update(
            cost_usd=Decimal(1), pricing="priced", price_source="x", reported=True, tokens_output=1
        )


def test_deleting_a_team_and_a_person_empties_their_columns_and_keeps_the_cost(make_entry, team, owner, now):
    [row] = record_responses([make_entry()], at=now)

    team.delete()
    owner.delete()

    row.refresh_from_db()
    assert (row.team, row.payer, row.started_by, row.key_owner) == (None, None, None, None)
    assert (row.team_name, row.cost_usd) == ("Analysts", Decimal("0.024"))


@pytest.mark.parametrize("column", ["payer", "started_by", "key_owner"])
def test_a_row_cannot_be_given_to_another_person(make_entry, outsider, now, column):
    record_responses([make_entry()], at=now)
    record_responses([make_entry(**{f"{column}_id": None})], at=now)

    for rows in (UsageLog.objects.filter(**{column: None}), UsageLog.objects.exclude(**{column: None})):
        with pytest.raises(IntegrityError, match="append only"), transaction.atomic():
            rows.update(**{column: outsider})


def test_a_row_cannot_be_deleted_unless_the_transaction_prunes(db, now):
    create(now)

    with pytest.raises(IntegrityError, match="append only"), transaction.atomic():
        UsageLog.objects.all().delete()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL renum.allow_prune = 'on'")
        UsageLog.objects.all().delete()

    assert not UsageLog.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_permission_to_prune_ends_with_its_transaction(now):
    create(now)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL renum.allow_prune = 'on'")

    with pytest.raises(IntegrityError, match="append only"):
        UsageLog.objects.all().delete()
