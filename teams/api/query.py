"""Reading query strings: each parameter is known, stands once, and has the form that its endpoint wants."""

import datetime as dt
import re
import uuid
from collections.abc import Collection
from typing import NoReturn

from rest_framework.request import Request

from teams.api.problems import ApiError
from teams.workflow.problems import Problem, excerpt

CANONICAL_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MAX_WORDS_CHARS = 100
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_SLUG = re.compile(r"[A-Za-z0-9_-]{1,110}")
SLUG: dict[str, str] = {"type": "string", "pattern": f"^{_SLUG.pattern}$"}
_WHOLE = re.compile(r"[0-9]{1,10}")


def check_query(request: Request, allowed: Collection[str]) -> None:
    """Raise ApiError 400 where a parameter is unknown or stands twice: a slip must not be ignored."""
    for name, values in request.query_params.lists():
        if name not in allowed:
            _refuse(name, "unknown_parameter", f"There is no parameter {excerpt(name)} here.")
        if len(values) > 1:
            _refuse(name, "repeated", f"The parameter {excerpt(name)} stands more than once.")
        if "\x00" in values[0]:
            _refuse(name, "nul_character", f"The parameter {excerpt(name)} holds the character NUL.")


def read_uuid(request: Request, name: str) -> uuid.UUID | None:
    """Return an id from the query; None where it is not given. Only the canonical lower-case form is one."""
    text = request.query_params.get(name)
    if text is None:
        return None
    if not CANONICAL_UUID.fullmatch(text):
        _refuse(name, "invalid_value", f"{name} is not an id.")
    return uuid.UUID(text)


def read_whole(request: Request, name: str, *, low: int, high: int) -> int | None:
    """Return a whole number from the query, in ASCII digits; None where it is not given."""
    text = request.query_params.get(name)
    if text is None:
        return None
    if not _WHOLE.fullmatch(text) or not low <= int(text) <= high:
        _refuse(name, "invalid_value", f"{name} is a whole number from {low} to {high}.")
    return int(text)


def read_slug(request: Request, name: str = "slug") -> str | None:
    """Return a slug from the query; None where it is not given."""
    text = request.query_params.get(name)
    if text is not None and not _SLUG.fullmatch(text):
        _refuse(name, "invalid_value", f"{name} has letters, digits, hyphens and underscores.")
    return text


def read_choice(request: Request, name: str, among: Collection[str]) -> str | None:
    """Return one of the words in `among`; None where the parameter is not given."""
    text = request.query_params.get(name)
    if text is not None and text not in among:
        _refuse(name, "invalid_value", f"{name} is one of {', '.join(sorted(among))}.")
    return text


def read_choices(request: Request, name: str, among: Collection[str]) -> tuple[str, ...]:
    """Return some of the words in `among`, joined by commas, each once; none where they are not given."""
    text = request.query_params.get(name)
    if text is None:
        return ()
    words = tuple(text.split(","))
    if len(set(words)) != len(words) or not set(words) <= set(among):
        _refuse(name, "invalid_value", f"{name} is some of {', '.join(sorted(among))}, joined by commas.")
    return words


def read_flag(request: Request, name: str) -> bool | None:
    """Return true or false from the query; None where it is not given."""
    text = read_choice(request, name, ("true", "false"))
    return None if text is None else text == "true"


def read_time(request: Request, name: str) -> dt.datetime | None:
    """Return a moment from the query, in ISO 8601 with its zone; None where it is not given."""
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        moment = dt.datetime.fromisoformat(text) if _MOMENT.fullmatch(text) else None
        # Years at the ends of the calendar leave it in another zone.
        return moment.astimezone(dt.UTC) if moment and 1900 <= moment.year <= 9000 else _no_time(name)
    except (ValueError, OverflowError):
        _no_time(name)


def read_words(request: Request, name: str) -> str | None:
    """Return what is looked for, at most 100 characters, trimmed; None where it is not given."""
    text = request.query_params.get(name)
    if text is None:
        return None
    words = text.strip()
    if not 1 <= len(words) <= MAX_WORDS_CHARS:
        _refuse(name, "invalid_value", f"{name} has 1 to {MAX_WORDS_CHARS} characters.")
    return words


def refuse_cursor() -> NoReturn:
    """Raise ApiError for a cursor that no `next` of this list carries."""
    _refuse("cursor", "invalid_value", "cursor is not one that `next` of this list carries.")


def _no_time(name: str) -> NoReturn:
    _refuse(name, "invalid_value", f"{name} is a time with its zone, such as 2026-11-22T12:00:00Z.")


def read_text(request: Request, name: str, *, max_chars: int) -> str | None:
    """Return a text from the query, the empty one too; None where the parameter is not given."""
    text = request.query_params.get(name)
    if text is not None and len(text) > max_chars:
        refuse_value(name, f"{name} has at most {max_chars} characters.")
    return text


def refuse_value(name: str, message: str) -> NoReturn:
    """Raise ApiError 400 for a parameter whose value cannot be taken; the message says what can."""
    _refuse(name, "invalid_value", message)


def _refuse(name: str, code: str, message: str) -> NoReturn:
    problem = Problem("", code, message, {"parameter": excerpt(name)[1:-1]})
    raise ApiError(400, "invalid_parameter", message, errors=[problem])
