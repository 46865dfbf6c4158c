"""Choosing on which connection a team runs, from its page."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from teams.actions.edit_team import edit_team
from teams.actions.refusal import InvalidInput, NotAllowed
from teams.pages.show_team import find_team, team_page
from teams.pages.signed_in import SignedInRequest, signed_in


@require_POST
@signed_in
def choose_connection(request: SignedInRequest, team_id: uuid.UUID) -> HttpResponse:
    """Change the team's connection and go back to its page, where a refusal is shown."""
    team = find_team(request, team_id)
    try:
        chosen = uuid.UUID(request.POST.get("connection", ""))
    except ValueError:
        chosen = uuid.UUID(int=0)
    try:
        edit_team(team=team, by=request.user, connection_id=chosen)
    except InvalidInput as refusal:
        problem = _("The team's owner has no such connection.")
        return team_page(request, find_team(request, team_id), problem=problem, status=refusal.status)
    except NotAllowed as refusal:
        problem = _("This needs the role editor in the team. Ask its owner for it.")
        return team_page(request, team, problem=problem, status=refusal.status)
    said = _("From now on the team runs on this connection. What runs already stays where it is.")
    messages.success(request, said)
    return redirect("team", team_id)
