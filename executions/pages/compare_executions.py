"""The page that compares two executions: what was asked, how, what came of it, how long it took and cost."""

import uuid

from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from executions.models import Execution
from executions.pages.comparison import build_comparison
from teams.pages.signed_in import SignedInRequest, signed_in

NEAR = 10
"""So many other executions of the team are offered to compare with."""


@require_safe
@signed_in
def compare_executions(request: SignedInRequest) -> HttpResponse:
    """Compare `a`, the earlier, with `b`; without `a` it is the one of the same team before `b`."""
    after = _find(request, "b")
    before = _find(request, "a")
    if after is not None and before is None and "a" not in request.GET:
        before = _near(request, after).filter(pk__lt=after.pk).first()
    context: dict[str, object] = {"before": before, "after": after}
    if after is not None:
        context["others"] = _near(request, after).exclude(pk=after.pk)[:NEAR]
    if before is not None and after is not None:
        context["comparison"] = build_comparison(before, after)
    return render(request, "executions/compare.html", context)


def _near(request: SignedInRequest, execution: Execution) -> QuerySet[Execution]:
    seen = Execution.objects.for_user(request.user).filter(team_id=execution.team_id).order_by("-id")
    return seen.select_related("team", "workflow_version", "started_by").defer("plan", "result")


def _find(request: SignedInRequest, name: str) -> Execution | None:
    said = request.GET.get(name, "")
    if not said:
        return None
    try:
        execution_id = uuid.UUID(said)
    except ValueError:
        raise Http404 from None
    seen = Execution.objects.for_user(request.user).select_related("team", "workflow_version", "started_by")
    return get_object_or_404(seen.defer("plan", "result"), pk=execution_id)
