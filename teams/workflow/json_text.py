"""Strict JSON: what may enter Renum as text, and the same refusals for a value that is parsed already.

Stricter than `json.loads`: no duplicate keys, no NaN or Infinity, no number that a browser would change, no
NUL (PostgreSQL cannot store it), no half of a surrogate pair, a bound on size and on depth. The depth is
decided before anything recursive sees the text.
"""

import json
import math
import re
from collections.abc import Iterator

from teams.workflow.plan import Json
from teams.workflow.problems import JsonCode, Pointer, Problem, excerpt, pointer_text

MAX_DOCUMENT_BYTES = 256 * 1024
MAX_DEPTH = 32
MAX_ITEMS = 16_384
"""Members of one list or object. More steps than fit in a document: too many steps say so themselves."""
MAX_INTEGER = 2**53
"""Beyond it a browser's numbers lose digits."""

_LONGEST_INTEGER_TEXT = len(str(-MAX_INTEGER))
_STRING = r'"(?:[^"\\]++|\\.)*+"?'
"""A string, or the rest of the text where its end is missing: a scan never looks at a character twice."""
_BRACKETS = re.compile(_STRING + r"|[\[\]{}]", re.DOTALL)
_TOKENS = re.compile(_STRING + r"|[\[\]{},:]|-?(?:Infinity|NaN|[0-9][0-9.eE+-]*)", re.DOTALL)


class JsonTextError(ValueError):
    """The text is not JSON that Renum takes. `position` counts characters from 0; None: the whole."""

    def __init__(self, code: JsonCode, message: str, position: int | None = None) -> None:
        super().__init__(message)
        self.code: JsonCode = code
        self.message = message
        self.position = position


def parse_json_text(
    text: str | bytes, *, max_bytes: int = MAX_DOCUMENT_BYTES, max_depth: int = MAX_DEPTH
) -> Json:
    """Return the value that the text holds; JsonTextError, with a code, where it is refused."""
    decoded = _decoded(text, max_bytes)
    _check_depth(decoded, max_depth)
    try:
        # Long integers are refused below, by position; int() has an error of its own for the longest.
        value = json.loads(decoded, parse_int=_short_int)
    except json.JSONDecodeError as error:
        raise JsonTextError(
            "malformed_json",
            f"This is not JSON: {error.msg} (line {error.lineno}, column {error.colno}). Correct it there.",
            error.pos,
        ) from error
    _check_tokens(decoded)
    return value


def check_json_value(value: Json, *, max_depth: int = MAX_DEPTH) -> tuple[Problem, ...]:
    """Return a problem for everything in a parsed value that `parse_json_text` would have refused as text.

    Never raises and does not recurse. Nothing below `max_depth` is looked at.
    """
    return tuple(
        Problem(pointer_text(at), code, message) for at, code, message in walk_json(value, max_depth)
    )


def walk_json(value: Json, max_depth: int = MAX_DEPTH) -> Iterator[tuple[Pointer, JsonCode, str]]:
    """Yield (place, code, message) for each refusal; the order is no promise."""
    stack: list[tuple[Json, Pointer, int]] = [(value, (), 1)]
    while stack:
        node, at, depth = stack.pop()
        if isinstance(node, (dict, list)):
            if depth > max_depth:
                yield at, "too_deep", f"Lists and objects nest deeper than {max_depth}. Flatten this part."
                continue
            if len(node) > MAX_ITEMS:
                yield at, "too_many_items", _too_many()
                continue
            pairs = node.items() if isinstance(node, dict) else enumerate(node)
            for key, member in pairs:
                if isinstance(node, dict):
                    if not isinstance(key, str):
                        yield at, "wrong_type", "A key of an object must be a string."
                        continue
                    yield from ((at, code, message) for code, message in _text_refusals(key))
                if member is not None and member is not True and member is not False and member != "":
                    stack.append((member, (*at, key), depth + 1))
        elif isinstance(node, str):
            yield from ((at, code, message) for code, message in _text_refusals(node))
        elif isinstance(node, float):
            if not math.isfinite(node):
                yield at, "not_finite", _not_finite()
        elif isinstance(node, int):
            if abs(node) > MAX_INTEGER:
                yield at, "number_out_of_range", _out_of_range()
        elif node is not None:
            yield (
                at,
                "wrong_type",
                "This is no JSON value. Use text, numbers, true, false, null, lists, objects.",
            )


def _decoded(text: str | bytes, max_bytes: int) -> str:
    if len(text) > max_bytes:
        raise JsonTextError("too_large", _too_large(max_bytes))
    if isinstance(text, bytes):
        try:
            decoded = text.decode("utf-8")
        except UnicodeDecodeError as error:
            raise JsonTextError(
                "malformed_json", "The text is not UTF-8. Save it as UTF-8.", error.start
            ) from error
    else:
        decoded = text
        if len(text.encode("utf-8", "surrogatepass")) > max_bytes:
            raise JsonTextError("too_large", _too_large(max_bytes))
    if decoded.startswith("\ufeff"):
        raise JsonTextError("malformed_json", "The text begins with a byte order mark. Remove it.", 0)
    return decoded


def _check_depth(text: str, max_depth: int) -> None:
    depth = 0
    for match in _BRACKETS.finditer(text):
        mark = match.group()
        if mark in "[{":
            depth += 1
            if depth > max_depth:
                raise JsonTextError(
                    "too_deep",
                    f"Lists and objects nest deeper than {max_depth}. Flatten this part.",
                    match.start(),
                )
        elif mark in "]}":
            depth -= 1


def _check_tokens(text: str) -> None:
    """Refuse what `json.loads` took but Renum does not. The text is known to be well-formed."""
    seen: list[set[str] | None] = []
    counts: list[int] = []
    at_key = False
    for match in _TOKENS.finditer(text):
        mark, position = match.group(), match.start()
        first = mark[0]
        if first == '"':
            content = json.loads(mark) if "\\" in mark else mark[1:-1]
            for code, message in _text_refusals(content):
                raise JsonTextError(code, message, position)
            keys = seen[-1] if seen else None
            if at_key and keys is not None:
                if content in keys:
                    raise JsonTextError(
                        "duplicate_key",
                        f"The key {excerpt(content)} stands twice in one object. Keep one.",
                        position,
                    )
                keys.add(content)
            at_key = False
        elif first in "{[":
            seen.append(set() if first == "{" else None)
            counts.append(1)
            at_key = first == "{"
        elif first in "}]":
            seen.pop()
            counts.pop()
            at_key = False
        elif first == ",":
            at_key = seen[-1] is not None
            counts[-1] += 1
            if counts[-1] > MAX_ITEMS:
                raise JsonTextError("too_many_items", _too_many(), position)
        elif first != ":":
            _check_number(mark, position)


def _check_number(mark: str, position: int) -> None:
    if mark.lstrip("-").isdigit():
        if len(mark) > _LONGEST_INTEGER_TEXT or abs(int(mark)) > MAX_INTEGER:
            raise JsonTextError("number_out_of_range", _out_of_range(), position)
    elif not math.isfinite(float(mark)):
        raise JsonTextError("not_finite", _not_finite(), position)


def _text_refusals(text: str) -> Iterator[tuple[JsonCode, str]]:
    if "\x00" in text:
        yield "nul_character", "The text holds the character U+0000. Remove it."
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        yield "surrogate", "The text holds half of a surrogate pair. Write the whole character."


def _short_int(mark: str) -> int:
    return int(mark) if len(mark) <= _LONGEST_INTEGER_TEXT else 0


def _too_large(max_bytes: int) -> str:
    return f"The text is larger than {max_bytes // 1024} KiB. Shorten it."


def _too_many() -> str:
    return f"More than {MAX_ITEMS} members in one list or object. Use fewer."


def _out_of_range() -> str:
    return "An integer beyond 2^53 loses digits in browsers. Use a smaller one, or write it as a string."


def _not_finite() -> str:
    return "NaN, Infinity and numbers too large for a float are not JSON. Use a finite number."
