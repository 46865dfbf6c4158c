"""The builder: a new team, and another workflow for a team, as a form or as JSON."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from teams.actions.create_team import create_team
from teams.actions.refusal import Refusal
from teams.actions.rights import may
from teams.actions.save_version import InvalidWorkflow, save_version
from teams.actions.team_mark import ChangedMeanwhile, version_mark
from teams.models import SunaConnection, Team
from teams.pages.agent_choices import find_agent_choices
from teams.pages.builder_conflict import conflict_shown
from teams.pages.builder_draft import JSON, Draft, as_text, blank, read_draft, stored_draft
from teams.pages.builder_view import build_builder_view
from teams.pages.refusal_words import refusal_words, words_by_field
from teams.pages.refused import refused_page
from teams.pages.show_team import find_team
from teams.pages.signed_in import SignedInRequest, signed_in

NOTE_CHARS = 500
MAX_DESCRIPTION_CHARS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Why nothing was saved: a sentence for each field that is wrong, "" for the whole."""

    errors: Mapping[str, str]
    status: int


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def new_team(request: SignedInRequest) -> HttpResponse:
    """Show an empty workflow to build on, or make a team of what was built."""
    connections = tuple(SunaConnection.objects.visible_to(request.user).order_by("name", "id"))
    chosen = _chosen(connections, request.POST.get("connection", ""))
    typed = {name: _typed(request, name) for name in ("name", "description")}
    more = {"connections": connections, "connection": chosen, "typed": typed}
    # What is checked is checked for the connection that was chosen.
    team = Team(owner=request.user, connection=chosen)
    if request.method != "POST":
        draft = stored_draft(blank(), text=as_text(blank()), view=request.GET.get("view", ""))
        return _page(request, team, draft, more)
    draft = read_draft(request.POST, otherwise=blank(), agents=find_agent_choices(team))
    if request.POST.get("op") != "save" or draft.refused:
        return _page(request, team, draft, more)
    if len(typed["description"]) > MAX_DESCRIPTION_CHARS:
        said = {"description": _("A description has at most 2000 characters.")}
        return _page(request, team, draft, more, refused=Refused(errors=said, status=400))
    try:
        made = create_team(
            owner=request.user,
            name=typed["name"],
            description=typed["description"],
            connection=chosen,
            note=_typed(request, "note")[:NOTE_CHARS],
            **_content(draft),
        )
    except Refusal as refusal:
        return _page(request, team, draft, more, refused=_refused(refusal))
    messages.success(request, _("Your team is ready. Say what it should do and press Run."))
    return redirect("team", made.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def edit_workflow(request: SignedInRequest, team_id: uuid.UUID) -> HttpResponse:
    """Show the team's workflow to change it, or save another version. Of two at once the second is told."""
    team = find_team(request, team_id)
    if not may(request.user, "editor", team):
        said = _("Your role in this team does not allow that. Ask its owner.")
        return refused_page(request, sentence=said, status=403, back=reverse("team", args=[team_id]))
    version = team.published_version
    document, text = (blank(), as_text(blank())) if version is None else (version.definition, version.source)
    if request.method != "POST":
        return _page(request, team, stored_draft(document, text=text, view=request.GET.get("view", "")), {})
    draft = read_draft(request.POST, otherwise=document, agents=find_agent_choices(team))
    more = {"note": _typed(request, "note")[:NOTE_CHARS], "mark": request.POST.get("mark", "")}
    more |= conflict_shown(team, draft, told_of=request.POST.get("conflict", ""))
    if request.POST.get("op") != "save" or draft.refused:
        return _page(request, team, draft, more)
    try:
        made = save_version(
            team=team, by=request.user, note=more["note"], seen=[more["mark"]], **_content(draft)
        )
    except ChangedMeanwhile as refusal:
        return _conflict(request, find_team(request, team_id), draft, more, status=refusal.status)
    except Refusal as refusal:
        return _page(request, team, draft, more, refused=_refused(refusal))
    messages.success(request, _("Saved and published as version %(number)s.") % {"number": made.number})
    return redirect("team", team_id)


def _conflict(
    request: SignedInRequest, team: Team, draft: Draft, more: Mapping[str, Any], *, status: int
) -> HttpResponse:
    """Show what somebody else saved beside what was to be saved; saving once more puts it on top."""
    number = str(team.published_version.number) if team.published_version else ""
    mark = version_mark(team.published_version_id)
    shown = {**more, "mark": mark, **conflict_shown(team, draft, told_of=number)}
    return _page(request, team, draft, shown, status=status)


def _page(
    request: SignedInRequest,
    team: Team,
    draft: Draft,
    more: Mapping[str, Any],
    *,
    refused: Refused | None = None,
    status: int = 200,
) -> HttpResponse:
    verb = request.POST.get("op", "")
    is_new = team.published_version_id is None and "connections" in more
    is_checked = bool(request.POST.get("checked")) or verb in ("check", "save") or not is_new
    errors = dict(refused.errors) if refused else {}
    published = team.published_version
    context = {
        "team": team,
        "is_new": is_new,
        "may_edit": True,
        "published": published,
        "mark": version_mark(team.published_version_id),
        "is_checked": is_checked,
        "is_asked": verb in ("check", "save"),
        "errors": errors,
        "builder": build_builder_view(
            draft, team=team, agents=find_agent_choices(team), is_checked=is_checked
        ),
        "is_changed": published is not None
        and (draft.document != published.definition if draft.refused is None else True),
        **more,
    }
    return render(request, "teams/builder.html", context, status=refused.status if refused else status)


def _content(draft: Draft) -> dict[str, Any]:
    """Return what is saved: a text as it was typed, or the document of the form."""
    return {"source": draft.text} if draft.view == JSON else {"definition": draft.document}


def _refused(refusal: Refusal) -> Refused:
    if isinstance(refusal, InvalidWorkflow):
        # Its problems stand at their fields; the words say that nothing was saved.
        said = _("The workflow has problems and was not saved.")
        return Refused(errors={"": said}, status=refusal.status)
    return Refused(errors=words_by_field(refusal) or {"": refusal_words(refusal)}, status=refusal.status)


def _typed(request: SignedInRequest, name: str) -> str:
    return request.POST.get(name, "").replace("\r\n", "\n").replace("\0", "")


def _chosen(connections: tuple[SunaConnection, ...], wanted: str) -> SunaConnection | None:
    named = (one for one in connections if str(one.pk) == wanted)
    own = (one for one in connections if one.owner_id is not None)
    return next(chain(named, own, connections), None)
