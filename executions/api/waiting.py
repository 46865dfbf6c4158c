"""The parameter `wait`: how long an answer may take so that it can tell the end."""

from collections.abc import MutableMapping
from typing import Any, cast

from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from rest_framework.request import Request
from rest_framework.reverse import reverse

from executions.engine.state import EXECUTION_TERMINAL
from executions.live.waiting_requests import Wish, ask_to_wait
from executions.models import Execution
from teams.api.declared import Parameter
from teams.api.query import read_whole

WAIT = Parameter(
    "wait",
    {"type": "integer", "minimum": 0, "default": 0},
    "Seconds that the answer may take so that it can tell the end.",
)


def read_wait(request: Request) -> int:
    """Return the seconds to wait, 0 where none are asked for. Raises ApiError 400."""
    return read_whole(request, WAIT, low=0, high=settings.API.wait_max_s) or 0


def wait_for_end(request: Request, execution: Execution, seconds: int, *, is_fresh: bool) -> None:
    """Have this request's answer wait for the end. Under WSGI, where waiting costs a thread, it does not.

    `is_fresh` says that the answer shows the execution as a whole: of one that has ended nothing is awaited.
    """
    wrapped = request._request  # noqa: SLF001  the framework hides what it wraps
    is_told = is_fresh and execution.status in EXECUTION_TERMINAL
    if not seconds or is_told or not isinstance(wrapped, ASGIRequest):
        return
    path = reverse("api:execution", kwargs={"execution_id": execution.pk})
    wish = Wish(execution_id=execution.pk, path=path, seconds=seconds, is_fresh=is_fresh)
    # One dictionary for everybody who serves the request, whatever its type says.
    ask_to_wait(cast("MutableMapping[str, Any]", wrapped.scope), wish)
