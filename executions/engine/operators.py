"""The operators of conditions, three-valued: True, False, or None for undecidable (language, section 5).

Each takes the actual value, the condition's value and whether strings ignore case. None of them coerces a
type, and none raises for any JSON value.
"""

from collections.abc import Callable
from typing import TypeAlias

from executions.engine.paths import MISSING
from teams.workflow.iso_dates import find_iso_date
from teams.workflow.patterns import PatternError, compile_pattern
from teams.workflow.plan import Json

Verdict: TypeAlias = bool | None
Operator: TypeAlias = Callable[[Json, Json, bool], Verdict]

MAX_MATCHED_BYTES = 64 * 1024


def apply_operator(name: str, actual: Json, value: Json, *, ignore_case: bool) -> Verdict:
    """Return the verdict; None as well for an operator that does not exist. `actual` may be MISSING."""
    if name == "exists":
        return actual is not MISSING
    if name == "not_exists":
        return actual is MISSING
    operator = _OPERATORS.get(name)
    if operator is None or actual is MISSING:
        return None
    return operator(actual, value, ignore_case)


def is_equal(one: Json, other: Json, *, ignore_case: bool) -> bool:
    """Whether both have one JSON type and are equal, all the way down; 1 and 1.0 are one number."""
    if isinstance(one, str) and isinstance(other, str):
        return _fold(one, ignore_case) == _fold(other, ignore_case)
    if _is_number(one) and _is_number(other):
        return bool(one == other)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(
            is_equal(left, right, ignore_case=ignore_case) for left, right in zip(one, other, strict=True)
        )
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(
            is_equal(left, other[key], ignore_case=ignore_case) for key, left in one.items()
        )
    if isinstance(one, bool) and isinstance(other, bool):
        return one is other
    return one is None and other is None


def _fold(text: str, ignore_case: bool) -> str:
    return text.casefold() if ignore_case else text


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _negated(operator: Operator) -> Operator:
    def negation(actual: Json, value: Json, ignore_case: bool) -> Verdict:
        verdict = operator(actual, value, ignore_case)
        return None if verdict is None else not verdict

    return negation


def _equals(actual: Json, value: Json, ignore_case: bool) -> Verdict:
    return is_equal(actual, value, ignore_case=ignore_case)


def _in(actual: Json, value: Json, ignore_case: bool) -> Verdict:
    if not isinstance(value, list):
        return None
    return any(is_equal(actual, item, ignore_case=ignore_case) for item in value)


def _contains(actual: Json, value: Json, ignore_case: bool) -> Verdict:
    if isinstance(actual, list):
        return any(is_equal(item, value, ignore_case=ignore_case) for item in actual)
    if isinstance(actual, str) and isinstance(value, str):
        return _fold(value, ignore_case) in _fold(actual, ignore_case)
    return None


def _starts_with(actual: Json, value: Json, ignore_case: bool) -> Verdict:
    if not isinstance(actual, str) or not isinstance(value, str):
        return None
    return _fold(actual, ignore_case).startswith(_fold(value, ignore_case))


def _ends_with(actual: Json, value: Json, ignore_case: bool) -> Verdict:
    if not isinstance(actual, str) or not isinstance(value, str):
        return None
    return _fold(actual, ignore_case).endswith(_fold(value, ignore_case))


def _matches(actual: Json, value: Json, ignore_case: bool) -> Verdict:
    """Search with RE2, which is linear in the text; always case-sensitive, `(?i)` says otherwise."""
    if not isinstance(actual, str) or not isinstance(value, str):
        return None
    searched = actual.encode("utf-8", "replace")[:MAX_MATCHED_BYTES].decode("utf-8", "ignore")
    try:
        return compile_pattern(value).search(searched) is not None
    except PatternError:
        return None


def _ordered(holds: Callable[[int], bool]) -> Operator:
    def operator(actual: Json, value: Json, ignore_case: bool) -> Verdict:
        order = _compare(actual, value)
        return None if order is None else holds(order)

    return operator


def _between(actual: Json, value: Json, ignore_case: bool) -> Verdict:
    if not isinstance(value, list) or len(value) != 2:
        return None
    from_low, from_high = _compare(actual, value[0]), _compare(actual, value[1])
    if from_low is None or from_high is None:
        return None
    return from_low >= 0 and from_high <= 0


def _compare(one: Json, other: Json) -> int | None:
    """Return -1, 0 or 1 for two numbers or two ISO dates, else None."""
    if _is_number(one) and _is_number(other):
        return int(one > other) - int(one < other)
    if not isinstance(one, str) or not isinstance(other, str):
        return None
    left, right = find_iso_date(one), find_iso_date(other)
    if left is None or right is None:
        return None
    return int(left > right) - int(left < right)


def _is_empty(actual: Json, value: Json, ignore_case: bool) -> Verdict:
    return actual is None or (isinstance(actual, str | list | dict) and not actual)


def _is_true(actual: Json, value: Json, ignore_case: bool) -> Verdict:
    return actual is True


_OPERATORS: dict[str, Operator] = {
    "equals": _equals,
    "not_equals": _negated(_equals),
    "in": _in,
    "not_in": _negated(_in),
    "contains": _contains,
    "not_contains": _negated(_contains),
    "starts_with": _starts_with,
    "ends_with": _ends_with,
    "matches": _matches,
    "gt": _ordered(lambda order: order > 0),
    "gte": _ordered(lambda order: order >= 0),
    "lt": _ordered(lambda order: order < 0),
    "lte": _ordered(lambda order: order <= 0),
    "between": _between,
    "is_empty": _is_empty,
    "is_true": _is_true,
}

OPERATOR_NAMES = (*_OPERATORS, "exists", "not_exists")
