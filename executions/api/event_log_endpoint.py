"""The whole timeline of an execution as a file: one JSON object a line, as the pages of events show them."""

import json
import uuid
from collections.abc import Iterator

from django.http import StreamingHttpResponse
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.utils.encoders import JSONEncoder

from executions.api.execution_output import EventOutput
from executions.api.executions_seen import find_execution
from executions.models import Execution
from teams.api.answer_forms import InForm, JsonLines
from teams.api.authentication import person
from teams.api.declared import Answer
from teams.api.endpoint import Endpoint
from teams.api.streamed import streamed_file

EVENTS_AT_ONCE = 500


class ExecutionEventLog(Endpoint):
    """The events of one execution, all of them."""

    # Also whoever says that they want JSON gets JSON lines: there is nothing else here.
    renderer_classes = [JsonLines, JSONRenderer]
    content_negotiation_class = InForm
    answers = {
        "GET": Answer(
            body={"type": "string"}, media_type=JsonLines.media_type, headers=("Content-Disposition",)
        )
    }

    def get(self, request: Request, execution_id: uuid.UUID) -> StreamingHttpResponse:
        """Send the events that there are now, oldest first."""
        execution = find_execution(person(request), execution_id)
        return streamed_file(
            request,
            _lines(execution),
            media_type=JsonLines.media_type,
            filename=f"execution-{execution.pk}.ndjson",
        )


def _lines(execution: Execution) -> Iterator[str]:
    """Yield the lines some hundred at a time; events that come meanwhile are left out."""
    after = 0
    while after < execution.event_seq:
        until = min(after + EVENTS_AT_ONCE, execution.event_seq)
        events = execution.events.filter(seq__gt=after, seq__lte=until).order_by("seq")
        written = EventOutput(events, many=True).data
        yield "".join(f"{json.dumps(event, ensure_ascii=False, cls=JSONEncoder)}\n" for event in written)
        after = until
