"""What a team can be built from: connections to a Suna, never with their credential, and their agents."""

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from teams.api.authentication import person
from teams.api.endpoint import PAGE, Endpoint, page_of
from teams.api.null_text import TextOrNull
from teams.api.query import read_uuid
from teams.models import Agent, SunaConnection


class ConnectionOutput(serializers.ModelSerializer[SunaConnection]):
    """A connection. Where the site's is found is for its staff to know: `base_url` is null there."""

    base_url = serializers.SerializerMethodField()
    shared = serializers.SerializerMethodField()
    paused_code = TextOrNull()

    class Meta:
        model = SunaConnection
        fields = [
            "id",
            "name",
            "shared",
            "base_url",
            "wire_profile",
            "sends_user_keys",
            "limits",
            "throttled_until",
            "paused_code",
            "checked_at",
            "created_at",
        ]

    def get_base_url(self, connection: SunaConnection) -> str | None:
        """Return the address of a connection of one's own."""
        return connection.base_url if connection.owner_id else None

    def get_shared(self, connection: SunaConnection) -> bool:
        """Whether it is the whole site's."""
        return connection.owner_id is None


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
        ]


class ConnectionList(Endpoint):
    """The connections that a person may use."""

    query = PAGE

    def get(self, request: Request) -> Response:
        """List them, newest first."""
        rows = SunaConnection.objects.visible_to(person(request)).defer("sealed_credential")
        return page_of(rows, request, ConnectionOutput)


class AgentList(Endpoint):
    """The agents that a person may choose from."""

    query = (*PAGE, "connection")

    def get(self, request: Request) -> Response:
        """List them, newest first, of one connection where it is named."""
        rows = Agent.objects.visible_to(person(request))
        connection_id = read_uuid(request, "connection")
        if connection_id is not None:
            rows = rows.filter(connection_id=connection_id)
        return page_of(rows, request, AgentOutput)
