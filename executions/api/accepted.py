"""The answer to a request that made an execution: 202, and where it is."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from executions.actions.accept_execution import (
    IdempotencyKeyReused,
    RequestInProgress,
    Started,
    TeamCannotRun,
)
from executions.actions.queue_limit import SiteQueueFull, TooManyQueued
from executions.api.execution_output import ExecutionOutput
from executions.api.executions_seen import find_execution
from executions.api.waiting import read_wait, wait_for_end
from executions.api.whole_output import AcceptedOutput, ExecutionDetailOutput
from teams.actions.refusal import InvalidInput, NotAllowed
from teams.api.authentication import person
from teams.api.declared import Answer, Refusals, Refused

IDEMPOTENCY_KEY = "Idempotency-Key"
_HEADERS = ("Location", "Idempotent-Replayed")
ACCEPTED = (
    Answer(status=202, body=AcceptedOutput, headers=_HEADERS),
    # With `wait`, where it ended in time.
    Answer(body=ExecutionDetailOutput, headers=_HEADERS),
)
ACCEPTING: Refusals = (
    NotAllowed,
    Refused(status=400, code="validation_error"),
    TeamCannotRun,
    *(Refused(status=409, code=code) for code in ("team_inactive", "no_workflow", "no_connection")),
    RequestInProgress,
    IdempotencyKeyReused,
    InvalidInput,
    TooManyQueued,
    SiteQueueFull,
)
"""How `start_execution` and its like say no."""


def accepted_answer(started: Started, request: Request) -> Response:
    """Return the execution with its address; Idempotent-Replayed says whether an earlier request made it.

    Where the request asks to wait, and it ends in time, the answer is 200 with the execution as a whole.
    `warnings` beside it is what there is to say of a new one's team and connection; of a replay, nothing.
    """
    execution = find_execution(person(request), started.execution.pk)
    place = reverse("api:execution", kwargs={"execution_id": execution.pk}, request=request)
    headers = {"Location": place, "Idempotent-Replayed": "false" if started.created else "true"}
    wait_for_end(request, execution, read_wait(request), is_fresh=False)
    written = ExecutionOutput(execution, context={"request": request}).data
    warnings = [warning.as_json() for warning in started.warnings]
    return Response({**written, "warnings": warnings}, status=202, headers=headers)
