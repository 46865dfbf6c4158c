"""Judging a step's conditions in three-valued logic, and the record of what was seen.

What a verdict means for the step is decided in `judging`.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from executions.engine.operators import Verdict, apply_operator
from executions.engine.paths import MISSING, View
from teams.workflow.plan import AllOf, AnyOf, Comparison, Condition, Json, Not

MAX_SEEN_CHARS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The verdict on a list of conditions, None for undecidable, and its record, plain JSON.

    The record is a list of items: {field, operator, value, ignore_case, seen | missing, verdict} for a
    comparison, {any | all: [...], verdict} or {not: item, verdict} for the others.
    """

    verdict: Verdict
    record: list[Json]


def judge(conditions: Sequence[Condition], view: View) -> Judgement:
    """Return the verdict on the list, which holds when every item does. Every item is looked at."""
    record = [_judge_one(condition, view) for condition in conditions]
    return Judgement(verdict=_all(item["verdict"] for item in record), record=record)


def find_culprit(record: Sequence[Json]) -> dict[str, Json] | None:
    """Return the comparison that kept a record's list from holding, or None where no single one did.

    Where the list is undecidable, that is the first undecidable one; otherwise the first that is false.
    """
    return _find_blamed(record, _all(item["verdict"] for item in record))


def shorten(value: Json) -> Json:
    """Return the value, or the beginning of its text where that is long."""
    if value is None or isinstance(value, bool):
        return value
    written = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return value if len(written) <= MAX_SEEN_CHARS else written[:MAX_SEEN_CHARS] + "…"


def _find_blamed(items: Sequence[Json], verdict: Verdict) -> dict[str, Json] | None:
    for item in items:
        if item["verdict"] is not verdict:
            continue
        if "operator" in item:
            found: dict[str, Json] = item
            return found
        # What a `not` refuses is an item that holds: there is nothing below it to blame.
        inner = item.get("any") or item.get("all") or ([item["not"]] if verdict is None else [])
        blamed = _find_blamed(inner, verdict)
        if blamed is not None:
            return blamed
    return None


def _judge_one(condition: Condition, view: View) -> dict[str, Json]:
    match condition:
        case Comparison():
            return _compare(condition, view)
        case AnyOf(items=items):
            judged = [_judge_one(item, view) for item in items]
            return {"any": judged, "verdict": _any(item["verdict"] for item in judged)}
        case AllOf(items=items):
            judged = [_judge_one(item, view) for item in items]
            return {"all": judged, "verdict": _all(item["verdict"] for item in judged)}
        case Not(item=item):
            inner = _judge_one(item, view)
            verdict = inner["verdict"]
            return {"not": inner, "verdict": None if verdict is None else not verdict}


def _compare(condition: Comparison, view: View) -> dict[str, Json]:
    actual = view.resolve(condition.path)
    record: dict[str, Json] = {
        "field": condition.path.text,
        "operator": condition.operator,
        "value": shorten(condition.value),
        "ignore_case": condition.ignore_case,
    }
    if actual is MISSING:
        record["missing"] = True
    else:
        record["seen"] = shorten(actual)
    record["verdict"] = apply_operator(
        condition.operator, actual, condition.value, ignore_case=condition.ignore_case
    )
    return record


def _all(verdicts: Iterable[Verdict]) -> Verdict:
    seen = list(verdicts)
    return False if False in seen else None if None in seen else True


def _any(verdicts: Iterable[Verdict]) -> Verdict:
    seen = list(verdicts)
    return True if True in seen else None if None in seen else False
