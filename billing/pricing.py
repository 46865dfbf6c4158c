"""What one model response costs: pure arithmetic on Decimal. No clock, no database, no network.

Staff's own prices come first, then the dated price list that the genai-prices package carries. What neither
knows has no price; it is never 0. Where prices are kept, and what is done with the answer, is not known here.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeAlias

import genai_prices
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import TieredPrices

COST_STEP = Decimal("1E-10")
"""Costs are kept to ten decimal places: the ledger's column has as many."""

MAX_TOKENS = 10**9
"""More tokens than any single response has; with it no cost can outgrow the ledger's column."""

_MILLION = Decimal(1_000_000)
_MATH = Context(prec=50)

_PRICE_KEYS = {
    "input_mtok": "input_usd_per_mtok",
    "output_mtok": "output_usd_per_mtok",
    "cache_read_mtok": "cached_usd_per_mtok",
    "output_reasoning_mtok": "reasoning_usd_per_mtok",
    "requests_kcount": "requests_usd_per_thousand",
}
"""genai-prices' names of the unit prices that a row of ours can use, and ours."""

_Found: TypeAlias = tuple[Any, Any]


class PricingStatus(StrEnum):
    """Whether a response has a price: `unpriced` lacks the price, `unreported` the tokens."""

    PRICED = "priced"
    UNPRICED = "unpriced"
    UNREPORTED = "unreported"


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceOverride:
    """A price that staff set. `provider` None holds for every provider; the model's name must be exact.

    `cached_usd_per_mtok` None means that cached tokens cost what other input tokens cost.
    """

    id: str
    provider: str | None
    model_name: str
    input_usd_per_mtok: Decimal
    output_usd_per_mtok: Decimal
    cached_usd_per_mtok: Decimal | None
    valid_from: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedResponse:
    """The price of one response. `cost_usd` is None exactly where `status` is not `priced`.

    `source` says where the price is from: "override:<id>" or "genai-prices <version>". `unit_prices` holds
    the unit prices that were used, as decimal strings, ready to be stored as JSON; `priced_as` in it names
    the entry of the price list.
    """

    cost_usd: Decimal | None
    source: str
    status: PricingStatus
    unit_prices: Mapping[str, str] = field(default_factory=dict)


def price_response(
    *,
    provider: str | None,
    model: str | None,
    tokens_input: int | None,
    tokens_output: int | None,
    tokens_cached: int | None = None,
    tokens_reasoning: int | None = None,
    at: dt.datetime,
    overrides: Sequence[PriceOverride] = (),
) -> PricedResponse:
    """Price one response at the prices of `at`, which must know its time zone.

    `tokens_input` includes the cached ones, `tokens_output` the reasoning ones. Counts that contradict that
    (more cached than input) are not priced: any price would be a guess. Raises ValueError for a naive `at`
    and for counts below 0 or above MAX_TOKENS.
    """
    if at.tzinfo is None:
        raise ValueError("a price has a moment in UTC: `at` is naive")
    for count in (tokens_input, tokens_output, tokens_cached, tokens_reasoning):
        if count is not None and not 0 <= count <= MAX_TOKENS:
            raise ValueError("a token count is between 0 and MAX_TOKENS")
    if tokens_input is None or tokens_output is None:
        return PricedResponse(cost_usd=None, source="", status=PricingStatus.UNREPORTED)
    usage = _Usage(
        tokens_input=tokens_input,
        tokens_output=tokens_output,
        tokens_cached=tokens_cached or 0,
        tokens_reasoning=tokens_reasoning or 0,
    )
    if not model or usage.contradicts_itself:
        return _UNPRICED
    override = find_override(provider=provider, model=model, at=at, overrides=overrides)
    if override is not None:
        return _price_by_override(override, usage)
    return _price_by_list(provider, model, usage, at)


def price_list_version() -> str:
    """Return the version of the price list, which is dated by its release."""
    return genai_prices.__version__


def warm_up_prices() -> None:
    """Read the price list now: the first look into it costs most of a second."""
    _find_in_list("openai", "gpt-4o-mini")


def find_override(
    *, provider: str | None, model: str, at: dt.datetime, overrides: Sequence[PriceOverride]
) -> PriceOverride | None:
    """Return the newest override that holds at `at`; of two of one moment, the one that names a provider."""
    name = _provider_name(provider)
    fitting = [
        override
        for override in overrides
        if override.model_name == model
        and override.valid_from <= at
        and (override.provider is None or _provider_name(override.provider) == name)
    ]
    return max(fitting, key=lambda one: (one.valid_from, one.provider is not None), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Usage:
    tokens_input: int
    tokens_output: int
    tokens_cached: int
    tokens_reasoning: int

    @property
    def contradicts_itself(self) -> bool:
        return self.tokens_cached > self.tokens_input or self.tokens_reasoning > self.tokens_output


_UNPRICED = PricedResponse(cost_usd=None, source="", status=PricingStatus.UNPRICED)


def _price_by_override(override: PriceOverride, usage: _Usage) -> PricedResponse:
    cached_price = override.cached_usd_per_mtok
    if cached_price is None:
        cached_price = override.input_usd_per_mtok
    parts = (
        (usage.tokens_input - usage.tokens_cached, override.input_usd_per_mtok),
        (usage.tokens_cached, cached_price),
        (usage.tokens_output, override.output_usd_per_mtok),
    )
    total = Decimal(0)
    for tokens, price in parts:
        total = _MATH.add(total, _MATH.multiply(Decimal(tokens), price))
    return _priced(
        _MATH.divide(total, _MILLION),
        source=f"override:{override.id}",
        unit_prices={
            "input_usd_per_mtok": _plain(override.input_usd_per_mtok),
            "output_usd_per_mtok": _plain(override.output_usd_per_mtok),
            "cached_usd_per_mtok": _plain(cached_price),
        },
    )


def _price_by_list(provider: str | None, model: str, usage: _Usage, at: dt.datetime) -> PricedResponse:
    found = _find_in_list(_provider_name(provider), model)
    if found is None:
        return _UNPRICED
    listed_provider, listed_model = found
    prices = _unit_prices(listed_model.get_prices(at.astimezone(dt.UTC)), usage.tokens_input)
    if not _covers(prices, usage, listed_model.id):
        return _UNPRICED
    calculated = listed_model.calc_price(
        genai_prices.Usage(
            input_tokens=usage.tokens_input,
            output_tokens=usage.tokens_output,
            cache_read_tokens=usage.tokens_cached,
            output_reasoning_tokens=usage.tokens_reasoning,
        ),
        listed_provider,
        genai_request_timestamp=at.astimezone(dt.UTC),
    )
    return _priced(
        calculated.total_price,
        source=f"genai-prices {genai_prices.__version__}",
        unit_prices={name: _plain(price) for name, price in prices.items()}
        | {"priced_as": f"{listed_provider.id}/{listed_model.id}"},
    )


def _unit_prices(prices: Any, tokens_input: int) -> dict[str, Decimal]:
    # A tiered price holds for the whole response once its input is larger than the tier's start
    # (genai_prices.types.calc_unit_price, 0.2.3).
    unit_prices: dict[str, Decimal] = {}
    for key, name in _PRICE_KEYS.items():
        price = getattr(prices, key)
        if isinstance(price, TieredPrices):
            price = next(
                (tier.price for tier in reversed(price.tiers) if tokens_input > tier.start), price.base
            )
        if price is not None:
            unit_prices[name] = price
    return unit_prices


def _covers(prices: Mapping[str, Decimal], usage: _Usage, model_id: str) -> bool:
    # The list names some models without any price. Only those that it calls free cost nothing; and a
    # model without a price for output tokens has none for a response that holds some.
    if model_id.endswith(":free"):
        return True
    return (usage.tokens_input == 0 or "input_usd_per_mtok" in prices) and (
        usage.tokens_output == 0 or "output_usd_per_mtok" in prices
    )


@lru_cache(maxsize=2048)
def _find_in_list(provider: str | None, model: str) -> _Found | None:
    # Kept, because an unknown name is compared with every pattern of the list. The list never changes
    # while the process lives: the package's own updates are not used.
    for candidate_provider, candidate_model in _candidates(provider, model):
        try:
            found: _Found = get_snapshot().find_provider_model(
                candidate_model, None, candidate_provider, None
            )
        except LookupError:
            continue
        return found
    return None


def _candidates(provider: str | None, model: str) -> Iterator[tuple[str | None, str]]:
    # Names come as "model", "provider/model" and "gateway/provider/model". A provider that is known is
    # believed: another's price for the same model is not its price.
    known = _is_listed(provider)
    if known:
        yield provider, model
    prefix, slash, rest = model.partition("/")
    if slash and rest:
        if known:
            yield provider, rest
        elif _is_listed(prefix):
            yield prefix, rest
        elif provider is None:
            yield from _candidates(None, rest)
    elif provider is None:
        yield None, model


def _is_listed(provider: str | None) -> bool:
    if not provider:
        return False
    try:
        get_snapshot().find_provider(None, provider, None)
    except LookupError:
        return False
    return True


def _provider_name(provider: str | None) -> str | None:
    # LiteLLM is the library that the call went through, not a provider.
    name = (provider or "").strip().lower()
    return None if name in {"", "litellm"} else name


def _priced(cost_usd: Decimal, *, source: str, unit_prices: Mapping[str, str]) -> PricedResponse:
    return PricedResponse(
        cost_usd=cost_usd.quantize(COST_STEP, context=_MATH),
        source=source,
        status=PricingStatus.PRICED,
        unit_prices=unit_prices,
    )


def _plain(price: Decimal) -> str:
    return f"{price.normalize(_MATH):f}"
