"""What the running agents of an execution do, as server-sent events."""

import uuid

from django.http.response import HttpResponseBase
from rest_framework.request import Request

from executions.api.executions_seen import find_execution
from executions.api.stream_answer import A_STREAM, STREAM_REFUSALS, OnlyEvents, stream_answer
from executions.live.hub import hub_of_loop
from executions.live.places import PLACES
from executions.live.so_far import snapshot_frames
from executions.live.under_way import find_under_way
from teams.api.authentication import person
from teams.api.endpoint import Endpoint

HEARTBEAT_S = 10.0
STREAM_S = 300.0


class ExecutionLive(Endpoint):
    """The live output of one execution."""

    content_negotiation_class = OnlyEvents
    answers = {"GET": A_STREAM}
    refuses = {"GET": STREAM_REFUSALS}

    def get(self, request: Request, execution_id: uuid.UUID) -> HttpResponseBase:
        """Send it until the execution is over; under WSGI what there is now, and the client asks again."""
        execution = find_execution(person(request), execution_id)
        return stream_answer(
            request,
            execution,
            places=PLACES,
            join=lambda: hub_of_loop().join(execution.pk),
            so_far=lambda: snapshot_frames(find_under_way([execution.pk]).get(execution.pk)),
            heartbeat_s=HEARTBEAT_S,
            lasts_s=STREAM_S,
        )
