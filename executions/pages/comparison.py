"""Two executions compared, as plain values: what was asked and answered, and each step's time and cost."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from billing.ledger import Tally, Totals, totals_of_execution
from executions.models import Execution, ExecutionStep
from executions.pages.spending import Spending, spending_of
from executions.pages.step_view import json_text
from executions.pages.text_diff import TextDiff, diff_texts
from executions.wording import status_words
from teams.workflow.diff import is_same_definition

MAX_RESULT_CHARS = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A step, or an execution as a whole, of one of the two."""

    status: str
    status_words: str
    took_s: int | None
    spending: Spending


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One step of both, or of one: then the other side is None. The deltas are what the later has more."""

    step_id: str
    before: Side | None
    after: Side | None
    more_s: int | None
    more_tokens: int | None
    more_usd: Decimal | None
    result: TextDiff | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """All that is compared. `is_same_workflow` also where two versions say the same."""

    whole: Line
    lines: Sequence[Line]
    is_same_workflow: bool
    definition: TextDiff
    prompt: TextDiff
    answer: TextDiff


def build_comparison(before: Execution, after: Execution) -> Comparison:
    """Compare two executions in four queries; their versions are loaded."""
    totals = totals_of_execution(before.pk), totals_of_execution(after.pk)
    old, new = _steps(before), _steps(after)
    first, second = before.workflow_version.definition, after.workflow_version.definition
    ids = [*new, *(step_id for step_id in old if step_id not in new)]
    return Comparison(
        whole=_line("", _whole(before, totals[0].overall), _whole(after, totals[1].overall), result=None),
        lines=[_step_line(step_id, old.get(step_id), new.get(step_id), totals) for step_id in ids],
        is_same_workflow=is_same_definition(first, second),
        definition=diff_texts(json_text(first), json_text(second)),
        prompt=diff_texts(before.initial_prompt, after.initial_prompt),
        answer=diff_texts(before.result_text, after.result_text),
    )


def _steps(execution: Execution) -> Mapping[str, ExecutionStep]:
    rows = ExecutionStep.objects.filter(execution=execution).order_by("position")
    return {step.step_id: step for step in rows.defer("input", "conditions")}


def _step_line(
    step_id: str, old: ExecutionStep | None, new: ExecutionStep | None, totals: tuple[Totals, Totals]
) -> Line:
    sides = [
        None
        if step is None
        else Side(
            status=step.status,
            status_words=status_words(step.status),
            took_s=_seconds(step.started_at, step.finished_at),
            spending=spending_of(total.by_step.get(step_id, Tally())),
        )
        for step, total in zip((old, new), totals, strict=True)
    ]
    result = diff_texts(_result(old), _result(new)) if old is not None and new is not None else None
    return _line(step_id, sides[0], sides[1], result=result)


def _line(step_id: str, before: Side | None, after: Side | None, *, result: TextDiff | None) -> Line:
    more_s = more_tokens = more_usd = None
    if before is not None and after is not None:
        old, new = before.spending, after.spending
        more_tokens = new.tokens - old.tokens
        more_usd = new.cost_usd - old.cost_usd if old.is_known and new.is_known else None
        if before.took_s is not None and after.took_s is not None:
            more_s = after.took_s - before.took_s
    return Line(
        step_id=step_id,
        before=before,
        after=after,
        more_s=more_s,
        more_tokens=more_tokens,
        more_usd=more_usd,
        result=result,
    )


def _whole(execution: Execution, tally: Tally) -> Side:
    return Side(
        status=execution.status,
        status_words=status_words(execution.status),
        took_s=_seconds(execution.started_at, execution.finished_at),
        spending=spending_of(tally),
    )


def _result(step: ExecutionStep) -> str:
    return (step.result_text or json_text(step.result_data))[:MAX_RESULT_CHARS]


def _seconds(began: dt.datetime | None, ended: dt.datetime | None) -> int | None:
    return None if began is None or ended is None else int((ended - began).total_seconds())
