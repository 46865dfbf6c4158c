"""One saved workflow, two of them compared, and an older one published again."""

import json
import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from teams.actions.refusal import Refusal
from teams.actions.restore_version import restore_version
from teams.actions.rights import may
from teams.actions.team_mark import ChangedMeanwhile, version_mark
from teams.models import Team, WorkflowVersion
from teams.pages.diff_view import build_diff_view
from teams.pages.refusal_words import refusal_words
from teams.pages.refused import refused_page
from teams.pages.show_team import find_team
from teams.pages.signed_in import SignedInRequest, signed_in
from teams.pages.workflow_view import build_workflow_view

MAX_NUMBER = 2**31 - 1
NOTE_CHARS = 500


@require_safe
@signed_in
def show_version(request: SignedInRequest, team_id: uuid.UUID, number: int) -> HttpResponse:
    """Show one version: its steps in words and its text."""
    team = find_team(request, team_id)
    version = _find(team, number)
    context = {
        "team": team,
        "version": version,
        "workflow": build_workflow_view(team, version=version),
        "text": json.dumps(version.definition, indent=2, ensure_ascii=False),
        "is_published": version.pk == team.published_version_id,
        "may_edit": may(request.user, "editor", team),
        "mark": version_mark(team.published_version_id),
    }
    return render(request, "teams/version.html", context)


@require_safe
@signed_in
def compare_versions(request: SignedInRequest, team_id: uuid.UUID) -> HttpResponse:
    """Show what the version `after` has that `before` has not; usually the published one and its last."""
    team = find_team(request, team_id)
    last = team.published_version.number if team.published_version else 1
    after = _find(team, _number(request, "after", last))
    before = _find(team, _number(request, "before", max(1, after.number - 1)))
    numbers = team.versions.order_by("-number").values_list("number", flat=True)[:200]
    context = {
        "team": team,
        "before": before,
        "after": after,
        "may_edit": may(request.user, "editor", team),
        "numbers": sorted({*numbers, before.number, after.number}, reverse=True),
        "diff": build_diff_view(
            before.definition,
            after.definition,
            before_name=_("version %(number)s") % {"number": before.number},
            after_name=_("version %(number)s") % {"number": after.number},
        ),
    }
    return render(request, "teams/version_diff.html", context)


@require_POST
@signed_in
def restore(request: SignedInRequest, team_id: uuid.UUID, number: int) -> HttpResponse:
    """Save the version's text as the newest version; who did not see the present one looks at it first."""
    team = find_team(request, team_id)
    version = _find(team, number)
    note = request.POST.get("note", "").replace("\0", "").strip()[:NOTE_CHARS]
    try:
        made = restore_version(
            team=team, by=request.user, version=version, note=note, seen=[request.POST.get("mark", "")]
        )
    except ChangedMeanwhile:
        messages.warning(
            request,
            _("Somebody saved another version meanwhile. Nothing was changed: look at the list first."),
        )
        return redirect("team-versions", team_id)
    except Refusal as refusal:
        sentence, back = refusal_words(refusal), f"/teams/{team_id}/versions/"
        return refused_page(request, sentence=sentence, status=refusal.status, back=back)
    said = _("Version %(old)s is published again, as version %(new)s.")
    messages.success(request, said % {"old": number, "new": made.number})
    return redirect("team-versions", team_id)


def _find(team: Team, number: int) -> WorkflowVersion:
    if number > MAX_NUMBER:
        raise Http404
    version = team.versions.select_related("author").filter(number=number).first()
    if version is None:
        raise Http404
    return version


def _number(request: SignedInRequest, name: str, usual: int) -> int:
    text = request.GET.get(name, "")
    if not text:
        return usual
    if not (text.isascii() and text.isdigit() and len(text) < 11):
        raise Http404
    return int(text)
