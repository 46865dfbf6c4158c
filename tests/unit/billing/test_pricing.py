"""Prices: staff's own first, then the dated list; what neither knows is unpriced, never 0."""

import datetime as dt
from decimal import Decimal

import genai_prices
import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.pricing import (
    COST_STEP,
    MAX_TOKENS,
    PricedResponse,
    PriceOverride,
    PricingStatus,
    price_response,
)

NOVEMBER = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
MILLION = Decimal(1_000_000)


def priced(
    model, provider=None, *, tokens_input=10_000, tokens_output=500, at=NOVEMBER, **rest
) -> PricedResponse:
    return price_response(
        provider=provider, model=model, tokens_input=tokens_input, tokens_output=tokens_output, at=at, **rest
    )


def override(**changes) -> PriceOverride:
    return PriceOverride(
        **{
            "id": "one",
            "provider": None,
            "model_name": "in-house",
            "input_usd_per_mtok": Decimal("2"),
            "output_usd_per_mtok": Decimal("6"),
            "cached_usd_per_mtok": None,
            "valid_from": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
            **changes,
        }
    )


@pytest.mark.parametrize(
    ("day", "cost"),
    [(dt.datetime(2025, 6, 1, tzinfo=dt.UTC), "0.12"), (dt.datetime(2025, 7, 1, tzinfo=dt.UTC), "0.024")],
)
def test_o3_costs_what_it_cost_on_the_day_of_the_call(day, cost):
    # OpenAI cut o3 from 10/40 to 2/8 USD per million tokens on 2025-06-10.
    assert priced("o3", "openai", at=day).cost_usd == Decimal(cost)


def test_a_moment_is_read_in_utc_when_it_comes_in_another_zone():
    west = dt.timezone(dt.timedelta(hours=-12))
    before_in_the_west = dt.datetime(2025, 6, 9, 23, 0, tzinfo=west)

    assert priced("o3", "openai", at=before_in_the_west) == priced(
        "o3", "openai", at=before_in_the_west.astimezone(dt.UTC)
    )


def test_cached_tokens_are_part_of_the_input_and_cost_less():
    # 6000 at 3, 4000 at 0.3, 500 at 15 USD per million tokens.
    response = priced("claude-sonnet-4-5", "anthropic", tokens_cached=4_000)

    assert response.cost_usd == Decimal("0.0267")
    assert response.unit_prices == {
        "input_usd_per_mtok": "3",
        "output_usd_per_mtok": "15",
        "cached_usd_per_mtok": "0.3",
        "priced_as": "anthropic/claude-sonnet-4-5",
    }


def test_the_price_says_which_list_it_is_from():
    assert priced("o3", "openai").source == f"genai-prices {genai_prices.__version__}"


def test_the_unit_price_kept_is_the_one_of_the_tier_that_was_charged():
    small = priced("claude-sonnet-4-5", "anthropic", tokens_input=200_000, tokens_output=0)
    large = priced("claude-sonnet-4-5", "anthropic", tokens_input=200_001, tokens_output=0)

    assert (small.unit_prices["input_usd_per_mtok"], small.cost_usd) == ("3", Decimal("0.6"))
    assert (large.unit_prices["input_usd_per_mtok"], large.cost_usd) == ("6", Decimal("1.200006"))


@pytest.mark.parametrize(
    ("provider", "model", "priced_as"),
    [
        (None, "anthropic/claude-sonnet-4-20250514", "anthropic/claude-sonnet-4-0"),
        ("anthropic", "anthropic/claude-sonnet-4-5", "anthropic/claude-sonnet-4-5"),
        ("anthropic", "claude-sonnet-4-5-20250929", "anthropic/claude-sonnet-4-5"),
        (" Anthropic ", "claude-sonnet-4-5", "anthropic/claude-sonnet-4-5"),
        (None, "gpt-4o-2024-08-06", "openai/gpt-4o"),
        ("litellm", "openai/gpt-4o", "openai/gpt-4o"),
        (None, "openrouter/anthropic/claude-sonnet-4", "openrouter/anthropic/claude-sonnet-4"),
        (None, "gemini/gemini-2.5-pro", "google/gemini-2.5-pro"),
        (None, "my-gateway/openai/gpt-4o", "openai/gpt-4o"),
        ("kortix", "anthropic/claude-sonnet-4-5", "anthropic/claude-sonnet-4-5"),
    ],
)
def test_a_model_is_found_under_each_name_that_services_use(provider, model, priced_as):
    assert priced(model, provider).unit_prices["priced_as"] == priced_as


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        (None, "kortix/power"),
        (None, "no-such-model"),
        ("openai", "no-such-model"),
        ("no-such-provider", "gpt-4o"),
        ("deepseek", "openai/gpt-4o"),
        (None, "/"),
        (None, ""),
        (None, None),
    ],
)
def test_a_model_that_nobody_knows_is_unpriced_and_not_free(provider, model):
    response = priced(model, provider)

    assert (response.status, response.cost_usd, response.source) == (PricingStatus.UNPRICED, None, "")


def test_a_model_that_the_list_names_without_a_price_is_unpriced():
    assert priced("gpt-4o", "github-copilot").status is PricingStatus.UNPRICED


def test_a_model_without_an_output_price_is_unpriced_only_when_there_was_output():
    assert priced("voyage-code-2", "voyageai", tokens_output=1).status is PricingStatus.UNPRICED
    assert priced("voyage-code-2", "voyageai", tokens_output=0).cost_usd > 0


def test_a_model_that_the_list_calls_free_costs_nothing_and_is_priced():
    response = priced("google/gemma-3-27b-it:free", "openrouter")

    assert (response.status, response.cost_usd) == (PricingStatus.PRICED, Decimal(0))


@pytest.mark.parametrize(("tokens_input", "tokens_output"), [(None, 5), (5, None), (None, None)])
def test_a_response_is_unreported_when_a_count_is_missing(tokens_input, tokens_output):
    response = priced("o3", "openai", tokens_input=tokens_input, tokens_output=tokens_output)

    assert (response.status, response.cost_usd) == (PricingStatus.UNREPORTED, None)


@pytest.mark.parametrize("counts", [{"tokens_cached": 10_001}, {"tokens_reasoning": 501}])
def test_counts_that_contradict_each_other_are_not_priced(counts):
    with_override = priced("in-house", overrides=[override()], **counts)

    assert priced("o3", "openai", **counts).status is PricingStatus.UNPRICED
    assert with_override.status is PricingStatus.UNPRICED


@pytest.mark.parametrize(
    "counts",
    [
        {"tokens_input": -1},
        {"tokens_output": MAX_TOKENS + 1},
        {"tokens_cached": -1},
        {"tokens_reasoning": -1},
    ],
)
def test_an_impossible_count_is_an_error(counts):
    with pytest.raises(ValueError, match="token count"):
        priced("o3", "openai", **counts)


def test_a_naive_moment_is_an_error():
    with pytest.raises(ValueError, match="naive"):
        priced("o3", "openai", at=dt.datetime(2026, 1, 1))  # noqa: DTZ001


def test_an_override_comes_before_the_list():
    response = priced("o3", "openai", overrides=[override(model_name="o3")])

    assert (response.source, response.cost_usd) == ("override:one", Decimal("0.023"))


def test_an_override_may_make_a_model_free():
    nothing = override(input_usd_per_mtok=Decimal(0), output_usd_per_mtok=Decimal(0))

    response = priced("in-house", overrides=[nothing])

    assert (response.status, response.cost_usd) == (PricingStatus.PRICED, Decimal(0))


def test_cached_tokens_cost_an_override_s_input_price_unless_it_says_otherwise():
    silent = priced("in-house", tokens_cached=5_000, overrides=[override()])
    spoken = priced("in-house", tokens_cached=5_000, overrides=[override(cached_usd_per_mtok=Decimal("0.2"))])

    assert (silent.cost_usd, spoken.cost_usd) == (Decimal("0.023"), Decimal("0.014"))


def test_the_newest_override_that_holds_already_wins():
    def of(day: int, price: str) -> PriceOverride:
        return override(
            id=str(day),
            input_usd_per_mtok=Decimal(price),
            valid_from=dt.datetime(2026, 10, day, tzinfo=dt.UTC),
        )

    prices = [of(10, "10"), of(30, "30"), of(20, "20")]

    sources = [
        priced("in-house", at=dt.datetime(2026, 10, day, tzinfo=dt.UTC), overrides=prices).source
        for day in (9, 10, 29, 31)
    ]

    assert sources == ["", "override:10", "override:20", "override:30"]


def test_of_two_overrides_of_one_moment_the_one_for_the_provider_wins():
    prices = [override(id="any"), override(id="azure", provider="azure"), override(id="any-too")]

    assert priced("in-house", "Azure", overrides=prices).source == "override:azure"
    assert priced("in-house", "openai", overrides=prices).source in {"override:any", "override:any-too"}


def test_an_override_needs_the_exact_name():
    assert priced("in-house-2", overrides=[override()]).status is PricingStatus.UNPRICED


counts = st.integers(0, MAX_TOKENS)
amounts = st.decimals(0, 999_999, places=6, allow_nan=False, allow_infinity=False)


@given(counts, counts, st.floats(0, 1), amounts, amounts, amounts)
def test_an_override_s_cost_is_the_exact_product_rounded_once(sent, answered, share, first, second, third):
    cached = int(sent * share)

    response = priced(
        "in-house",
        tokens_input=sent,
        tokens_output=answered,
        tokens_cached=cached,
        overrides=[override(input_usd_per_mtok=first, output_usd_per_mtok=second, cached_usd_per_mtok=third)],
    )

    # In whole units of 10^-12 USD (a token at 10^-6 USD per million), without any rounding.
    exact = (
        (sent - cached) * int(first * MILLION)
        + cached * int(third * MILLION)
        + answered * int(second * MILLION)
    )
    assert response.cost_usd is not None
    assert abs(int(response.cost_usd.scaleb(12)) - exact) <= 50
    assert response.cost_usd < Decimal(10) ** 10
    assert response.cost_usd.as_tuple().exponent == COST_STEP.as_tuple().exponent


@given(
    st.sampled_from(["o3", "claude-sonnet-4-5", "gpt-4o", "gemini-2.5-pro"]), counts, counts, st.floats(0, 1)
)
def test_a_cost_from_the_list_can_be_computed_again_from_the_unit_prices_kept(model, sent, answered, share):
    cached = int(sent * share)

    response = priced(model, tokens_input=sent, tokens_output=answered, tokens_cached=cached)

    units = {name: Decimal(price) for name, price in response.unit_prices.items() if name != "priced_as"}
    again = (
        (sent - cached) * units["input_usd_per_mtok"]
        + cached * units["cached_usd_per_mtok"]
        + answered * units["output_usd_per_mtok"]
    ) / MILLION
    assert response.cost_usd == again.quantize(COST_STEP)
