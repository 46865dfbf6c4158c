"""The list of the executions that a person may see, newest first."""

import uuid

from django.core.paginator import Paginator
from django.db.models.functions import Left
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from executions.models import Execution
from executions.pages.rows import build_row
from teams.models import Team
from teams.pages.signed_in import SignedInRequest, signed_in

PAGE_SIZE = 25
PROMPT_CHARS = 160
LARGE_COLUMNS = ("plan", "initial_prompt", "result", "result_text")


@require_safe
@signed_in
def list_executions(request: SignedInRequest) -> HttpResponse:
    """Show the executions of all teams, or of one."""
    team = _chosen_team(request)
    rows = Execution.objects.for_user(request.user).select_related("team", "started_by").defer(*LARGE_COLUMNS)
    rows = rows.annotate(prompt_start=Left("initial_prompt", PROMPT_CHARS))
    if team is not None:
        rows = rows.filter(team=team)
    page = Paginator(rows.order_by("-id"), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"page": page, "rows": [build_row(execution) for execution in page], "team": team}
    return render(request, "executions/execution_list.html", context)


def _chosen_team(request: SignedInRequest) -> Team | None:
    chosen = request.GET.get("team")
    if not chosen:
        return None
    try:
        team_id = uuid.UUID(chosen)
    except ValueError:
        raise Http404 from None
    return get_object_or_404(Team.objects.for_user(request.user), pk=team_id)
