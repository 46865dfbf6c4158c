"""Answering with server-sent events: who may, how many may, and the head; the rest goes on without Django."""

from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

from django.contrib.auth import HASH_SESSION_KEY
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from executions.live.hand_over import slot_of
from executions.live.listener import Listener
from executions.live.places import AllPlacesTaken, Place, Places, TooManyWatched
from executions.live.rights import Watcher
from executions.live.streams import Stream
from executions.models import Execution
from teams.api.authentication import person, token_of
from teams.api.declared import Answer, Refused
from teams.api.problems import ApiError

MEDIA_TYPE = "text/event-stream"
RETRY_AFTER_S = 15
A_STREAM = Answer(body={"type": "string"}, headers=("Cache-Control",), media_type=MEDIA_TYPE)
STREAM_REFUSALS = (
    Refused(status=429, code="too_many_live"),
    Refused(status=503, code="live_full"),
)


class EventsOrJson(DefaultContentNegotiation):
    """Lets a client ask for events: what is refused is told as JSON all the same."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Return the first renderer to who asks for events, else what is usual."""
        if wants_events(request):
            return renderers[0], renderers[0].media_type
        found: tuple[BaseRenderer, str] = super().select_renderer(request, renderers, format_suffix)
        return found


class OnlyEvents(EventsOrJson):
    """For an address that has events whatever the client accepts."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Return the first renderer."""
        return renderers[0], renderers[0].media_type


def wants_events(request: Request) -> bool:
    """Whether the client accepts server-sent events by their name."""
    accepted = request.headers.get("Accept", "").split(",")
    return any(each.partition(";")[0].strip().lower() == MEDIA_TYPE for each in accepted)


def stream_answer(
    request: Request,
    execution: Execution,
    *,
    places: Places,
    join: Callable[[], Listener],
    so_far: Callable[[], Iterable[bytes]],
    heartbeat_s: float,
    lasts_s: float,
) -> HttpResponseBase:
    """Return the head of a stream that `join` gives; where nobody can keep it open, what there is `so_far`.

    Raises ApiError, 429 or 503, where too many streams are open.
    """
    slot = slot_of(request._request)  # noqa: SLF001  the framework hides what it wraps
    response: HttpResponseBase
    if request.method == "HEAD":
        response = HttpResponse(content_type=MEDIA_TYPE)
    elif slot is None:
        response = HttpResponse(b"".join(so_far()), content_type=MEDIA_TYPE)
    else:
        slot.stream = Stream(
            watcher=_watcher(request, execution),
            place=_take_place(places, person(request).pk),
            join=join,
            heartbeat_s=heartbeat_s,
            lasts_s=lasts_s,
        )
        response = StreamingHttpResponse(_nothing(), content_type=MEDIA_TYPE)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response


async def _nothing() -> AsyncIterator[bytes]:
    frames: tuple[bytes, ...] = ()
    for frame in frames:
        yield frame


def _watcher(request: Request, execution: Execution) -> Watcher:
    token, user = token_of(request), person(request)
    if token is not None:
        return Watcher(execution_id=execution.pk, user_id=user.pk, token_id=token.pk)
    session = request._request.session  # noqa: SLF001  the framework hides what it wraps
    return Watcher(
        execution_id=execution.pk,
        user_id=user.pk,
        session_key=session.session_key,
        session_hash=session.get(HASH_SESSION_KEY, ""),
    )


def _take_place(places: Places, user_id: Any) -> Place:
    try:
        return places.take(user_id)
    except TooManyWatched as error:
        message = f"You watch {error.limit} executions already; close one of them."
        raise ApiError(429, "too_many_live", message, wait_s=RETRY_AFTER_S) from None
    except AllPlacesTaken:
        message = "As many streams are open as can be; try again in a while."
        raise ApiError(503, "live_full", message, wait_s=RETRY_AFTER_S) from None
