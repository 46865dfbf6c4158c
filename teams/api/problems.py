"""The one exception handler: every error of the API leaves as application/problem+json (RFC 9457).

A body has type, title, status, code, detail and errors; `request_id` where the request has one. Each error is
{pointer, code, message, params}: where in the request's body (RFC 6901), which rule, in words, and the words'
parameters. Codes are stable. What was sent is never repeated. No endpoint makes an error body by itself.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404
from django.http.request import UnreadablePostError
from django_redis.exceptions import ConnectionInterrupted
from redis.exceptions import RedisError
from rest_framework import exceptions
from rest_framework.response import Response

from teams.actions.refusal import Refusal
from teams.actions.save_version import InvalidWorkflow
from teams.models.encrypted_text import Undecryptable
from teams.workflow.problems import Problem, pointer_text

logger = logging.getLogger("renum.api")

CONTENT_TYPE = "application/problem+json"
RETRY_AFTER_S = 5
# A secret that does not open is no fault of the request either: this process lacks the key of it.
_AWAY = (OperationalError, InterfaceError, ConnectionInterrupted, RedisError, Undecryptable)
MAX_POINTER_CHARS = 200

_NOT_FOUND = "There is nothing here, or it is not yours."
_INTERNAL = "Renum could not answer. Give the request_id when you report it."
_INVALID = "The request has fields that cannot be taken; errors says which."
_UNAVAILABLE = "A service that Renum needs does not answer. Try again in a few seconds."

# What a rule is called here, whatever the framework calls it. A code of ours stands as it is.
_CODES = {
    "blank": "required",
    "empty": "required",
    "null": "wrong_type",
    "invalid": "wrong_type",
    "not_a_dict": "wrong_type",
    "max_length": "too_large",
    "min_value": "out_of_range",
    "max_value": "out_of_range",
    "invalid_choice": "invalid_value",
    "null_characters_not_allowed": "nul_character",
    "surrogate_characters_not_allowed": "surrogate",
}


class ApiError(exceptions.APIException):
    """An error that the API itself finds, with the places in the body where it knows them."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        errors: Sequence[Problem] = (),
        wait_s: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message, code)
        self.status_code = status
        self.code = code
        self.message = message
        self.errors = tuple(errors)
        # The framework's name for what becomes the header Retry-After.
        self.wait = wait_s
        self.headers = dict(headers or {})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Described:
    status: int
    code: str
    detail: str
    errors: Sequence[Problem] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def handle_exception(exc: Exception, context: Mapping[str, Any]) -> Response:
    """Return the problem that an exception becomes; what nobody expected is logged and says nothing."""
    request_id = _request_id(context)
    described = _describe(exc)
    if described is None:
        logger.error("request %s failed unexpectedly", request_id, exc_info=exc)
        described = _Described(status=500, code="internal_error", detail=_INTERNAL)
    body = problem_body(
        status=described.status,
        code=described.code,
        detail=described.detail,
        errors=described.errors,
        request_id=request_id,
    )
    headers = dict(described.headers)
    return Response(body, status=described.status, headers=headers, content_type=CONTENT_TYPE)


def problem_body(
    *, status: int, code: str, detail: str, errors: Sequence[Problem] = (), request_id: str | None = None
) -> dict[str, Any]:
    """Build the body of a problem."""
    body: dict[str, Any] = {
        "type": f"urn:renum:problem:{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "code": code,
        "detail": detail,
        "errors": [problem.as_json() for problem in errors],
    }
    return body | ({"request_id": request_id} if request_id else {})


def _request_id(context: Mapping[str, Any]) -> str | None:
    return getattr(getattr(context.get("request"), "_request", None), "request_id", None)


def _describe(exc: Exception) -> _Described | None:
    if isinstance(exc, Refusal):
        # A definition always arrives as the member `definition` of a body.
        prefix = "/definition" if isinstance(exc, InvalidWorkflow) else ""
        errors = [_under(prefix, problem) for problem in exc.problems]
        headers = {"WWW-Authenticate": "Bearer"} if exc.status == 401 else {}
        if exc.retry_after_s is not None:
            headers["Retry-After"] = str(exc.retry_after_s)
        return _Described(
            status=exc.status, code=exc.code, detail=exc.message, errors=errors, headers=headers
        )
    if isinstance(exc, exceptions.APIException):
        return _describe_api_exception(exc)
    if isinstance(exc, Http404):
        return _Described(status=404, code="not_found", detail=_NOT_FOUND)
    if isinstance(exc, PermissionDenied):
        return _Described(status=403, code="not_allowed", detail="This is not allowed.")
    return _describe_request_or_service(exc)


def _describe_request_or_service(exc: Exception) -> _Described | None:
    if isinstance(exc, RequestDataTooBig):
        return _Described(status=413, code="body_too_large", detail="The body is too large.")
    if isinstance(exc, SuspiciousOperation | UnreadablePostError):
        return _Described(status=400, code="bad_request", detail="The request is malformed.")
    if isinstance(exc, _AWAY):
        logger.error("a service does not answer: %s", type(exc).__name__, exc_info=exc)
        headers = {"Retry-After": str(RETRY_AFTER_S)}
        return _Described(status=503, code="unavailable", detail=_UNAVAILABLE, headers=headers)
    return None


def _describe_api_exception(exc: exceptions.APIException) -> _Described:
    headers: dict[str, str] = {}
    if auth_header := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = auth_header
    if (wait := getattr(exc, "wait", None)) is not None:
        headers["Retry-After"] = str(max(1, int(wait)))
    if isinstance(exc, exceptions.ValidationError):
        errors = list(_flatten(exc.detail, ()))
        return _Described(status=400, code="validation_error", detail=_INVALID, errors=errors)
    if isinstance(exc, exceptions.NotFound):
        return _Described(status=404, code="not_found", detail=_NOT_FOUND)
    if isinstance(exc, ApiError):
        headers |= exc.headers
        return _Described(
            status=exc.status_code, code=exc.code, detail=exc.message, errors=exc.errors, headers=headers
        )
    code = str(getattr(exc.detail, "code", exc.default_code))
    return _Described(status=exc.status_code, code=code, detail=str(exc.detail), headers=headers)


def _flatten(detail: Any, at: tuple[str | int, ...]) -> Iterator[Problem]:
    if isinstance(detail, Mapping):
        for key, inner in detail.items():
            # The framework's name for "the object itself".
            yield from _flatten(inner, at if key == "non_field_errors" else (*at, key))
    elif isinstance(detail, list):
        for inner in detail:
            yield from _flatten(inner, at)
    else:
        code = str(getattr(detail, "code", "invalid"))
        pointer = pointer_text(at)[:MAX_POINTER_CHARS]
        yield Problem(pointer, _CODES.get(code, code), str(detail), {})


def _under(prefix: str, problem: Problem) -> Problem:
    return Problem(prefix + problem.pointer, problem.code, problem.message, problem.params)
