"""Staff start a team from its form in the admin; it is billed to the team's payer."""

import uuid

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from executions.actions.execution_rights import ADD
from executions.actions.start_execution import start_execution
from executions.admin.execution_verbs import person_of, refusal_words
from executions.models import Execution
from teams.actions.refusal import Refusal
from teams.models import Team

RIGHTS = ("teams.view_team", ADD)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def run_as_staff(request: HttpRequest, team_id: uuid.UUID) -> HttpResponse:
    """Show the form; by POST start the team and go to its execution, or say why not with the prompt kept."""
    if not request.user.has_perms(RIGHTS):
        raise PermissionDenied
    rows = Team.objects.select_related("owner", "payer", "published_version", "connection")
    team = get_object_or_404(rows.defer("connection__sealed_credential"), pk=team_id)
    prompt, problem, status = "", "", 200
    if request.method == "POST":
        prompt = request.POST.get("prompt", "").replace("\r\n", "\n")
        try:
            started = start_execution(
                team=team,
                by=person_of(request),
                prompt=prompt,
                idempotency_key=request.POST.get("form_key") or None,
                as_staff=True,
            )
        except Refusal as refusal:
            problem, status = refusal_words(refusal), refusal.status
        else:
            messages.success(request, _("The team is started."))
            return HttpResponseRedirect(_page_of(request, started.execution))
    context = {
        **admin.site.each_context(request),
        "title": _("Run %(team)s") % {"team": team.name},
        "team": team,
        "payer": team.payer or team.owner,
        "prompt": prompt,
        "problem": problem,
        # One form sent twice makes one execution.
        "form_key": request.POST.get("form_key") or uuid.uuid4(),
        "back": reverse("admin:teams_team_change", args=[team.pk]),
    }
    return TemplateResponse(request, "admin/teams/run.html", context, status=status)


def _page_of(request: HttpRequest, execution: Execution) -> str:
    if request.user.has_perm("executions.view_execution"):
        return reverse("admin:executions_execution_change", args=[execution.pk])
    return reverse("admin:teams_team_change", args=[execution.team_id])
