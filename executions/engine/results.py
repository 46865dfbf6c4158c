"""Reading an agent's answer: its text, and the object or array that it holds (language, section 6).

Total: no text and no value that an agent returns raises an error here, and the time is linear in its size.
Whether the data is what the step promised is `output_schema`'s question.
"""

import json
import re
from typing import NoReturn

from executions.engine.json_scan import JsonScan
from teams.workflow.plan import Json

MAX_DATA_BYTES = 1024 * 1024
MAX_DATA_DEPTH = 32

_REPLACEMENT = "�"
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_FENCE = re.compile(r"`{3,}+[ \t]*+([^\s`\[{\"]*+)")
_SPACE = re.compile(r"[ \t\n\r]*+")


def clean_text(text: str) -> tuple[str, bool]:
    """Return the text as it can be stored, and whether that changed it.

    U+0000 and lone surrogates, which neither PostgreSQL nor UTF-8 can hold, become U+FFFD.
    """
    cleaned, replaced = _UNSTORABLE.subn(_REPLACEMENT, text)
    return cleaned, replaced > 0


def read_result(text: str | None, structured: Json = None) -> tuple[str | None, Json]:
    """Return the answer's text and data, each None where there is none.

    The data is the first that works of: what the agent submitted as `structured`; the whole text; the last
    fenced block marked json that parses; the last fenced block that parses; the longest object or array
    anywhere in the text.
    """
    data = _read_structured(structured)
    if text is None:
        return None, data
    text, _ = clean_text(text)
    if not text.strip():
        return None, data
    if data is None:
        data = _read_text(text)
    return text, data


def _read_structured(structured: Json) -> Json:
    if not isinstance(structured, dict | list) or not _is_shallow(structured):
        return None
    try:
        written = json.dumps(structured, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return None
    return _parse(clean_text(written)[0])


def _read_text(text: str) -> Json:
    whole = _parse(text)
    if whole is not None:
        return whole
    scan = JsonScan(text)
    fenced = _read_fences(text, scan)
    if fenced is not None:
        return fenced
    found = scan.find_longest(max_depth=MAX_DATA_DEPTH, max_bytes=MAX_DATA_BYTES)
    return None if found is None else _parse(text[found[0] : found[1]])


def _read_fences(text: str, scan: JsonScan) -> Json:
    """Return the last block marked json that parses, else the last block that does, else None.

    A run of backticks begins a block unless it has just closed one that parses. The value itself says where
    the block ends, so that backticks inside a JSON string do not.
    """
    marked: Json = None
    unmarked: Json = None
    fence = _FENCE.search(text)
    while fence is not None:
        following = _FENCE.search(text, fence.end())
        begins = [fence.end()]
        # An info string may say more than the language; it ends with its line.
        line_end = text.find("\n", fence.end(), len(text) if following is None else following.start())
        if line_end >= 0:
            begins.append(line_end)
        for begin in begins:
            value, end = _parse_block(text, scan, begin)
            if value is None:
                continue
            if fence[1].lower() == "json":
                marked = value
            else:
                unmarked = value
            following = _FENCE.search(text, end)
            break
        fence = following
    return unmarked if marked is None else marked


def _parse_block(text: str, scan: JsonScan, begin: int) -> tuple[Json, int]:
    """Return the value between `begin` and the fence behind it, and where that fence ends; or None."""
    start = _after_space(text, begin)
    end = scan.find_end(start)
    if end is None:
        return None, begin
    close = _after_space(text, end)
    if close < len(text) and not text.startswith("```", close):
        return None, begin
    while close < len(text) and text[close] == "`":
        close += 1
    return _parse(text[start:end]), close


def _after_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return at if match is None else match.end()


def _parse(candidate: str) -> Json:
    """Return the object or array that the candidate is, None where it is none or exceeds the limits."""
    if _is_too_large(candidate):
        return None
    try:
        value = _DECODER.decode(candidate)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict | list) or not _is_shallow(value):
        return None
    # Only an escape can put what cannot be stored into a text that is clean itself.
    return _clean_value(value) if "\\u" in candidate else value


def _is_too_large(candidate: str) -> bool:
    if len(candidate) * 4 <= MAX_DATA_BYTES:
        return False
    return len(candidate) > MAX_DATA_BYTES or len(candidate.encode("utf-8", "replace")) > MAX_DATA_BYTES


def _is_shallow(value: Json) -> bool:
    """Whether no more than MAX_DATA_DEPTH containers stand in one another."""
    level = [value]
    for _ in range(MAX_DATA_DEPTH):
        inner: list[Json] = []
        for container in level:
            members = container.values() if isinstance(container, dict) else container
            inner.extend(member for member in members if isinstance(member, dict | list))
        if not inner:
            return True
        level = inner
    return False


def _clean_value(value: Json) -> Json:
    if isinstance(value, str):
        return clean_text(value)[0]
    if isinstance(value, list):
        return [_clean_value(item) for item in value]
    if isinstance(value, dict):
        return {clean_text(key)[0]: _clean_value(item) for key, item in value.items()}
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _read_float(written: str) -> float:
    number = float(written)
    if abs(number) == float("inf"):
        raise ValueError("too large for a number")
    return number


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_read_float)
