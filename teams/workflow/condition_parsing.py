"""Reading conditions: their shape and the values that each operator takes. The engine judges them."""

from collections.abc import Callable

from teams.workflow.definition import ComparisonItem, ConditionItem, FieldPath, GroupItem
from teams.workflow.iso_dates import find_iso_date
from teams.workflow.patterns import PATTERN_WORK, PatternError, compile_pattern
from teams.workflow.plan import Json
from teams.workflow.shapes import Node

MAX_NESTING = 10
"""How many any, all and not may stand inside one another."""

OPERATORS_WITHOUT_VALUE = frozenset({"exists", "not_exists", "is_empty", "is_true"})
OPERATORS_ON_CASE = frozenset(
    {"equals", "not_equals", "in", "not_in", "contains", "not_contains", "starts_with", "ends_with"}
)
OPERATORS = (
    "equals",
    "not_equals",
    "in",
    "not_in",
    "contains",
    "not_contains",
    "starts_with",
    "ends_with",
    "matches",
    "gt",
    "gte",
    "lt",
    "lte",
    "between",
    "exists",
    "not_exists",
    "is_empty",
    "is_true",
)
_GROUPS = ("any", "all", "not")
_COMPARISON_KEYS = ("field", "operator", "value", "ignore_case")


def read_conditions(node: Node) -> tuple[ConditionItem, ...]:
    """Return the items of a conditions list that could be read; the others are refused."""
    return tuple(item for child in node.items() if (item := _read_item(child, nesting=0)))


def _read_item(node: Node, *, nesting: int) -> ConditionItem | None:
    # The recursion is bounded: MAX_NESTING is checked before anything deeper is read.
    if not node.is_object((*_COMPARISON_KEYS, *_GROUPS), "A condition"):
        return None
    present = [key for key in _GROUPS if key in node.value]
    if not present:
        return _read_comparison(node)
    for key in node.value:
        if key != present[0] and (key in _GROUPS or key in _COMPARISON_KEYS):
            node.unexpected(
                key,
                f'"{key}" cannot stand beside "{present[0]}" in one condition. Make it an item of its own.',
            )
    return _read_group(node, present[0], nesting + 1)


def _read_group(node: Node, kind: str, nesting: int) -> GroupItem | None:
    content = node.member(kind)
    if content is None:
        return None
    if nesting > MAX_NESTING:
        node.refuse(
            "too_large",
            f"Conditions nest deeper than {MAX_NESTING}. Flatten them, or decide in an earlier step.",
            max_nesting=MAX_NESTING,
        )
        return None
    if kind == "not":
        item = _read_item(content, nesting=nesting)
        return GroupItem(kind="not", items=(item,)) if item else None
    if not content.is_list():
        return None
    if not content.value:
        content.refuse("empty", f'"{kind}" has no conditions. Add one, or remove it.')
        return None
    items = tuple(item for child in content.items() if (item := _read_item(child, nesting=nesting)))
    return GroupItem(kind="any" if kind == "any" else "all", items=items)


def _read_comparison(node: Node) -> ComparisonItem | None:
    field = node.required("field", "A condition")
    operator = node.required("operator", "A condition")
    path = field.text() if field else None
    name = operator.choice(OPERATORS, "unknown_operator") if operator else None
    ignore_case = _read_ignore_case(node, name)
    if name:
        _check_value(node, name)
    if field is None or path is None:
        return None
    # A comparison whose operator was refused is kept for its path, which may be wrong too.
    return ComparisonItem(
        field=FieldPath(at=field.at, text=path),
        operator=name or "equals",
        value=node.value.get("value"),
        ignore_case=ignore_case,
    )


def _read_ignore_case(node: Node, operator: str | None) -> bool:
    given = node.member("ignore_case")
    if given is None:
        return True
    if operator and operator not in OPERATORS_ON_CASE:
        advice = " Begin the pattern with (?i) instead." if operator == "matches" else " Remove it."
        node.unexpected(
            "ignore_case", f'"{operator}" does not look at "ignore_case".{advice}', operator=operator
        )
        return True
    if not isinstance(given.value, bool):
        given.wrong_type("true or false")
        return True
    return given.value


def _check_value(node: Node, operator: str) -> None:
    if operator in OPERATORS_WITHOUT_VALUE:
        if "value" in node.value:
            node.unexpected("value", f'"{operator}" takes no value. Remove it.', operator=operator)
        return
    given = node.required("value", f'The operator "{operator}"')
    if given is None:
        return
    if operator == "matches":
        _check_pattern(given)
        return
    expected = _VALUE_RULES.get(operator)
    if expected and not expected[1](given.value):
        given.refuse(
            "invalid_value",
            f'The value does not suit "{operator}". Give it {expected[0]}.',
            operator=operator,
            expected=expected[0],
        )
    elif operator == "between" and _ordered(given.value[0]) > _ordered(given.value[1]):
        given.refuse(
            "invalid_value",
            "The first value is greater than the second, so nothing is between them. Exchange them.",
            operator=operator,
            reason="order",
        )


def _check_pattern(given: Node) -> None:
    if not isinstance(given.value, str):
        given.refuse(
            "invalid_value",
            'The value does not suit "matches". Give it a regular expression as a text.',
            operator="matches",
            expected="a regular expression as a text",
        )
        return
    if not given.findings.affords(given.at, PATTERN_WORK):
        return
    try:
        compile_pattern(given.value)
    except PatternError as error:
        given.refuse(error.code, error.message)


def _is_number(value: Json) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_ordered(value: Json) -> bool:
    return _is_number(value) or (isinstance(value, str) and find_iso_date(value) is not None)


def _is_range(value: Json) -> bool:
    if not isinstance(value, list) or len(value) != 2 or not all(map(_is_ordered, value)):
        return False
    return isinstance(value[0], str) == isinstance(value[1], str)


def _ordered(value: Json) -> Json:
    return find_iso_date(value) if isinstance(value, str) else value


_VALUE_RULES: dict[str, tuple[str, Callable[[Json], bool]]] = {
    "in": ("a list", lambda value: isinstance(value, list)),
    "not_in": ("a list", lambda value: isinstance(value, list)),
    "starts_with": ("a text", lambda value: isinstance(value, str)),
    "ends_with": ("a text", lambda value: isinstance(value, str)),
    "between": ("a list of two numbers or of two ISO dates", _is_range),
    **dict.fromkeys(("gt", "gte", "lt", "lte"), ("a number or an ISO date", _is_ordered)),
}
