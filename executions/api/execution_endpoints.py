"""Executions: start one, list them, follow one. What may be asked of one is in `verb_endpoints`."""

import uuid

from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from executions.actions.start_execution import start_execution
from executions.api.accepted import ACCEPTED, ACCEPTING, IDEMPOTENCY_KEY, accepted_answer
from executions.api.execution_input import StartInput
from executions.api.execution_output import ExecutionOutput, execution_detail
from executions.api.executions_seen import LARGE, executions_of, find_execution
from executions.api.step_output import step_detail, steps_with_origin
from executions.api.whole_output import ExecutionDetailOutput, StepWholeOutput
from executions.engine.state import ExecutionStatus
from teams.api.authentication import person
from teams.api.declared import ID, Answer, Parameter, page
from teams.api.endpoint import PAGE, Endpoint, page_of, read_body
from teams.api.query import read_choice, read_uuid
from teams.api.teams_seen import find_team

STATUS = Parameter("status", {"enum": [str(one) for one in ExecutionStatus]}, "Only those that stand so.")


class TeamExecutions(Endpoint):
    """The executions of one team."""

    query = (*PAGE, STATUS)
    scopes = {"POST": "run"}
    request_headers = {"POST": (IDEMPOTENCY_KEY,)}
    inputs = {"POST": StartInput}
    answers = {"GET": page(ExecutionOutput), "POST": ACCEPTED}
    refuses = {"POST": ACCEPTING}

    def get(self, request: Request, team_id: uuid.UUID) -> Response:
        """List them, newest first."""
        team = find_team(person(request), team_id)
        return _list(request, team.pk)

    def post(self, request: Request, team_id: uuid.UUID) -> Response:
        """Accept an execution. It is committed when this answers, and runs from then on.

        The same Idempotency-Key answers with the execution that it made; Idempotent-Replayed says which.
        """
        team = find_team(person(request), team_id)
        started = start_execution(
            team=team,
            by=person(request),
            prompt=read_body(request, StartInput)["prompt"],
            idempotency_key=request.headers.get(IDEMPOTENCY_KEY),
        )
        return accepted_answer(started, request)


class ExecutionList(Endpoint):
    """The executions of all teams that a person sees."""

    query = (*PAGE, Parameter("team", ID, "Only the executions of this team."), STATUS)
    answers = {"GET": page(ExecutionOutput)}

    def get(self, request: Request) -> Response:
        """List them, newest first; `team` and `status` narrow the list."""
        return _list(request, read_uuid(request, "team"))


class ExecutionDetail(Endpoint):
    """One execution."""

    answers = {"GET": Answer(body=ExecutionDetailOutput)}

    def get(self, request: Request, execution_id: uuid.UUID) -> Response:
        """Show it with its steps and its answer."""
        execution = find_execution(person(request), execution_id, large=LARGE)
        return Response(execution_detail(execution, request))


class ExecutionStepDetail(Endpoint):
    """One step of one execution."""

    answers = {"GET": Answer(body=StepWholeOutput)}

    def get(self, request: Request, execution_id: uuid.UUID, step_id: str) -> Response:
        """Show it with its input, its conditions and its runs."""
        execution = find_execution(person(request), execution_id, large=("plan",))
        step = steps_with_origin(execution).filter(step_id=step_id).first()
        if step is None:
            raise Http404
        return Response(step_detail(execution, step, request))


def _list(request: Request, team_id: uuid.UUID | None) -> Response:
    rows = executions_of(person(request)).defer(*LARGE, "workflow_version__source")
    status = read_choice(request, "status", tuple(ExecutionStatus))
    if team_id is not None:
        rows = rows.filter(team_id=team_id)
    if status is not None:
        rows = rows.filter(status=status)
    return page_of(rows, request, ExecutionOutput)
