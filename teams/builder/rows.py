"""A step's conditions as rows: what is looked at, how, and against which value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from teams.builder.controls import Member, put, without
from teams.builder.values import NOTHING, read_value, value_text
from teams.workflow.condition_parsing import OPERATORS, OPERATORS_ON_CASE
from teams.workflow.plan import Json

ALWAYS, WHEN, ELSE = "", "when", "else"
TEXT, DATA, STATUS, RESULT = "text:", "data:", "status:", "result:"
PROMPT, CONTEXT, PATH = "prompt", "context", "path"
PARTS = ("of", "key", "operator", "value")
_KEYS = {"field", "operator", "value", "ignore_case"}
_EMPTY = {"field": "", "operator": "contains", "value": ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One comparison: the parts in the order of PARTS, each as the text of its field."""

    of: str
    key: str
    operator: str
    value: str

    def part(self, name: str) -> str:
        """Return one part by its name."""
        return str(getattr(self, name))


def read_mode(step: Member) -> str | None:
    """Return when a step runs: ALWAYS, WHEN or ELSE; None for what is no conditions."""
    given = step.get("conditions")
    if given is None:
        return ALWAYS
    if given == ELSE:
        return ELSE
    return WHEN if isinstance(given, list) else None


def write_mode(step: Member, mode: str) -> Member:
    """Return the step with other conditions; WHEN begins with one row to fill in."""
    if mode == ELSE:
        return put(step, "conditions", ELSE)
    if mode == WHEN:
        return put(step, "conditions", [dict(_EMPTY)])
    return without(step, "conditions")


def read_rows(step: Member, names: Sequence[str]) -> list[Row | None]:
    """Return a row for each condition, None for those that no row can show."""
    given = step.get("conditions")
    return [read_row(item, names) for item in given] if isinstance(given, list) else []


def read_row(item: Json, names: Sequence[str]) -> Row | None:
    """Return a comparison as a row; None for a group, and for whatever else a row cannot show."""
    if not isinstance(item, dict) or not {key for key in item if not key.startswith("x-")} <= _KEYS:
        return None
    field, operator = item.get("field", ""), item.get("operator", "")
    if not isinstance(field, str) or not isinstance(operator, str) or operator not in OPERATORS:
        return None
    shown = value_text(operator, item.get("value", NOTHING))
    if shown is None:
        return None
    of, key = _split(field, names)
    return Row(of=of, key=key, operator=operator, value=shown)


def write_row(item: Mapping[str, Any], before: Row, after: Row) -> dict[str, Any]:
    """Return the comparison with what differs between the rows."""
    changed = {**item}
    if (before.of, before.key) != (after.of, after.key):
        changed["field"] = _path(after.of, after.key.strip())
    if (before.operator, before.value) != (after.operator, after.value):
        changed["operator"] = after.operator
        value = read_value(after.operator, after.value)
        changed.pop("value", None)
        if value is not NOTHING:
            changed["value"] = value
        if after.operator not in OPERATORS_ON_CASE:
            changed.pop("ignore_case", None)
    return changed


def with_row(step: Member) -> Member:
    """Return the step with one more condition to fill in."""
    given = step.get("conditions")
    return put(step, "conditions", [*(given if isinstance(given, list) else ()), dict(_EMPTY)])


def without_row(step: Member, at: int) -> Member:
    """Return the step without one condition; without the last one it always runs."""
    given = step.get("conditions")
    if not isinstance(given, list) or not 0 <= at < len(given):
        return step
    left = [item for position, item in enumerate(given) if position != at]
    return put(step, "conditions", left) if left else without(step, "conditions")


def _split(field: str, names: Sequence[str]) -> tuple[str, str]:
    if field == "initial_prompt":
        return PROMPT, ""
    if field.startswith("context."):
        return CONTEXT, field.removeprefix("context.")
    # The longest first: ids may hold dots, and one may begin with another.
    for name in sorted({name for name in names if name}, key=len, reverse=True):
        if field == f"steps.{name}.text":
            return f"{TEXT}{name}", ""
        if field == f"steps.{name}.status":
            return f"{STATUS}{name}", ""
        for kind, root in ((DATA, f"steps.{name}.data"), (RESULT, f"agent_{name}_result")):
            if field == root or field.startswith(f"{root}."):
                return f"{kind}{name}", field.removeprefix(root).removeprefix(".")
    return PATH, field


def _path(of: str, key: str) -> str:
    roots = {TEXT: "steps.{}.text", STATUS: "steps.{}.status"}
    for kind, form in roots.items():
        if of.startswith(kind):
            return form.format(of.removeprefix(kind))
    more = f".{key}" if key else ""
    if of.startswith(DATA):
        return f"steps.{of.removeprefix(DATA)}.data{more}"
    if of.startswith(RESULT):
        return f"agent_{of.removeprefix(RESULT)}_result{more}"
    if of == PROMPT:
        return "initial_prompt"
    return f"context{more}" if of == CONTEXT else key
