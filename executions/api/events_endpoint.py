"""The timeline of an execution: as a list, and as server-sent events that go on to its end."""

import random
import re
import uuid
from functools import partial

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from django.utils.translation import get_language
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from executions.api.execution_output import EventOutput
from executions.api.executions_seen import find_execution
from executions.api.stream_answer import (
    A_STREAM,
    STREAM_REFUSALS,
    EventsOrJson,
    stream_answer,
    wants_events,
)
from executions.api.whole_output import EventsOutput
from executions.engine.state import EXECUTION_TERMINAL
from executions.live.event_frames import event_frames_so_far
from executions.live.event_hub import event_hub_of_loop
from executions.live.event_rows import Ask
from executions.live.places import EVENT_PLACES
from executions.models import Execution, ExecutionEvent
from teams.api.authentication import person
from teams.api.declared import NOTHING, Answer, Parameter
from teams.api.endpoint import Endpoint
from teams.api.pagination import DEFAULT_LIMIT, MAX_LIMIT
from teams.api.problems import ApiError
from teams.api.query import read_text, read_whole
from teams.workflow.problems import Problem

MAX_SEQ = 2**31 - 1
HEARTBEAT_S = 15.0
STREAM_S = (3000.0, 3600.0)
"""A stream lasts an hour at most; those that began together do not end together."""
NOT_OF_A_STREAM = ("limit", "kind", "step")
_SEQ = re.compile(r"[0-9]{1,10}")


class ExecutionEvents(Endpoint):
    """The timeline of one execution, oldest first."""

    query = (
        Parameter(
            "after",
            {"type": "integer", "minimum": 0, "maximum": MAX_SEQ, "default": 0},
            "Only events after this number.",
        ),
        Parameter(
            "limit",
            {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
            "How many at most; a stream takes none.",
        ),
        Parameter("kind", {"type": "string", "maxLength": 50}, "Only events of that kind; not of a stream."),
        Parameter("step", {"type": "string", "maxLength": 128}, "Only events of that step; not of a stream."),
    )
    request_headers = {"GET": ("Last-Event-ID",)}
    answers = {"GET": (Answer(body=EventsOutput), A_STREAM, NOTHING)}
    refuses = {"GET": STREAM_REFUSALS}
    content_negotiation_class = EventsOrJson

    def get(self, request: Request, execution_id: uuid.UUID) -> HttpResponseBase:
        """Show the events that come after number `after`; ask again with `last_seq` to follow.

        `kind` and `step` narrow them; `last_seq` then counts those in between that were left out.

        With `Accept: text/event-stream` they come as they happen, until the execution is over: the last is
        `end`. `Last-Event-ID` counts before `after`. Answers 204 where nothing will come any more.
        """
        execution = find_execution(person(request), execution_id)
        after = read_whole(request, "after", low=0, high=MAX_SEQ) or 0
        last_id = _last_event_id(request)
        if wants_events(request):
            return _stream(request, execution, after if last_id is None else last_id)
        limit = read_whole(request, "limit", low=1, high=MAX_LIMIT) or DEFAULT_LIMIT
        events = list(_narrowed(execution, request).filter(seq__gt=after).order_by("seq")[:limit])
        last_seq = events[-1].seq if events else after
        if len(events) < limit:
            # Up to the number that was read before the events, there are no others of these.
            last_seq = max(last_seq, execution.event_seq)
        return Response({"last_seq": last_seq, "results": EventOutput(events, many=True).data})


def _narrowed(execution: Execution, request: Request) -> QuerySet[ExecutionEvent]:
    given = {
        "kind": read_text(request, "kind", max_chars=50),
        "step_id": read_text(request, "step", max_chars=128),
    }
    wanted = {column: value for column, value in given.items() if value is not None}
    return execution.events.filter(**wanted)


def _stream(request: Request, execution: Execution, after: int) -> HttpResponseBase:
    for name in NOT_OF_A_STREAM:
        if name in request.query_params:
            raise _refused(name, f"A stream takes no {name}: it sends every event.")
    # What is not there yet is not skipped: a number from nowhere must not hide what comes.
    after = min(after, execution.event_seq)
    if execution.status in EXECUTION_TERMINAL and after == execution.event_seq:
        return Response(status=204)
    language, execution_id = get_language() or "en", execution.pk
    return stream_answer(
        request,
        execution,
        places=EVENT_PLACES,
        join=lambda: event_hub_of_loop(render_event).join(execution_id, language=language, after=after),
        so_far=partial(
            event_frames_so_far,
            Ask(execution_id=execution_id, after=after),
            render=render_event,
            language=language,
        ),
        heartbeat_s=HEARTBEAT_S,
        lasts_s=random.uniform(*STREAM_S),  # noqa: S311  no secret
    )


def render_event(event: ExecutionEvent) -> bytes:
    """Return an event as the list shows it."""
    rendered: bytes = JSONRenderer().render(EventOutput(event).data)
    return rendered


def _last_event_id(request: Request) -> int | None:
    text = request.headers.get("Last-Event-ID")
    if text is None:
        return None
    if not _SEQ.fullmatch(text) or int(text) > MAX_SEQ:
        raise _refused("Last-Event-ID", "Last-Event-ID is the id of an event: a whole number.")
    return int(text)


def _refused(name: str, message: str) -> ApiError:
    problem = Problem("", "invalid_value", message, {"parameter": name})
    return ApiError(400, "invalid_parameter", message, errors=[problem])
