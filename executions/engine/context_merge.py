"""How a new value of a key of the shared context meets the one that is there. Pure."""

import json

from executions.engine.team_block import Merge
from teams.workflow.plan import Json

MAX_VALUE_BYTES = 64 * 1024


class MergeConflict(Exception):
    """The two values do not go together so; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def merge_value(rule: Merge, *, old: Json, new: Json) -> Json:
    """Return what the key holds then; an `old` of None is as good as none. Raises MergeConflict.

    `append` puts the new value at the end of a list, `merge` puts the members of an object into another,
    `max` keeps the greater number, `replace` the new value whatever it is.
    """
    value = _merged(rule, old, new)
    if len(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")) > MAX_VALUE_BYTES:
        raise MergeConflict("too_large")
    return value


def _merged(rule: Merge, old: Json, new: Json) -> Json:
    match rule:
        case "replace":
            return new
        case "append":
            if old is not None and not isinstance(old, list):
                raise MergeConflict("not_a_list")
            return [*(old or ()), new]
        case "merge":
            if not isinstance(new, dict) or not (old is None or isinstance(old, dict)):
                raise MergeConflict("not_an_object")
            return {**(old or {}), **new}
        case "max":
            numbers = [value for value in (old, new) if value is not None]
            if new is None or any(
                isinstance(value, bool) or not isinstance(value, int | float) for value in numbers
            ):
                raise MergeConflict("not_a_number")
            return max(numbers)
