"""The page of one team: what it is for, how it works, and the form that runs it."""

import uuid
from collections.abc import Mapping

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from teams.actions.rights import may
from teams.models import SunaConnection, Team, User
from teams.pages.signed_in import SignedInRequest
from teams.pages.workflow_view import build_workflow_view
from teams.wording.connections import connection_notices


def find_team(request: SignedInRequest, team_id: uuid.UUID) -> Team:
    """Return the team; 404 for whoever may not see it."""
    teams = Team.objects.for_user(request.user).select_related(
        "owner", "published_version", "connection__owner"
    )
    return get_object_or_404(teams.defer("connection__sealed_credential"), pk=team_id)


def team_page(
    request: SignedInRequest,
    team: Team,
    *,
    prompt: str = "",
    problem: str = "",
    status: int = 200,
    more: Mapping[str, object] | None = None,
) -> HttpResponse:
    """Return the team's page; after a refused run with what was typed in and why it was refused.

    `more` is what others know of the team: how its executions went.
    """
    context = {
        "team": team,
        "workflow": build_workflow_view(team),
        "notices": connection_notices(team.connection, now=timezone.now()) if team.connection else (),
        "sees_connection": may_use(request.user, team.connection),
        "may_edit": may(request.user, "editor", team),
        "may_run": may(request.user, "operator", team),
        # One per form: sending the form twice starts one execution.
        "form_key": uuid.uuid4(),
        "prompt": prompt,
        "problem": problem,
        **(more or {}),
    }
    return render(request, "teams/team.html", context, status=status)


def may_use(user: User, connection: SunaConnection | None) -> bool:
    """Whether the connection is the user's own or the site's: then its page is theirs to open."""
    return connection is not None and connection.owner_id in (None, user.pk)
