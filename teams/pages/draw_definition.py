"""The picture of a workflow that nobody saved yet."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from teams.models import Agent, Team
from teams.pages.check_definition import check_source
from teams.pages.graph_view import build_graph
from teams.pages.named_team import named_team
from teams.pages.sent_definition import sent_definition
from teams.pages.signed_in import SignedInRequest, signed_in
from teams.workflow.plan import Plan


@require_POST
@signed_in
def draw_definition(request: SignedInRequest) -> HttpResponse:
    """Draw `definition`, or say how much is wrong with it. `team` names the team it is for, if any."""
    team = named_team(request)
    checked = check_source(sent_definition(request, team), team=team)
    graph = None if checked.plan is None else build_graph(checked.plan, agents=_names(checked.plan, team))
    return render(request, "teams/drawing.html", {"graph": graph, "problems": checked.problems})


def _names(plan: Plan, team: Team | None) -> dict[str, str]:
    if team is None or team.connection_id is None:
        return {}
    asked = {step.agent_id for step in plan.steps}
    rows = Agent.objects.filter(connection=team.connection_id, agent_id__in=asked).exclude(name="")
    return dict(rows.values_list("agent_id", "name"))
