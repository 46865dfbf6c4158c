"""The gallery: ready-made teams, and making a team of one."""

from dataclasses import asdict
from typing import Any

from django.http import Http404
from django.utils.translation import get_language
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from teams.actions.create_team import TeamNameTaken, find_default_connection
from teams.actions.team_mark import team_mark
from teams.actions.use_template import RolesOpen, use_template
from teams.api.authentication import person
from teams.api.connections_chosen import find_connection
from teams.api.declared import Answer, made
from teams.api.endpoint import Endpoint, read_body
from teams.api.entity_tags import tagged
from teams.api.team_output import TeamDetailOutput, team_detail
from teams.api.teams_seen import find_team
from teams.api.template_input import TemplateUseInput
from teams.gallery import DEFAULT_LANGUAGE, find_template, list_templates


class RoleOutput(serializers.Serializer[object]):
    """Somebody whom the template needs, and the steps that they do."""

    key = serializers.CharField()
    name = serializers.CharField()
    does = serializers.CharField()
    steps = serializers.ListField(child=serializers.CharField())


class TemplateOutput(serializers.Serializer[object]):
    """A template in the request's language; its definition names roles in the place of agents."""

    key = serializers.CharField()
    name = serializers.CharField()
    summary = serializers.CharField()
    example_prompt = serializers.CharField()
    minutes_from = serializers.IntegerField()
    minutes_to = serializers.IntegerField()
    roles = RoleOutput(many=True)
    definition = serializers.JSONField()


class TemplateListOutput(serializers.Serializer[object]):
    """The whole gallery."""

    results = TemplateOutput(many=True)


class TemplateList(Endpoint):
    """The templates of the gallery."""

    answers = {"GET": Answer(body=TemplateListOutput)}

    def get(self, request: Request) -> Response:
        """List them in the request's language."""
        rows = [asdict(template) for template in list_templates(_language())]
        return Response({"results": rows})


class TemplateUse(Endpoint):
    """A template that becomes a team."""

    inputs = {"POST": TemplateUseInput}
    answers = {"POST": made(TeamDetailOutput, "ETag")}
    refuses = {"POST": (RolesOpen, TeamNameTaken)}

    def post(self, request: Request, template_key: str) -> Response:
        """Make a team of it, with the agents of the connection that is named, else of the person's own."""
        user = person(request)
        body: dict[str, Any] = read_body(request, TemplateUseInput)
        template = find_template(template_key, _language())
        if template is None:
            raise Http404
        connection = find_connection(user, body.get("connection")) or find_default_connection(user)
        made_team = use_template(
            by=user, template=template, connection=connection, agents=body["agents"], name=body["name"]
        )
        seen = find_team(user, made_team.pk)
        headers = {"Location": reverse("api:team", kwargs={"team_id": seen.pk}, request=request)}
        return tagged(request, team_detail(seen, request), mark=team_mark(seen), status=201, headers=headers)


def _language() -> str:
    return get_language() or DEFAULT_LANGUAGE
