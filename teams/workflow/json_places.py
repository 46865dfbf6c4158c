"""Where in a JSON text each value stands: for pointing at the line that a problem is about."""

import json
import re
from collections.abc import Mapping

from teams.workflow.plan import Json
from teams.workflow.problems import pointer_text

_TOKENS = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[\]{},:]|[^\s\[\]{},:"]+', re.DOTALL)
Place = tuple[int, int]
"""From and to, in characters from 0, the end not counted."""


def find_places(text: str) -> Mapping[str, Place]:
    """Return the place of each value by its pointer (RFC 6901).

    A list or an object has the place of the bracket that opens it. The text is one that
    `parse_json_text` takes.
    """
    found: dict[str, Place] = {}
    at: list[str | int] = []
    is_key = False
    for match in _TOKENS.finditer(text):
        mark = match.group()
        if mark in "]}":
            at.pop()
            is_key = False
        elif mark == ",":
            last = at[-1]
            is_key = isinstance(last, str)
            if isinstance(last, int):
                at[-1] = last + 1
        elif mark == ":":
            is_key = False
        elif is_key:
            at[-1] = _text_of(mark)
        else:
            found[pointer_text(tuple(at))] = match.span()
            if mark in "[{":
                at.append("" if mark == "{" else 0)
                is_key = mark == "{"
    return found


def place_of(pointer: str, places: Mapping[str, Place]) -> Place:
    """Return the place that a pointer names, or that of the nearest value around what is missing."""
    while pointer not in places and pointer:
        pointer = pointer.rpartition("/")[0]
    return places.get(pointer, (0, 0))


def line_and_column(text: str, position: int) -> tuple[int, int]:
    """Return line and column of a position, both counted from 1."""
    return text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)


def _text_of(mark: str) -> str:
    value: Json = json.loads(mark)
    return str(value)
