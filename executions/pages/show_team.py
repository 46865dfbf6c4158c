"""The page of one team, with what its last executions did."""

import uuid

from django.db.models import Count, Q
from django.db.models.functions import Left
from django.http import HttpResponse
from django.views.decorators.http import require_safe

from executions.actions.run_history import find_run_history
from executions.engine.state import EXECUTION_TERMINAL
from executions.models import Execution
from executions.pages.list_executions import LARGE_COLUMNS, PROMPT_CHARS
from executions.pages.rows import build_row
from teams.models import Team
from teams.pages.show_team import find_team, team_page
from teams.pages.signed_in import SignedInRequest, signed_in

SHOWN = 5


@require_safe
@signed_in
def show_team(request: SignedInRequest, team_id: uuid.UUID) -> HttpResponse:
    """Show the team."""
    team = find_team(request, team_id)
    return team_page(request, team, more=build_overview(team))


def build_overview(team: Team) -> dict[str, object]:
    """Return its last executions, how many went well, and what one usually takes and costs."""
    rows = Execution.objects.filter(team=team).select_related("team", "started_by").defer(*LARGE_COLUMNS)
    last = rows.annotate(prompt_start=Left("initial_prompt", PROMPT_CHARS)).order_by("-id")[:SHOWN]
    counts = Execution.objects.filter(team=team, status__in=EXECUTION_TERMINAL).aggregate(
        ended=Count("pk"), well=Count("pk", filter=Q(status="completed"))
    )
    history = find_run_history(team_id=team.pk, version_id=team.published_version_id, with_steps=False)
    ended = counts["ended"]
    return {
        "last": [build_row(execution) for execution in last],
        "ended": ended,
        "well_percent": round(100 * counts["well"] / ended) if ended else None,
        "usual_s": history.whole_s.median if history.whole_s else None,
        "usual_usd": history.whole_usd.median if history.whole_usd else None,
    }
