"""One line of the list of executions."""

from dataclasses import dataclass

from executions.models import Execution
from executions.pages.spending import Spending, noted_spending
from executions.wording import status_words


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCount:
    """How many steps of an execution are through, skipped ones included, and how many there are."""

    done: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionRow:
    """What the list shows of an execution. `seconds` is None until it is over."""

    execution: Execution
    status_words: str
    prompt: str
    spending: Spending
    seconds: int | None
    steps: StepCount | None


def build_row(execution: Execution, *, steps: StepCount | None = None) -> ExecutionRow:
    """Build the line from the columns, and its steps where they were counted."""
    began, ended = execution.started_at or execution.created_at, execution.finished_at
    return ExecutionRow(
        execution=execution,
        status_words=status_words(execution.status),
        prompt=" ".join(str(getattr(execution, "prompt_start", "")).split()),
        spending=noted_spending(execution.usage_metrics, execution.cost_metrics),
        seconds=None if ended is None else max(0, round((ended - began).total_seconds())),
        steps=steps,
    )
