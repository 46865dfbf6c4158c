"""The list of the executions that a person may see, newest first."""

import uuid

from django.db.models import Count, Q
from django.db.models.functions import Left
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from executions.engine.state import ExecutionStatus, StepStatus
from executions.models import Execution, ExecutionStep
from executions.pages.list_filters import UNDER_WAY, ListFilters, UnreadableFilter, read_filters, read_id
from executions.pages.rows import StepCount, build_row
from executions.wording import status_words
from teams.models import Team, User
from teams.pages.signed_in import SignedInRequest, signed_in

PAGE_SIZE = 25
PROMPT_CHARS = 160
MAX_CHOICES = 200
LARGE_COLUMNS = ("plan", "initial_prompt", "result", "result_text", "workflow_version__source")


@require_safe
@signed_in
def list_executions(request: SignedInRequest) -> HttpResponse:
    """Show the executions that the address asks for; `before` is the last id of the page before."""
    try:
        filters = read_filters(request.GET)
        before = read_id(request.GET.get("before", ""))
    except UnreadableFilter:
        raise Http404 from None
    teams = list(Team.objects.for_user(request.user).order_by("name", "pk").only("pk", "name")[:MAX_CHOICES])
    team = _chosen_team(request.user, filters, teams)
    found = filters.narrow(Execution.objects.for_user(request.user), user=request.user)
    if before is not None:
        found = found.filter(pk__lt=before)
    found = found.select_related("team", "started_by", "workflow_version").defer(*LARGE_COLUMNS)
    shown = list(
        found.annotate(prompt_start=Left("initial_prompt", PROMPT_CHARS)).order_by("-id")[: PAGE_SIZE + 1]
    )
    page, is_more = shown[:PAGE_SIZE], len(shown) > PAGE_SIZE
    steps = _count_steps([execution.pk for execution in page])
    context = {
        "rows": [build_row(execution, steps=steps.get(execution.pk)) for execution in page],
        "filters": filters,
        "team": team,
        "teams": teams,
        "people": _people_in(request.user),
        "statuses": [(str(status), status_words(str(status))) for status in ExecutionStatus],
        "under_way": UNDER_WAY,
        "is_first": before is None,
        "older": page[-1].pk if is_more else None,
    }
    return render(request, "executions/execution_list.html", context)


def _chosen_team(user: User, filters: ListFilters, teams: list[Team]) -> Team | None:
    """Return the team that is asked for. Raises Http404 where the person may not see it."""
    if filters.team is None:
        return None
    known = next((team for team in teams if team.pk == filters.team), None)
    team = known or Team.objects.for_user(user).filter(pk=filters.team).first()
    if team is None:
        raise Http404
    return team


def _people_in(user: User) -> list[User]:
    """Return who may have started something in the user's teams: their owners and members."""
    teams = Team.objects.for_user(user).order_by().values("pk")
    within = Q(owned_teams__in=teams) | Q(team_memberships__team__in=teams)
    people = User.objects.filter(within).distinct().only("pk", "username")
    return list(people.order_by("username")[:MAX_CHOICES])


def _count_steps(ids: list[uuid.UUID]) -> dict[uuid.UUID, StepCount]:
    done = Count("pk", filter=Q(status__in=(StepStatus.COMPLETED, StepStatus.SKIPPED)))
    counted = ExecutionStep.objects.filter(execution__in=ids).order_by().values("execution")
    rows = counted.annotate(done=done, total=Count("pk")).values_list("execution", "done", "total")
    return {pk: StepCount(done=finished, total=total) for pk, finished, total in rows}
