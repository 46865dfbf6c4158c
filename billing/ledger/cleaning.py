"""What a service reported, made fit for PostgreSQL. Pure; says nothing about what a value means.

The rule: U+0000 and lone surrogates become U+FFFD; a number that is no finite number becomes its name in
words; what is too deep, too long or too large is cut and says so. A ledger row must never be the reason why
a transaction with other people's work in it fails.
"""

import hashlib
import math
import re
from collections.abc import Mapping
from typing import Any

from billing.pricing import MAX_TOKENS

MAX_DEPTH = 12
MAX_ITEMS = 200
MAX_TEXT_CHARS = 4_000
MAX_INTEGER = 10**30

_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")


def clean_text(text: str, *, max_chars: int | None = None) -> str:
    """Return the text with what PostgreSQL cannot hold replaced, cut to `max_chars`."""
    return _NOT_STORABLE.sub("\ufffd", text if max_chars is None else text[:max_chars])


def clean_key(text: str, *, max_chars: int) -> str:
    """Return a text that names something: as clean_text, but one that is too long is replaced by its hash."""
    cleaned = clean_text(text)
    return cleaned if len(cleaned) <= max_chars else f"sha256:{hashlib.sha256(cleaned.encode()).hexdigest()}"


def clean_count(count: object) -> int | None:
    """Return a token count, or None for what cannot be one: a negative or absurd number, a float, a bool."""
    if not isinstance(count, int) or isinstance(count, bool) or not 0 <= count <= MAX_TOKENS:
        return None
    return count


def clean_json(value: Any, *, max_text_chars: int | None = MAX_TEXT_CHARS, depth: int = 0) -> Any:
    """Return a value that jsonb takes, whatever the service sent. `max_text_chars` None cuts no text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return clean_text(value, max_chars=max_text_chars)
    if isinstance(value, int):
        return value if abs(value) <= MAX_INTEGER else "integer out of range"
    if isinstance(value, float):
        return value if math.isfinite(value) else f"not a finite number: {value}"
    if depth >= MAX_DEPTH:
        return "too deep"
    if isinstance(value, Mapping):
        return {
            clean_text(str(key), max_chars=200): clean_json(
                item, max_text_chars=max_text_chars, depth=depth + 1
            )
            for key, item in list(value.items())[:MAX_ITEMS]
        }
    if isinstance(value, list | tuple):
        return [
            clean_json(item, max_text_chars=max_text_chars, depth=depth + 1) for item in value[:MAX_ITEMS]
        ]
    return f"not JSON: {type(value).__name__}"


def text_facts(text: str | None) -> dict[str, Any]:
    """Return what may be kept of a text without keeping it: its length in bytes and its SHA-256."""
    if text is None:
        return {"bytes": None, "sha256": None}
    encoded = clean_text(text).encode()
    return {"bytes": len(encoded), "sha256": hashlib.sha256(encoded).hexdigest()}
