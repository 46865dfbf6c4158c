"""The value of a condition as a text in a field: a text as it is, anything else as JSON, a list by commas."""

import json
import math
import re

from teams.workflow.condition_parsing import OPERATORS_WITHOUT_VALUE
from teams.workflow.json_text import JsonTextError, parse_json_text
from teams.workflow.plan import Json

LISTS = ("in", "not_in", "between")
NOTHING: Json = object()
"""There is no value, which null is."""
_ITEM = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[^,]*)\s*(?:,|$)')
_LITERAL = re.compile(r'-?[0-9]+(?:\.[0-9]+)?|true|false|null|"(?:[^"\\]|\\.)*"')


def value_text(operator: str, value: Json) -> str | None:
    """Return what a field shows of a value; None where it would not be read back as it is."""
    if value is NOTHING:
        return ""
    if operator in LISTS and isinstance(value, list):
        items = [_item_text(item, in_list=True) for item in value]
        shown = None if None in items else ", ".join(item for item in items if item is not None)
    else:
        shown = _item_text(value, in_list=False)
    if shown is None or not _is_same(read_value(operator, shown), value):
        return None
    return shown


def read_value(operator: str, typed: str) -> Json:
    """Return the value that was typed for an operator; NOTHING for one that takes none."""
    if operator in OPERATORS_WITHOUT_VALUE:
        return NOTHING
    if operator in LISTS:
        return [_item(item) for item in _items(typed)]
    return _item(typed)


def _items(typed: str) -> list[str]:
    if not typed.strip():
        return []
    found: list[str] = []
    at = 0
    while at <= len(typed):
        match = _ITEM.match(typed, at)
        if match is None:
            return [*found, typed[at:].strip()]
        found.append(match.group(1).strip())
        if match.end() >= len(typed):
            return [*found, ""] if match.group().endswith(",") else found
        at = match.end()
    return found


def _item(typed: str) -> Json:
    if _LITERAL.fullmatch(typed.strip()):
        try:
            return parse_json_text(typed.strip())
        except JsonTextError:
            return typed
    return typed


def _item_text(value: Json, *, in_list: bool) -> str | None:
    if isinstance(value, str):
        is_plain = not _LITERAL.fullmatch(value.strip())
        if in_list:
            is_plain = (
                is_plain and value == value.strip() and "," not in value and '"' not in value and value != ""
            )
        return value if is_plain else json.dumps(value, ensure_ascii=False)
    if value is None or isinstance(value, (bool, int)):
        return json.dumps(value)
    if isinstance(value, float) and math.isfinite(value):
        return json.dumps(value)
    return None


def _is_same(one: Json, other: Json) -> bool:
    if one is NOTHING or other is NOTHING:
        return one is other
    return json.dumps(one) == json.dumps(other)
