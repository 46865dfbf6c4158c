"""One line of the list of executions."""

from dataclasses import dataclass
from decimal import Decimal

from executions.models import Execution
from executions.pages.spending import Spending
from executions.wording import status_words


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionRow:
    """What the list shows of an execution."""

    execution: Execution
    status_words: str
    prompt: str
    spending: Spending


def build_row(execution: Execution) -> ExecutionRow:
    """Build the line from the columns alone."""
    usage, cost = execution.usage_metrics, execution.cost_metrics
    return ExecutionRow(
        execution=execution,
        status_words=status_words(execution.status),
        prompt=" ".join(str(getattr(execution, "prompt_start", "")).split()),
        spending=Spending(
            tokens_input=int(usage.get("tokens_input", 0)),
            tokens_output=int(usage.get("tokens_output", 0)),
            cost_usd=Decimal(cost.get("cost_usd", "0")),
            responses=int(usage.get("responses", 0)),
            unpriced=int(cost.get("unpriced", 0)),
            unreported=int(usage.get("unreported", 0)),
        ),
    )
