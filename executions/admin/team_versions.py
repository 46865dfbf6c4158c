"""What was saved of a team's workflow: seen, compared, published again and exported by staff."""

import uuid
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from executions.admin.execution_verbs import person_of
from teams.actions.export_team import NoWorkflow, export_team
from teams.actions.refusal import Refusal
from teams.actions.restore_version import restore_version
from teams.actions.team_mark import version_mark
from teams.models import Team, WorkflowVersion
from teams.pages.diff_view import build_diff_view
from teams.pages.export_document import document_answer
from teams.pages.refusal_words import refusal_words

PAGE_SIZE = 30
MAX_DIGITS = 9
SEE, CHANGE = "teams.view_workflowversion", "teams.change_team"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def show_versions(request: HttpRequest, team_id: uuid.UUID) -> HttpResponse:
    """Show the versions and what the one of `after` has that `before` has not; by POST publish one again."""
    if not request.user.has_perm(CHANGE if request.method == "POST" else SEE):
        raise PermissionDenied
    team = _team(team_id)
    if request.method == "POST":
        return _restore(request, team)
    versions = team.versions.select_related("author").defer("source").order_by("-number")
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Versions of %(team)s") % {"team": team.name},
        "team": team,
        "page": Paginator(versions, PAGE_SIZE).get_page(request.GET.get("page")),
        "published_id": team.published_version_id,
        "may_change": request.user.has_perm(CHANGE),
        "mark": version_mark(team.published_version_id),
        "back": reverse("admin:teams_team_change", args=[team.pk]),
    }
    if "after" in request.GET:
        after = _find(team, request.GET["after"])
        before = _find(team, request.GET.get("before", str(max(1, after.number - 1))))
        context["before"], context["after"] = before, after
        context["diff"] = build_diff_view(
            before.definition,
            after.definition,
            before_name=_("version %(number)s") % {"number": before.number},
            after_name=_("version %(number)s") % {"number": after.number},
        )
    return TemplateResponse(request, "admin/teams/versions.html", context)


@never_cache
@require_safe
def export_as_staff(request: HttpRequest, team_id: uuid.UUID) -> HttpResponse:
    """Send the team's document as a file."""
    if not request.user.has_perm("teams.view_team"):
        raise PermissionDenied
    team = _team(team_id)
    schema_url = request.build_absolute_uri(reverse("api:workflow-schema"))
    try:
        document = export_team(team=team, by=person_of(request), schema_url=schema_url)
    except NoWorkflow as refusal:
        messages.warning(request, refusal_words(refusal))
        return HttpResponseRedirect(reverse("admin:teams_team_change", args=[team.pk]))
    return document_answer(request, team, document)


def _restore(request: HttpRequest, team: Team) -> HttpResponse:
    version = _find(team, request.POST.get("number", ""))
    seen = [request.POST.get("mark", "")]
    try:
        made = restore_version(team=team, by=person_of(request), version=version, seen=seen, as_staff=True)
    except Refusal as refusal:
        messages.warning(request, refusal_words(refusal))
    else:
        said = _("Version %(old)s is published again, as version %(new)s.")
        messages.success(request, said % {"old": version.number, "new": made.number})
    return HttpResponseRedirect(request.path)


def _team(team_id: uuid.UUID) -> Team:
    rows = Team.objects.select_related("owner", "published_version", "connection")
    return get_object_or_404(rows.defer("connection__sealed_credential"), pk=team_id)


def _find(team: Team, number: str) -> WorkflowVersion:
    if not (number.isascii() and number.isdigit() and len(number) <= MAX_DIGITS):
        raise Http404
    return get_object_or_404(team.versions.select_related("author"), number=int(number))
