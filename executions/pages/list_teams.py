"""The list of the teams that a person may see, each with how its last execution stands."""

from collections.abc import Iterable

from django.core.paginator import Paginator
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Lower
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from executions.models import Execution
from executions.wording import status_words
from teams.models import Team, User
from teams.pages.signed_in import SignedInRequest, signed_in

PAGE_SIZE = 30
SEARCH_CHARS = 100
KINDS = ("all", "mine", "shared", "off")


@require_safe
@signed_in
def list_teams(request: SignedInRequest) -> HttpResponse:
    """Show the teams by name; `search` and `show` narrow them down, anything odd in them is left aside."""
    words = " ".join(request.GET.get("search", "").replace("\0", "").split())[:SEARCH_CHARS]
    kind = request.GET.get("show", "all")
    kind = kind if kind in KINDS else "all"
    page = Paginator(_rows(request.user, words, kind), PAGE_SIZE).get_page(request.GET.get("page"))
    # The annotation of `_rows`.
    newest = {team.pk: getattr(team, "last_execution", None) for team in page}
    last = _last_executions(newest.values())
    context = {
        "page": page,
        "rows": [(team, last.get(newest[team.pk])) for team in page],
        "words": words,
        "kind": kind,
        "kept": urlencode({"search": words, "show": kind}),
        "is_narrowed": bool(words) or kind != "all",
    }
    return render(request, "teams/team_list.html", context)


def _rows(user: User, words: str, kind: str) -> QuerySet[Team]:
    newest = Execution.objects.filter(team=OuterRef("pk")).order_by("-id").values("pk")[:1]
    rows = Team.objects.for_user(user).select_related("owner", "published_version")
    if kind == "mine":
        rows = rows.filter(owner=user)
    elif kind == "shared":
        rows = rows.exclude(owner=user)
    elif kind == "off":
        rows = rows.filter(is_active=False)
    if words:
        rows = rows.filter(Q(name__icontains=words) | Q(description__icontains=words))
    rows = rows.annotate(last_execution=Subquery(newest))
    return rows.defer("published_version__source").order_by(Lower("name"), "pk")


def _last_executions(ids: Iterable[object]) -> dict[object, tuple[Execution, str]]:
    rows = Execution.objects.filter(pk__in=[one for one in ids if one]).only("status", "created_at")
    return {execution.pk: (execution, status_words(execution.status)) for execution in rows}
