"""The list of the teams that a person may see."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from teams.models import Team
from teams.pages.signed_in import SignedInRequest, signed_in

PAGE_SIZE = 30


@require_safe
@signed_in
def list_teams(request: SignedInRequest) -> HttpResponse:
    """Show the teams by name."""
    teams = Team.objects.for_user(request.user).select_related("owner", "published_version")
    rows = teams.defer("published_version__source").order_by("name", "pk")
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "teams/team_list.html", {"page": page})
