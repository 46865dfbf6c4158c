"""The saved workflows of a team: who saved them, when and why, and how often each ran."""

import uuid

from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from executions.models import Execution
from teams.actions.rights import may
from teams.actions.team_mark import version_mark
from teams.pages.show_team import find_team
from teams.pages.signed_in import SignedInRequest, signed_in

PAGE_SIZE = 30


@require_safe
@signed_in
def list_versions(request: SignedInRequest, team_id: uuid.UUID) -> HttpResponse:
    """Show them, newest first."""
    team = find_team(request, team_id)
    versions = team.versions.select_related("author").defer("source").order_by("-number")
    page = Paginator(versions, PAGE_SIZE).get_page(request.GET.get("page"))
    runs = Execution.objects.filter(workflow_version__in=[version.pk for version in page]).order_by()
    times = dict(runs.values_list("workflow_version").annotate(times=Count("pk")))
    context = {
        "team": team,
        "page": page,
        "rows": [(version, times.get(version.pk, 0)) for version in page],
        "may_edit": may(request.user, "editor", team),
        "mark": version_mark(team.published_version_id),
    }
    return render(request, "teams/versions.html", context)
