"""Set what a model costs from a moment on."""

import datetime as dt
from decimal import Decimal

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from billing.models import ModelPrice
from billing.models.model_price import PRICE_DECIMAL_PLACES, PRICE_DIGITS
from teams.actions.audit import audited
from teams.models import User

MAX_USD_PER_MTOK = Decimal(10) ** (PRICE_DIGITS - PRICE_DECIMAL_PLACES)


class InvalidPrice(Exception):
    """A price that cannot be stored as it was written. `field` names what is wrong."""

    code = "invalid_price"

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message)
        self.field = field


class PriceAlreadySet(Exception):
    """That model already has a price from that very moment on; a newer moment replaces it."""

    code = "price_already_set"


@audited("price_set")
def set_model_price(
    *,
    actor: User,
    provider: str | None,
    model_name: str,
    input_usd_per_mtok: Decimal,
    output_usd_per_mtok: Decimal,
    cached_usd_per_mtok: Decimal | None,
    valid_from: dt.datetime,
    source: str,
    note: str = "",
    now: dt.datetime,
) -> ModelPrice:
    """Add a price; rows of the ledger keep the prices that they were recorded with.

    Needs the right billing.add_modelprice (PermissionDenied). `provider` None holds for every provider.
    Raises InvalidPrice for amounts that are negative, not finite, above a million dollars or finer than
    six decimal places, and PriceAlreadySet; prices are never changed in place.
    """
    if not actor.has_perm("billing.add_modelprice"):
        raise PermissionDenied("setting prices needs the right to add model prices")
    for field, amount in (
        ("input_usd_per_mtok", input_usd_per_mtok),
        ("output_usd_per_mtok", output_usd_per_mtok),
        ("cached_usd_per_mtok", cached_usd_per_mtok),
    ):
        if amount is not None:
            _check_amount(amount, field=field)
    for field, text in (("model_name", model_name), ("source", source)):
        if not text.strip():
            raise InvalidPrice("may not be empty", field=field)
    if valid_from.tzinfo is None:
        raise InvalidPrice("needs a time zone", field="valid_from")
    try:
        with transaction.atomic():
            return ModelPrice.objects.create(
                provider=(provider or "").strip().lower(),
                model_name=model_name.strip(),
                input_usd_per_mtok=input_usd_per_mtok,
                output_usd_per_mtok=output_usd_per_mtok,
                cached_usd_per_mtok=cached_usd_per_mtok,
                valid_from=valid_from,
                source=source.strip(),
                note=note,
                created_by=actor,
                created_at=now,
            )
    except IntegrityError as error:
        if "model_price_once_per_moment" not in str(error):
            raise
        raise PriceAlreadySet(
            f"{model_name} already has a price from {valid_from:%Y-%m-%d %H:%M} on"
        ) from error


def _check_amount(amount: Decimal, *, field: str) -> None:
    if not amount.is_finite() or not 0 <= amount < MAX_USD_PER_MTOK:
        raise InvalidPrice("must be at least 0 and less than a million dollars", field=field)
    if amount != amount.quantize(Decimal(1).scaleb(-PRICE_DECIMAL_PLACES)):
        raise InvalidPrice(f"has more than {PRICE_DECIMAL_PLACES} decimal places", field=field)
