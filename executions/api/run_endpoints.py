"""The steps of an execution as a list, and the runs in Suna of an execution or of one step."""

import uuid
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing.ledger import totals_of_execution
from executions.api.executions_seen import find_execution
from executions.api.step_output import AgentRunOutput, step_rows
from executions.api.whole_output import StepRowOutput
from executions.engine.state import AgentRunStatus
from executions.models import AgentRun, Execution
from teams.api.authentication import person
from teams.api.declared import Parameter, page
from teams.api.endpoint import PAGE, Endpoint, page_of
from teams.api.query import read_choice
from teams.workflow.plan import plan_from_json

STATUS = Parameter("status", {"enum": [status.value for status in AgentRunStatus]}, "Only such runs.")


class ListedRunOutput(AgentRunOutput):
    """A run with the step that it belongs to."""

    step_id = serializers.CharField(source="step.step_id")

    class Meta(AgentRunOutput.Meta):
        fields = ["step_id", *AgentRunOutput.Meta.fields]


class ExecutionSteps(Endpoint):
    """The steps of one execution."""

    answers = {"GET": page(StepRowOutput)}

    def get(self, request: Request, execution_id: uuid.UUID) -> Response:
        """List all of them, in the order of the document; there are 50 at most."""
        execution = find_execution(person(request), execution_id, large=("plan",))
        plan = plan_from_json(execution.plan)
        rows = step_rows(execution, plan, totals_of_execution(execution.pk), request)
        return Response({"next": None, "results": rows})


class ExecutionRuns(Endpoint):
    """The runs of one execution."""

    query = (*PAGE, STATUS)
    answers = {"GET": page(ListedRunOutput)}

    def get(self, request: Request, execution_id: uuid.UUID) -> Response:
        """List them, newest first: each attempt at each step, and each turn of it."""
        execution = find_execution(person(request), execution_id)
        return _page(request, execution)


class ExecutionStepRuns(Endpoint):
    """The runs of one step."""

    query = (*PAGE, STATUS)
    answers = {"GET": page(ListedRunOutput)}

    def get(self, request: Request, execution_id: uuid.UUID, step_id: str) -> Response:
        """List them, newest first."""
        execution = find_execution(person(request), execution_id)
        if not execution.steps.filter(step_id=step_id).exists():
            raise Http404
        return _page(request, execution, step__step_id=step_id)


def _page(request: Request, execution: Execution, **narrower: Any) -> Response:
    status = read_choice(request, STATUS, tuple(AgentRunStatus))
    if status is not None:
        narrower["status"] = status
    large = ("input", "input_cuts", "conditions", "result_text", "result_data", "reason_params")
    runs: QuerySet[AgentRun] = execution.agent_runs.filter(**narrower).select_related("step")
    return page_of(runs.defer(*(f"step__{column}" for column in large)), request, ListedRunOutput)
