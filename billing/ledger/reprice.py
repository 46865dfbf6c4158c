"""Which rows of the ledger would cost something else at the prices that are known now, and giving them those.

Each row is priced as of its own moment, by staff's prices and the list as they are now. A row keeps its price
where that comes to the same amount, or where there is none now. Whoever writes says in the name of which
re-pricing; a trigger keeps what each row had before.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from billing.models import ModelPrice, UsageLog
from billing.pricing import PricedResponse, PriceOverride, PricingStatus, price_response

BATCH = 500
MOST_ROWS = 200_000
"""So many answers a re-pricing may be about: a longer period is cut into several."""
_MATH = Context(prec=60)
_ZERO = UUID(int=0)
_COLUMNS = (
    "id",
    "created_at",
    "execution_id",
    "team_id",
    "payer_id",
    "model_provider",
    "model_name",
    "tokens_input",
    "tokens_output",
    "tokens_cached",
    "tokens_reasoning",
    "cost_usd",
    "pricing",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The answers of a model in a period; of any provider where `provider` is empty."""

    model_name: str
    provider: str
    starts_at: dt.datetime
    ends_at: dt.datetime

    def rows(self) -> QuerySet[UsageLog]:
        """Return them. Those without token counts are left out: no price says what they cost."""
        rows = UsageLog.objects.filter(
            model_name=self.model_name, created_at__gte=self.starts_at, created_at__lt=self.ends_at
        ).exclude(pricing=PricingStatus.UNREPORTED.value)
        return rows.filter(model_provider__iexact=self.provider) if self.provider else rows


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPrice:
    """A row and what it costs now."""

    row: UsageLog
    price: PricedResponse

    @property
    def usd(self) -> Decimal:
        """Return by how much it costs more."""
        return _MATH.subtract(self.price.cost_usd or Decimal(0), self.row.cost_usd or Decimal(0))


@dataclass(slots=True, kw_only=True)
class Effect:
    """What a re-pricing would do, or did: all sums are of the rows that change.

    `without_price` are rows that have none and get none.
    """

    rows: int = 0
    changed: int = 0
    without_price: int = 0
    old_cost_usd: Decimal = field(default_factory=Decimal)
    new_cost_usd: Decimal = field(default_factory=Decimal)

    def add(self, rows: Sequence[UsageLog], found: Sequence[NewPrice]) -> None:
        """Count one batch."""
        self.rows += len(rows)
        self.changed += len(found)
        given = {one.row.id for one in found}
        self.without_price += sum(1 for row in rows if row.cost_usd is None and row.id not in given)
        for one in found:
            self.old_cost_usd = _MATH.add(self.old_cost_usd, one.row.cost_usd or Decimal(0))
            self.new_cost_usd = _MATH.add(self.new_cost_usd, one.price.cost_usd or Decimal(0))


class TooManyRows(Exception):
    """More answers are meant than one re-pricing may be about."""


def find_effect(scope: Scope, *, more: Sequence[PriceOverride] = ()) -> Effect:
    """Return what a re-pricing would do, also with prices that are not set yet. Raises TooManyRows."""
    effect = Effect()
    prices = [*find_prices(scope.model_name), *more]
    for rows in _batches(scope):
        effect.add(rows, find_new_prices(rows, prices))
        if effect.rows > MOST_ROWS:
            raise TooManyRows
    return effect


def find_prices(model_name: str) -> list[PriceOverride]:
    """Return staff's prices of the model, of all moments."""
    return [price.as_override() for price in ModelPrice.objects.filter(model_name=model_name)]


def next_rows(scope: Scope, *, after: UUID | None) -> list[UsageLog]:
    """Return the next of them by id, at most BATCH."""
    rows = scope.rows().filter(id__gt=after or _ZERO).order_by("id").only(*_COLUMNS)
    return list(rows[:BATCH])


def find_new_prices(rows: Sequence[UsageLog], prices: Sequence[PriceOverride]) -> list[NewPrice]:
    """Return the rows that cost something else now."""
    found = []
    for row in rows:
        price = price_response(
            provider=row.model_provider,
            model=row.model_name,
            tokens_input=row.tokens_input,
            tokens_output=row.tokens_output,
            tokens_cached=row.tokens_cached,
            tokens_reasoning=row.tokens_reasoning,
            at=row.created_at,
            overrides=prices,
        )
        if price.cost_usd is not None and price.cost_usd != row.cost_usd:
            found.append(NewPrice(row=row, price=price))
    return found


def write_new_prices(found: Sequence[NewPrice], *, repricing_id: UUID) -> None:
    """Give the rows their prices in the name of a re-pricing. Call it in a transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('renum.repricing', %s, true)", [str(repricing_id)])
        for one in found:
            one.row.pricing, one.row.price_source = PricingStatus.PRICED.value, one.price.source
            one.row.unit_prices = dict(one.price.unit_prices)
            one.row.cost_usd = one.price.cost_usd
        UsageLog.objects.bulk_update(
            [one.row for one in found], ["pricing", "price_source", "unit_prices", "cost_usd"]
        )
        cursor.execute("SELECT set_config('renum.repricing', '', true)")


def _batches(scope: Scope) -> Iterator[list[UsageLog]]:
    after: UUID | None = None
    while rows := next_rows(scope, after=after):
        yield rows
        after = rows[-1].id
