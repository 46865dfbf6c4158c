"""What a team can be built from: the agents of the connections that a person may use."""

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from teams.api.authentication import person
from teams.api.declared import ID, Parameter, page
from teams.api.endpoint import PAGE, Endpoint, page_of
from teams.api.query import read_uuid
from teams.models import Agent


class AgentOutput(serializers.ModelSerializer[Agent]):
    """An agent of the catalogue; `agent_id` is what workflows name."""

    connection = serializers.UUIDField(source="connection_id")

    class Meta:
        model = Agent
        fields = [
            "id",
            "connection",
            "agent_id",
            "name",
            "description",
            "model_name",
            "synced_at",
            "missing_since",
            "changed_at",
            "changed_from",
        ]


class AgentList(Endpoint):
    """The agents that a person may choose from."""

    query = (*PAGE, Parameter("connection", ID, "Only the agents of this connection."))
    answers = {"GET": page(AgentOutput)}

    def get(self, request: Request) -> Response:
        """List them, newest first, of one connection where it is named."""
        rows = Agent.objects.visible_to(person(request))
        connection_id = read_uuid(request, "connection")
        if connection_id is not None:
            rows = rows.filter(connection_id=connection_id)
        return page_of(rows, request, AgentOutput)
