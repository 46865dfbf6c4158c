"""What can be done with an agent of the catalogue."""

import uuid

from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from executions.actions.connection_rights import SunaUnusable
from executions.actions.team_server_of_agent import NoTeamServer, give_team_server, take_team_server
from teams.actions.refusal import NotAllowed
from teams.api.authentication import person
from teams.api.catalogue_endpoints import AgentOutput
from teams.api.declared import NOTHING, Answer, Refused
from teams.api.endpoint import Endpoint, read_body
from teams.api.fields import InputSerializer
from teams.models import Agent, User


class TeamServerInput(InputSerializer):
    """How the agent gets it: `suna` asks its Suna to add it, `by_hand` says that somebody did there."""

    how = serializers.ChoiceField(choices=["suna", "by_hand"], default="suna")


class TeamServerOutput(serializers.Serializer[object]):
    """The agent, and which of its fields Suna changed as it saved, to be put right there: mostly none."""

    agent = AgentOutput()
    changed = serializers.ListField(child=serializers.CharField())


class AgentTeamServer(Endpoint):
    """The team's MCP server of an agent."""

    inputs = {"POST": TeamServerInput}
    answers = {"POST": Answer(body=TeamServerOutput), "DELETE": NOTHING}
    # The code may be what Suna answered.
    refuses = {
        "POST": (NotAllowed, NoTeamServer, SunaUnusable, Refused(status=409, code=None)),
        "DELETE": (NotAllowed,),
    }

    def post(self, request: Request, agent_id: uuid.UUID) -> Response:
        """Give the agent the server: its runs are told a token from then on."""
        agent = _find(person(request), agent_id)
        how = read_body(request, TeamServerInput)["how"]
        given = give_team_server(agent=agent, by=person(request), how=how)
        return Response({"agent": AgentOutput(given.agent).data, "changed": given.changed})

    def delete(self, request: Request, agent_id: uuid.UUID) -> Response:
        """Tell its runs no token any more; what Suna keeps of the server is of no use without one."""
        take_team_server(agent=_find(person(request), agent_id), by=person(request))
        return Response(status=204)


def _find(user: User, agent_id: uuid.UUID) -> Agent:
    rows = Agent.objects.visible_to(user).select_related("connection").defer("connection__sealed_credential")
    agent = rows.filter(pk=agent_id).first()
    if agent is None:
        raise Http404
    return agent
