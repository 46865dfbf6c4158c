"""Plans of runs that are not run: of a team's saved workflow, or of one that nobody saved."""

import uuid

from rest_framework.request import Request
from rest_framework.response import Response

from executions.actions.plan_run import plan_definition, plan_version
from executions.api.plan_output import planned_answer
from executions.api.plan_shape import PlannedRunOutput
from teams.actions.save_version import InvalidWorkflow
from teams.api.authentication import person
from teams.api.declared import Answer, Refused
from teams.api.endpoint import Endpoint, read_body
from teams.api.fields import Id, InputSerializer, JsonValue, Text, WholeNumber
from teams.api.teams_seen import find_team
from teams.api.version_endpoints import MAX_NUMBER, find_version


class TeamPlanInput(InputSerializer):
    """For which prompt to plan, and which version: the published one unless it is named."""

    prompt = Text(allow_blank=True)
    version = WholeNumber(min_value=1, max_value=MAX_NUMBER, required=False)


class WorkflowPlanInput(InputSerializer):
    """A workflow to be planned, as if it were the team's where one is named."""

    definition = JsonValue()
    prompt = Text(allow_blank=True)
    team = Id(required=False, allow_null=True)


class TeamPlan(Endpoint):
    """What a run of a team would be. Nothing is started, so that a token that may only read is enough."""

    scopes = {"POST": "read"}
    inputs = {"POST": TeamPlanInput}
    answers = {"POST": Answer(body=PlannedRunOutput)}
    refuses = {
        "POST": (
            Refused(status=409, code="no_workflow"),
            Refused(status=422, code="validation_error"),
        )
    }

    def post(self, request: Request, team_id: uuid.UUID) -> Response:
        """Plan it."""
        team = find_team(person(request), team_id)
        body = read_body(request, TeamPlanInput)
        version = find_version(team, body["version"]) if "version" in body else None
        planned = plan_version(team=team, by=person(request), version=version, prompt=body["prompt"])
        return Response(planned_answer(planned))


class WorkflowPlan(Endpoint):
    """What a run of a workflow would be; nothing is saved."""

    scopes = {"POST": "read"}
    inputs = {"POST": WorkflowPlanInput}
    answers = {"POST": Answer(body=PlannedRunOutput)}
    refuses = {"POST": (InvalidWorkflow, Refused(status=404, code="not_found"))}

    def post(self, request: Request) -> Response:
        """Plan it."""
        body = read_body(request, WorkflowPlanInput)
        team = find_team(person(request), body["team"]) if body.get("team") else None
        planned = plan_definition(
            definition=body["definition"], team=team, by=person(request), prompt=body["prompt"]
        )
        return Response(planned_answer(planned))
