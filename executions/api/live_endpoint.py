"""What the running agents of an execution do, as server-sent events."""

import uuid
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.db import close_old_connections
from django.http import StreamingHttpResponse
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from executions.api.executions_seen import find_execution
from executions.live.follow_execution import follow_execution
from executions.live.places import PLACES, AllPlacesTaken, Place, TooManyWatched
from executions.live.so_far import snapshot_frames
from executions.live.under_way import find_under_way
from executions.live.watchers import Watcher
from teams.api.authentication import person, token_of
from teams.api.declared import Answer, Refused
from teams.api.endpoint import Endpoint
from teams.api.problems import ApiError

MEDIA_TYPE = "text/event-stream"
RETRY_AFTER_S = 15


class OnlyOneForm(BaseContentNegotiation):
    """Lets a client ask for events: what is refused is told as JSON all the same."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Return the first renderer, whatever the client accepts."""
        return renderers[0], renderers[0].media_type


class ExecutionLive(Endpoint):
    """The live output of one execution."""

    content_negotiation_class = OnlyOneForm
    answers = {
        "GET": Answer(body={"type": "string"}, media_type=MEDIA_TYPE, headers=("Cache-Control",)),
    }
    refuses = {
        "GET": (Refused(status=429, code="too_many_live"), Refused(status=503, code="live_full")),
    }

    def get(self, request: Request, execution_id: uuid.UUID) -> StreamingHttpResponse:
        """Send it until the execution is over; under WSGI what there is now, and the client asks again."""
        user = person(request)
        execution = find_execution(user, execution_id)
        if isinstance(request._request, ASGIRequest):  # noqa: SLF001  the framework hides what it wraps
            place = _take_place(user.pk)
            token = token_of(request)
            watcher = Watcher(
                execution_id=execution.pk, user_id=user.pk, token_key=None if token is None else token.pk
            )
            response = StreamingHttpResponse(follow_execution(watcher, place=place), content_type=MEDIA_TYPE)
        else:
            found = find_under_way([execution.pk]).get(execution.pk)
            response = StreamingHttpResponse(snapshot_frames(found), content_type=MEDIA_TYPE)
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Accel-Buffering"] = "no"
        # A stream may last for minutes: nothing of it needs this request's connection to PostgreSQL.
        close_old_connections()
        return response


def _take_place(user_id: uuid.UUID) -> Place:
    try:
        return PLACES.take(user_id)
    except TooManyWatched as error:
        message = f"You watch {error.limit} executions already; close one of them."
        raise ApiError(429, "too_many_live", message, wait_s=RETRY_AFTER_S) from None
    except AllPlacesTaken:
        message = "Live output is shown to as many as can be; try again in a while."
        raise ApiError(503, "live_full", message, wait_s=RETRY_AFTER_S) from None
