"""Reading query strings: each parameter is known, stands once, and has the form that its endpoint wants."""

import re
import uuid
from collections.abc import Collection
from typing import NoReturn

from rest_framework.request import Request

from teams.api.problems import ApiError
from teams.workflow.problems import Problem, excerpt

CANONICAL_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
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


def read_choice(request: Request, name: str, among: Collection[str]) -> str | None:
    """Return one of the words in `among`; None where the parameter is not given."""
    text = request.query_params.get(name)
    if text is not None and text not in among:
        _refuse(name, "invalid_value", f"{name} is one of {', '.join(sorted(among))}.")
    return text


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
