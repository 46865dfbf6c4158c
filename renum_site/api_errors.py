"""Below /api/ nothing but problem+json: also for errors made before or outside a view.

It gives each request its id, refuses bodies that no parser should see, and rewrites the HTML error pages of
the framework. It must be the outermost middleware. What views raise is `teams.api.problems`' business.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse

from teams.api.json_parser import MAX_BODY_BYTES
from teams.api.problems import CONTENT_TYPE, problem_body
from teams.models.uuid7 import new_id

_WORDS = {
    400: ("bad_request", "The request is malformed."),
    403: ("not_allowed", "This is not allowed."),
    404: ("not_found", "There is nothing here, or it is not yours."),
    405: ("method_not_allowed", "This address does not take that method."),
    408: ("body_too_slow", "The body did not come in time."),
    411: ("length_required", "Say how long the body is: send a Content-Length."),
    413: ("body_too_large", f"A body has at most {MAX_BODY_BYTES // 1024} KiB."),
    431: ("headers_too_large", "The request has too many headers, or too long ones."),
    500: ("internal_error", "Renum could not answer. Give the request_id when you report it."),
}
_TRAILING_SLASH = "There is nothing here: addresses of the API have no slash at their end. Ask without it."
_JSON = ("application/json", CONTENT_TYPE)


class ApiErrorsMiddleware:
    """Holds every answer below /api/ to one shape."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer a request, in the API's shape where it is one of the API's."""
        path = request.path_info
        if not is_of_the_api(path):
            return self.get_response(request)
        request_id = str(new_id())
        request.request_id = request_id  # type: ignore[attr-defined]
        refused = _refused_body(request)
        response = _problem(refused, request_id) if refused else self.get_response(request)
        if response.status_code >= 400 and not response.headers.get("Content-Type", "").startswith(_JSON):
            allowed = response.headers.get("Allow")
            # Addresses without a view end here; the pages' addresses have the slash that these have not.
            slashed = response.status_code == 404 and path.endswith("/")
            response = _problem(response.status_code, request_id, _TRAILING_SLASH if slashed else None)
            if allowed:
                response.headers["Allow"] = allowed
        response.headers["X-Request-Id"] = request_id
        response.headers.setdefault("Cache-Control", "no-store")
        return response


def is_of_the_api(path: str) -> bool:
    """Whether an address is answered in the API's shape."""
    return path == "/api" or path.startswith("/api/")


def words_about(status: int) -> tuple[str, str]:
    """Return the code and the words of an error that no view made."""
    return _WORDS.get(status, _WORDS[500] if status >= 500 else _WORDS[400])


def _refused_body(request: HttpRequest) -> int | None:
    length = request.META.get("CONTENT_LENGTH") or ""
    if not length:
        # The framework takes a body without a length for an empty one.
        return 411 if "HTTP_TRANSFER_ENCODING" in request.META else None
    if not (length.isascii() and length.isdigit()):
        return 400
    return 413 if int(length[:20]) > MAX_BODY_BYTES else None


def _problem(status: int, request_id: str, detail: str | None = None) -> HttpResponse:
    code, usual = words_about(status)
    body = problem_body(status=status, code=code, detail=detail or usual, request_id=request_id)
    response = JsonResponse(body, status=status, content_type=CONTENT_TYPE)
    # What else counts the bytes stands further inside.
    response.headers["Content-Length"] = str(len(response.content))
    return response
