"""The answer of an execution, alone: as data, or as text for a reader."""

import uuid

from django.http import HttpResponse
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from executions.api.executions_seen import find_execution
from executions.engine.state import EXECUTION_TERMINAL
from teams.api.answer_forms import InForm, PlainText, form_of
from teams.api.authentication import person
from teams.api.declared import Answer, Parameter, Refused
from teams.api.endpoint import Endpoint
from teams.api.problems import ApiError
from teams.api.query import read_choice
from teams.workflow.problems import Problem

FORMS = ("json", "text")
FORMAT = Parameter("format", {"enum": list(FORMS)}, "The form of the answer; it wins over `Accept`.")


class ExecutionResult(Endpoint):
    """What an execution came to."""

    query = (FORMAT,)
    answers = {
        "GET": (
            Answer(body={"description": "The answer, whatever JSON it is."}),
            Answer(body={"type": "string"}, media_type=PlainText.media_type),
        )
    }
    refuses = {"GET": (Refused(status=409, code="not_over"), Refused(status=409, code="no_result"))}
    renderer_classes = [JSONRenderer, PlainText]
    content_negotiation_class = InForm

    def get(self, request: Request, execution_id: uuid.UUID) -> Response | HttpResponse:
        """Answer with the result itself, nothing round it. Before the end, and where there is none, 409."""
        read_choice(request, FORMAT, FORMS)
        execution = find_execution(person(request), execution_id, large=("result", "result_text"))
        facts = {"status": execution.status, "code": execution.code or None}
        if execution.status not in EXECUTION_TERMINAL:
            message = "The execution has not ended yet: there is no result before."
            raise ApiError(409, "not_over", message, errors=[Problem("", "not_over", message, facts)])
        if execution.result is None and not execution.result_text:
            message = "The execution ended without a result."
            raise ApiError(409, "no_result", message, errors=[Problem("", "no_result", message, facts)])
        if form_of(request) == "text":
            return HttpResponse(execution.result_text, content_type="text/plain; charset=utf-8")
        return Response(execution.result)
