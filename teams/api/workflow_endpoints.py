"""The workflow language as a service: judging a definition, and the language's JSON Schema."""

from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from teams.actions.save_version import check_definition
from teams.api.authentication import person
from teams.api.declared import Answer, Refused
from teams.api.endpoint import Endpoint, read_body
from teams.api.findings import FindingOutput
from teams.api.team_input import ValidationInput
from teams.api.teams_seen import find_team
from teams.workflow.schema import workflow_schema

SCHEMA_MAX_AGE_S = 3600


class JudgedOutput(serializers.Serializer[object]):
    """Whether a definition may be saved, and everything that there is to say about it."""

    valid = serializers.BooleanField()
    problems = FindingOutput(many=True)
    warnings = FindingOutput(many=True)


class WorkflowValidation(Endpoint):
    """A definition looked at; nothing is saved, so that a token that may only read is enough."""

    scopes = {"POST": "read"}
    inputs = {"POST": ValidationInput}
    answers = {"POST": Answer(body=JudgedOutput)}
    refuses = {"POST": (Refused(status=404, code="not_found"),)}

    def post(self, request: Request) -> Response:
        """Tell everything that is wrong with it. Pointers start at the definition itself."""
        body = read_body(request, ValidationInput)
        team = find_team(person(request), body["team"]) if body.get("team") else None
        checked = check_definition(body["definition"], team=team)
        return Response(
            {
                "valid": checked.plan is not None,
                "problems": [problem.as_json() for problem in checked.problems],
                "warnings": [problem.as_json() for problem in checked.warnings],
            }
        )


class WorkflowSchema(Endpoint):
    """The language's JSON Schema."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()
    answers = {
        "GET": Answer(
            body={"type": "object"}, media_type="application/schema+json", headers=("Cache-Control",)
        )
    }

    def get(self, request: Request) -> Response:
        """Show it to anybody."""
        headers = {"Cache-Control": f"public, max-age={SCHEMA_MAX_AGE_S}"}
        return Response(workflow_schema(), content_type="application/schema+json", headers=headers)
