"""Staff's prices: who may set them, what is refused, and that none is ever changed."""

import datetime as dt
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError

from billing.actions.set_model_price import InvalidPrice, PriceAlreadySet, set_model_price
from billing.models import ModelPrice


def facts(actor, now, **changes):
    return {
        "actor": actor,
        "provider": "OpenAI ",
        "model_name": "o3",
        "input_usd_per_mtok": Decimal("1.5"),
        "output_usd_per_mtok": Decimal("6"),
        "cached_usd_per_mtok": Decimal("0.15"),
        "valid_from": now,
        "source": "contract of 2026-11",
        "note": "agreed by mail",
        "now": now,
        **changes,
    }


def test_a_price_is_stored_with_its_source_and_who_set_it(price_keeper, now):
    price = set_model_price(**facts(price_keeper, now))

    price.refresh_from_db()
    assert (price.provider, price.model_name, price.created_by) == ("openai", "o3", price_keeper)
    assert (price.input_usd_per_mtok, price.output_usd_per_mtok, price.cached_usd_per_mtok) == (
        Decimal("1.5"),
        Decimal("6"),
        Decimal("0.15"),
    )
    assert (price.source, price.note, price.valid_from) == ("contract of 2026-11", "agreed by mail", now)


def test_only_those_with_the_right_set_prices(owner, outsider, price_keeper, now):
    for person in (owner, outsider):
        with pytest.raises(PermissionDenied):
            set_model_price(**facts(person, now))

    assert not ModelPrice.objects.exists()
    set_model_price(**facts(price_keeper, now))
    assert ModelPrice.objects.count() == 1


def test_a_second_price_for_the_same_moment_is_refused_and_a_newer_one_is_not(price_keeper, now):
    set_model_price(**facts(price_keeper, now))

    with pytest.raises(PriceAlreadySet):
        set_model_price(**facts(price_keeper, now, input_usd_per_mtok=Decimal("9")))
    set_model_price(**facts(price_keeper, now, valid_from=now + dt.timedelta(seconds=1)))
    set_model_price(**facts(price_keeper, now, provider=None))

    assert ModelPrice.objects.filter(input_usd_per_mtok=Decimal("1.5")).count() == 3


@pytest.mark.parametrize("field", ["input_usd_per_mtok", "output_usd_per_mtok", "cached_usd_per_mtok"])
@pytest.mark.parametrize("amount", ["-0.000001", "NaN", "Infinity", "1000000", "0.0000001"])
def test_an_amount_that_is_no_price_is_refused(price_keeper, now, field, amount):
    with pytest.raises(InvalidPrice) as caught:
        set_model_price(**facts(price_keeper, now, **{field: Decimal(amount)}))

    assert caught.value.field == field
    assert not ModelPrice.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [("model_name", " "), ("source", ""), ("valid_from", dt.datetime(2026, 1, 1))],  # noqa: DTZ001
)
def test_a_price_without_a_name_a_source_or_a_time_zone_is_refused(price_keeper, now, field, value):
    with pytest.raises(InvalidPrice) as caught:
        set_model_price(**facts(price_keeper, now, **{field: value}))

    assert caught.value.field == field


def create(now, **changes) -> ModelPrice:
    return ModelPrice.objects.create(
        **{
            "model_name": "o3",
            "input_usd_per_mtok": Decimal(0),
            "output_usd_per_mtok": Decimal(0),
            "valid_from": now,
            "created_at": now,
            "source": "test",
            **changes,
        }
    )


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("model_price_not_negative", {"input_usd_per_mtok": Decimal("-1")}),
        ("model_price_not_negative", {"output_usd_per_mtok": Decimal("-1")}),
        ("model_price_not_negative", {"cached_usd_per_mtok": Decimal("-1")}),
        ("model_price_named_and_sourced", {"model_name": ""}),
        ("model_price_named_and_sourced", {"source": ""}),
    ],
)
def test_a_row_that_breaks_a_rule_is_refused_by_the_database(db, now, rule, changes):
    with pytest.raises(IntegrityError, match=rule):
        create(now, **changes)


def test_two_rows_for_one_moment_are_refused_by_the_database(db, now):
    create(now)

    with pytest.raises(IntegrityError, match="model_price_once_per_moment"):
        create(now, input_usd_per_mtok=Decimal(5))


def test_the_price_of_a_person_who_is_gone_stays(price_keeper, now):
    price = set_model_price(**facts(price_keeper, now))

    price_keeper.delete()

    price.refresh_from_db()
    assert price.created_by is None
