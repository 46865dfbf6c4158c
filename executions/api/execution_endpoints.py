"""Executions: start one, list them, follow one. What may be asked of one is in `verb_endpoints`."""

import uuid

from django.db.models import QuerySet
from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from executions.actions.edit_labels import LabelsChanged, edit_labels
from executions.actions.execution_rights import NotThere
from executions.actions.labels import labels_mark
from executions.actions.start_execution import start_execution
from executions.api.accepted import ACCEPTED, ACCEPTING, IDEMPOTENCY_KEY, accepted_answer
from executions.api.execution_filters import OF_A_TEAM, OF_ALL_TEAMS, ORDERS, narrowed
from executions.api.execution_input import ExecutionChangeInput, StartInput
from executions.api.execution_output import ExecutionOutput, execution_detail
from executions.api.executions_seen import LARGE, executions_of, find_execution
from executions.api.step_output import step_detail, steps_with_origin
from executions.api.waiting import WAIT, read_wait, wait_for_end
from executions.api.whole_output import ExecutionDetailOutput, StepWholeOutput
from executions.models import Execution
from teams.actions.refusal import NotAllowed
from teams.api.authentication import person
from teams.api.declared import UNCHANGED, Answer, page
from teams.api.endpoint import PAGE, Endpoint, page_of, read_body
from teams.api.entity_tags import BAD_TAGS, UNSEEN, read_seen, tagged
from teams.api.problems import ApiError
from teams.api.teams_seen import find_team


class TeamExecutions(Endpoint):
    """The executions of one team."""

    query = (*PAGE, *OF_A_TEAM)
    post_query = (WAIT,)
    throttle_kinds = {"POST": "starts"}
    scopes = {"POST": "run"}
    request_headers = {"POST": (IDEMPOTENCY_KEY,)}
    inputs = {"POST": StartInput}
    answers = {"GET": page(ExecutionOutput), "POST": ACCEPTED}
    refuses = {"POST": ACCEPTING}

    def get(self, request: Request, team_id: uuid.UUID) -> Response:
        """List them, newest first, unless `ordering` says another order."""
        team = find_team(person(request), team_id)
        return _list(executions_of(person(request)).filter(team=team), request)

    def post(self, request: Request, team_id: uuid.UUID) -> Response:
        """Accept an execution. It is committed when this answers, and runs from then on.

        The same Idempotency-Key answers with the execution that it made; Idempotent-Replayed says which.
        """
        team = find_team(person(request), team_id)
        read_wait(request)
        started = start_execution(
            team=team,
            by=person(request),
            **read_body(request, StartInput),
            idempotency_key=request.headers.get(IDEMPOTENCY_KEY),
        )
        return accepted_answer(started, request)


class ExecutionList(Endpoint):
    """The executions of all teams that a person sees."""

    query = (*PAGE, *OF_ALL_TEAMS)
    answers = {"GET": page(ExecutionOutput)}

    def get(self, request: Request) -> Response:
        """List them, newest first, unless `ordering` says another order."""
        return _list(executions_of(person(request)), request)


class ExecutionDetail(Endpoint):
    """One execution."""

    query = (WAIT,)
    scopes = {"PATCH": "run"}
    request_headers = {"GET": ("If-None-Match",), "PATCH": ("If-Match",)}
    inputs = {"PATCH": ExecutionChangeInput}
    answers = {
        "GET": (Answer(body=ExecutionDetailOutput, headers=("ETag",)), UNCHANGED),
        "PATCH": Answer(body=ExecutionDetailOutput, headers=("ETag",)),
    }
    refuses = {"GET": (BAD_TAGS,), "PATCH": (NotAllowed, NotThere, LabelsChanged, *UNSEEN[:2])}

    def get(self, request: Request, execution_id: uuid.UUID) -> Response:
        """Show it with its steps and its answer; with `wait`, as it stands then."""
        seconds = read_wait(request)
        execution = find_execution(person(request), execution_id, large=LARGE)
        wait_for_end(request, execution, seconds, is_fresh=True)
        return _tagged(execution, request)

    def patch(self, request: Request, execution_id: uuid.UUID) -> Response:
        """Give it other labels, whatever it does meanwhile."""
        execution = find_execution(person(request), execution_id)
        labels = read_body(request, ExecutionChangeInput)["labels"]
        seen = read_seen(request)
        try:
            edit_labels(execution=execution, by=person(request), labels=labels, seen=seen)
        except LabelsChanged as refusal:
            tag = _whole(request, execution_id).headers["ETag"]
            raise ApiError(refusal.status, refusal.code, refusal.message, headers={"ETag": tag}) from None
        return _whole(request, execution_id)


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


def _whole(request: Request, execution_id: uuid.UUID) -> Response:
    return _tagged(find_execution(person(request), execution_id, large=LARGE), request)


def _tagged(execution: Execution, request: Request) -> Response:
    return tagged(request, execution_detail(execution, request), mark=labels_mark(execution.labels))


def _list(rows: QuerySet[Execution], request: Request) -> Response:
    shown = narrowed(rows.defer(*LARGE, "workflow_version__source"), request, person(request))
    return page_of(shown, request, ExecutionOutput, orders=ORDERS)
