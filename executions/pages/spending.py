"""Tokens and money of a run, a step or an execution, as a page shows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from billing.ledger import Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What model calls used and cost. `cost_usd` leaves out the calls without a price or without tokens."""

    tokens_input: int = 0
    tokens_output: int = 0
    cost_usd: Decimal = Decimal(0)
    responses: int = 0
    unpriced: int = 0
    unreported: int = 0

    @property
    def tokens(self) -> int:
        """Tokens in and out."""
        return self.tokens_input + self.tokens_output

    @property
    def is_known(self) -> bool:
        """Whether any call has a price: where none has, the cost is unknown and not 0."""
        return self.responses > self.unpriced + self.unreported

    @property
    def unknown(self) -> int:
        """How many calls the cost leaves out."""
        return self.unpriced + self.unreported


def spending_of(tally: Tally) -> Spending:
    """Return what the page shows of a sum of ledger rows."""
    return Spending(
        tokens_input=tally.tokens_input,
        tokens_output=tally.tokens_output,
        cost_usd=tally.cost_usd,
        responses=tally.responses,
        unpriced=tally.unpriced,
        unreported=tally.unreported,
    )


def noted_spending(usage: Mapping[str, Any], cost: Mapping[str, Any]) -> Spending:
    """Return what the page shows of the sums that a run or an execution has in its own columns."""
    return Spending(
        tokens_input=int(usage.get("tokens_input", 0)),
        tokens_output=int(usage.get("tokens_output", 0)),
        cost_usd=Decimal(cost.get("cost_usd", "0")),
        responses=int(usage.get("responses", 0)),
        unpriced=int(cost.get("unpriced", 0)),
        unreported=int(usage.get("unreported", 0)),
    )
