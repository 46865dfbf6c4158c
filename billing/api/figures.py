"""Tokens and money as the API writes them: counts are whole, money is a decimal string."""

from collections.abc import Mapping
from typing import Any

from billing.ledger import Tally

USAGE = ("responses", "tokens_input", "tokens_output", "tokens_cached", "tokens_reasoning", "unreported")

LEDGER_FIGURES = (
    "source_id",
    "model_provider",
    "model_name",
    "api_key_type",
    "tokens_input",
    "tokens_output",
    "tokens_cached",
    "tokens_reasoning",
    "reported",
    "cost_usd",
    "pricing",
    "price_source",
    "unit_prices",
)
"""What every form of a ledger row tells of one answer of a model, in this order."""


def usage_of(metrics: Mapping[str, Any]) -> dict[str, int]:
    """Return the counts of a row's usage metrics; an empty column means that nothing was recorded."""
    return {name: int(metrics.get(name, 0)) for name in USAGE}


def cost_of(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Return the cost of a row's cost metrics: the whole cost only where `unpriced` is 0."""
    return {"cost_usd": str(metrics.get("cost_usd", "0")), "unpriced": int(metrics.get("unpriced", 0))}


def figures_of(tally: Tally) -> dict[str, Any]:
    """Return usage and cost of a tally."""
    return {"usage": usage_of(tally.usage_metrics), "cost": cost_of(tally.cost_metrics)}
