"""What the team form of the admin asks while staff write: what is wrong with a workflow, and its picture.

The pages ask the same of their own addresses, which know the roles in a team; here a right of staff counts.
"""

import uuid

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from teams.actions.catalogue_warnings import find_listed_agents
from teams.models import Agent, Team
from teams.pages.check_definition import check_source
from teams.pages.graph_view import build_graph
from teams.pages.sent_definition import sent_definition

RIGHTS = ("teams.change_team", "teams.add_team")
"""Either of them: what is asked is of use to those who write teams."""


@never_cache
@require_POST
def check_for_staff(request: HttpRequest) -> HttpResponse:
    """Say what is wrong with `definition`, at which line, and which agents there are; save nothing."""
    team = _team_of(request)
    checked = check_source(sent_definition(request, team), team=team)
    listed = find_listed_agents(team.connection) if team and team.connection else None
    return JsonResponse(
        {
            "problems": [one.as_json() for one in checked.problems],
            "warnings": [one.as_json() for one in checked.warnings],
            "agents": [
                {"id": one.agent_id, "name": one.name} for one in listed or () if one.missing_since is None
            ],
        }
    )


@never_cache
@require_POST
def draw_for_staff(request: HttpRequest) -> HttpResponse:
    """Draw `definition`, or say how much is wrong with it."""
    team = _team_of(request)
    checked = check_source(sent_definition(request, team), team=team)
    graph = None
    if checked.plan is not None:
        asked = {step.agent_id for step in checked.plan.steps}
        connection_id = None if team is None else team.connection_id
        rows = Agent.objects.filter(connection=connection_id, agent_id__in=asked).exclude(name="")
        graph = build_graph(checked.plan, agents=dict(rows.values_list("agent_id", "name")))
    return render(request, "teams/drawing.html", {"graph": graph, "problems": checked.problems})


def _team_of(request: HttpRequest) -> Team | None:
    """Return the team of the field `team`, None where none is named; 403 without a right, 404 for no team."""
    if not any(request.user.has_perm(right) for right in RIGHTS):
        raise PermissionDenied
    given = request.POST.get("team", "").strip()
    try:
        pk = uuid.UUID(given) if given else None
    except ValueError:
        raise Http404("There is no such team.") from None
    if pk is None:
        return None
    rows = Team.objects.select_related("connection", "owner", "published_version")
    found = rows.defer("connection__sealed_credential", "published_version__source").filter(pk=pk).first()
    if found is None:
        raise Http404("There is no such team.")
    return found
