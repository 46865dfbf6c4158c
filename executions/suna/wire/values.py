"""Reading untrusted JSON: every value that an answer holds is checked and made storable here.

Storable means: PostgreSQL takes it (no NUL, no lone surrogates, no NaN, no infinity) and it has a bound.
An agent's own answer is not cut or cleaned here, apart from that: the engine does it.
"""

import json
import math
import re
from collections.abc import Mapping
from typing import Any, TypeAlias

from executions.agent_service import MAX_ID_CHARS, BadResponse

Json: TypeAlias = Any
"""A JSON value as `json.loads` returns it."""


class NotFinite(str):
    """A number that is none in JSON (NaN, Infinity, 1e999), as it was written: text, but never an id."""

    __slots__ = ()


MAX_SHORT_CHARS = 2_000
MAX_TOKENS = 10**9
"""More than any model call can use: a larger count is a mistake, and money must not follow from it."""

MAX_DEPTH = 32
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_NOT_IN_IDS = re.compile(r"[ /\\]")


def parse_json(body: bytes) -> Json:
    """Return the parsed body; BadResponse where it is not JSON.

    NaN, Infinity and numbers beyond a double's range become text: they are no JSON that can be stored.
    """
    try:
        return json.loads(body, parse_constant=NotFinite, parse_float=_parse_float)
    except (ValueError, RecursionError):
        # Raised below, outside of this block: the parser's error holds the whole body.
        pass
    raise BadResponse("the answer is not JSON")


def _parse_float(digits: str) -> float | str:
    value = float(digits)
    return value if math.isfinite(value) else NotFinite(digits)


def parse_object(body: bytes) -> dict[str, Json]:
    """Return the parsed body, which must be a JSON object."""
    value = parse_json(body)
    if not isinstance(value, dict):
        raise BadResponse("the answer is not a JSON object")
    return value


def clean_text(text: str) -> str:
    """Return a text without the characters that PostgreSQL refuses."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text) if _UNSTORABLE.search(text) else text


def is_storable(value: Json) -> bool:
    """Tell whether every text in a JSON value can be stored as it stands, however deep it is nested."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            if _UNSTORABLE.search(item):
                return False
        elif isinstance(item, dict):
            waiting += [*item.keys(), *item.values()]
        elif isinstance(item, list):
            waiting += item
    return True


def short_text(value: Json, *, max_chars: int = MAX_SHORT_CHARS) -> str | None:
    """Return a text of bounded length, or None where the value is no text or has nothing in it."""
    if not isinstance(value, str) or not value.strip():
        return None
    return clean_text(value[:max_chars])


def storable(value: Json, *, depth: int = MAX_DEPTH) -> Json:
    """Return a JSON value that can be stored: texts cleaned, what is nested deeper than `depth` dropped."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        if depth <= 0:
            return None
        return {clean_text(key): storable(item, depth=depth - 1) for key, item in value.items()}
    if isinstance(value, list):
        if depth <= 0:
            return None
        return [storable(item, depth=depth - 1) for item in value]
    return value


def read_id(source: Mapping[str, Json], key: str, *, max_chars: int = MAX_ID_CHARS) -> str:
    """Return an id that must be there: a text of 1 to `max_chars` characters without blanks or controls.

    Nor with a slash: quoted in a path it would still be one to servers and proxies that look twice.
    """
    value = source.get(key)
    if not isinstance(value, str) or isinstance(value, NotFinite) or not _is_id(value, max_chars):
        raise BadResponse(f"{key} is missing or is not an id")
    return value


def _is_id(text: str, max_chars: int) -> bool:
    return 0 < len(text) <= max_chars and text.isprintable() and not _NOT_IN_IDS.search(text)


def find_object(value: Json, *keys: str) -> dict[str, Json]:
    """Return the object at the end of a chain of keys, or an empty one where any link is missing."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def read_rows(source: Mapping[str, Json], key: str) -> list[dict[str, Json]]:
    """Return a list of objects that must be there."""
    rows = source.get(key)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BadResponse(f"{key} is missing or is not a list of objects")
    return rows


def token_count(value: Json) -> int | None:
    """Return a count of tokens, or None where the value cannot be one (float, bool, negative, absurd)."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_TOKENS:
        return value
    return None
