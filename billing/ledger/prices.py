"""What models cost now: those that somebody's agents used lately, or one that is asked for by its name."""

import datetime as dt
import zoneinfo
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from billing.ledger.rows import Narrowed, narrow
from billing.ledger.summary import GroupBy, sum_up
from billing.models import ModelPrice, UsageLog
from billing.pricing import PricedResponse, PricingStatus, price_response

USED_DAYS = 30
MOST_USED = 100
_UTC = zoneinfo.ZoneInfo("UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceNow:
    """The unit prices of a model, in US dollars per million tokens; none of them where it has no price.

    `source` is as in the ledger: "override:<id>" for a price of the site's, else the version of the list.
    `responses` counts the answers of the last USED_DAYS days; None where that was not asked.
    """

    provider: str
    model: str
    is_priced: bool
    source: str
    unit_prices: Mapping[str, str]
    responses: int | None = None

    @property
    def is_own(self) -> bool:
        """Whether the site set it."""
        return self.source.startswith("override:")


def find_price(*, provider: str, model: str, at: dt.datetime) -> PriceNow:
    """Return the price of the model at that moment. An empty provider is whichever the list has first."""
    [price] = _priced([(provider, model, None)], at=at)
    return price


def find_used_prices(rows: QuerySet[UsageLog], *, at: dt.datetime) -> list[PriceNow]:
    """Return the prices of the models in the ledger's rows of the last USED_DAYS days, most used first.

    At most MOST_USED of them. Raises TooManyGroups of a ledger with thousands of models.
    """
    lately = narrow(rows, Narrowed(since=at - dt.timedelta(days=USED_DAYS)))
    groups = sum_up(lately, by=(GroupBy.PROVIDER, GroupBy.MODEL), time_zone=_UTC).groups
    used = [
        (str(group.keys[GroupBy.PROVIDER]), str(group.keys[GroupBy.MODEL]), group.tally.responses)
        for group in groups
        if group.keys[GroupBy.MODEL]
    ]
    used.sort(key=lambda one: (-one[2], one[1], one[0]))
    return _priced(used[:MOST_USED], at=at)


def own_prices(*, model: str | None = None, provider: str | None = None) -> QuerySet[ModelPrice]:
    """Return the prices that the site set, of all models or narrowed: whoever is signed in may see them."""
    given = {"model_name": model, "provider": provider.lower() if provider else None}
    return ModelPrice.objects.filter(**{name: value for name, value in given.items() if value})


def _priced(models: Sequence[tuple[str, str, int | None]], *, at: dt.datetime) -> list[PriceNow]:
    overrides = [
        price.as_override()
        for price in ModelPrice.objects.filter(model_name__in={model for _, model, _ in models})
    ]
    found = []
    for provider, model, responses in models:
        # One token of each kind: without both prices an answer of this model would have none.
        priced: PricedResponse = price_response(
            provider=provider, model=model, tokens_input=1, tokens_output=1, at=at, overrides=overrides
        )
        found.append(
            PriceNow(
                provider=provider,
                model=model,
                is_priced=priced.status is PricingStatus.PRICED,
                source=priced.source,
                unit_prices=priced.unit_prices,
                responses=responses,
            )
        )
    return found
