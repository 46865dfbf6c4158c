"""What a team can be built from: the agents of the connections that a person may use."""

import uuid
from dataclasses import asdict

from django.db.models import Q
from django.db.models.functions import Lower
from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from teams.actions.agent_use import teams_using
from teams.api.authentication import person
from teams.api.declared import FLAG, ID, WORDS, Answer, Parameter, page
from teams.api.endpoint import PAGE, Endpoint, page_of
from teams.api.ordering import Order, Orders, ordering_parameter, read_name
from teams.api.query import read_flag, read_uuid, read_words
from teams.models import Agent


class AgentOutput(serializers.ModelSerializer[Agent]):
    """An agent of the catalogue; `agent_id` is what workflows name.

    `has_team_server`: it has Renum's MCP server, so that steps with `tools: team` are told a token.
    """

    connection = serializers.UUIDField(source="connection_id")
    is_missing = serializers.SerializerMethodField()

    class Meta:
        model = Agent
        fields = [
            "id",
            "connection",
            "agent_id",
            "name",
            "description",
            "model_name",
            "has_team_server",
            "synced_at",
            "is_missing",
            "missing_since",
            "changed_at",
            "changed_from",
        ]

    def get_is_missing(self, agent: Agent) -> bool:
        """Return whether Suna did not list it any more when it was last asked."""
        return agent.missing_since is not None


ORDERS: Orders = {"created_at": None, "name": Order(by=Lower("name"), read=read_name)}


class AgentList(Endpoint):
    """The agents that a person may choose from."""

    query = (
        *PAGE,
        Parameter("connection", ID, "Only the agents of this connection."),
        Parameter("missing", FLAG, "true: only those that Suna lists no more; false: only the others."),
        Parameter("search", WORDS, "Only those that have this in their name or their id."),
        ordering_parameter(ORDERS),
    )
    answers = {"GET": page(AgentOutput)}

    def get(self, request: Request) -> Response:
        """List them, newest first, unless `ordering` says another order."""
        rows = Agent.objects.visible_to(person(request))
        connection_id = read_uuid(request, "connection")
        missing, words = read_flag(request, "missing"), read_words(request, "search")
        if connection_id is not None:
            rows = rows.filter(connection_id=connection_id)
        if missing is not None:
            rows = rows.filter(missing_since__isnull=not missing)
        if words is not None:
            rows = rows.filter(Q(name__icontains=words) | Q(agent_id__icontains=words))
        return page_of(rows, request, AgentOutput, orders=ORDERS)


class AgentUseOutput(serializers.Serializer[object]):
    """A team that uses the agent, and the steps that do."""

    team = serializers.UUIDField()
    name = serializers.CharField()
    slug = serializers.CharField()
    steps = serializers.ListField(child=serializers.CharField())


class AgentDetailOutput(AgentOutput):
    """An agent, with those of the asker's teams that use it; the newest 100."""

    used_by = AgentUseOutput(many=True)

    class Meta(AgentOutput.Meta):
        fields = [*AgentOutput.Meta.fields, "used_by"]


class AgentDetail(Endpoint):
    """One agent of the catalogue."""

    answers = {"GET": Answer(body=AgentDetailOutput)}

    def get(self, request: Request, agent_id: uuid.UUID) -> Response:
        """Show it, and at which steps the person's teams use it."""
        user = person(request)
        agent = Agent.objects.visible_to(user).filter(pk=agent_id).first()
        if agent is None:
            raise Http404
        teams = teams_using(agent, user=user)
        return Response(
            {**AgentOutput(agent).data, "used_by": [AgentUseOutput(asdict(use)).data for use in teams]}
        )
