"""Giving an agent the team's tools, and taking them away, from the page of its connection."""

import uuid

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from executions.actions.team_server_of_agent import give_team_server, take_team_server
from executions.pages.show_connection import connection_page, find_connection
from executions.wording import refusal_sentence
from executions.wording.team_server import given_words
from teams.actions.refusal import Refusal
from teams.models import Agent
from teams.pages.signed_in import SignedInRequest, signed_in


@require_POST
@signed_in
def change_tools(request: SignedInRequest, connection_id: uuid.UUID, agent_pk: uuid.UUID) -> HttpResponse:
    """Do what the button says: `suna` and `by_hand` give the agent the server, all else takes it away."""
    connection = find_connection(request, connection_id)
    agent = get_object_or_404(Agent, pk=agent_pk, connection=connection)
    agent.connection = connection
    how = request.POST.get("how", "")
    name = agent.name or agent.agent_id
    try:
        if how == "suna":
            given = give_team_server(agent=agent, by=request.user)
            done = given_words(name, given.changed)
        elif how == "by_hand":
            give_team_server(agent=agent, by=request.user, how="by_hand")
            done = given_words(name)
        else:
            take_team_server(agent=agent, by=request.user)
            done = _("%(name)s does not have the team's tools any more.") % {"name": name}
    except Refusal as refusal:
        problem = refusal_sentence(code=refusal.code, message=refusal.message, problems=refusal.problems)
        return connection_page(request, connection, problem=problem, status=refusal.status)
    return connection_page(request, connection, done=done)
