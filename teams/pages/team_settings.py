"""The settings of a team: what it is called, where it runs, whether it may run; and its end."""

import uuid
from collections.abc import Mapping

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from teams.actions.delete_team import delete_team
from teams.actions.edit_team import edit_team
from teams.actions.refusal import NotAllowed, Refusal
from teams.actions.rights import may
from teams.actions.team_mark import ChangedMeanwhile, team_mark
from teams.models import SunaConnection, Team
from teams.pages.refusal_words import refusal_words, words_by_field
from teams.pages.show_team import find_team
from teams.pages.signed_in import SignedInRequest, signed_in

FIELDS = ("name", "slug", "description", "connection")
MAX_DESCRIPTION_CHARS = 2000


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def team_settings(request: SignedInRequest, team_id: uuid.UUID) -> HttpResponse:
    """Show the settings, or change them. Of two at once the second is told, and keeps what was typed."""
    team = find_team(request, team_id)
    if request.method != "POST":
        return settings_page(request, team)
    typed = {name: request.POST.get(name, "").replace("\r\n", "\n") for name in FIELDS}
    is_owner = may(request.user, "owner", team)
    flags = {name: name in request.POST for name in ("is_active", "record_content")} if is_owner else {}
    if len(typed["description"]) > MAX_DESCRIPTION_CHARS or "\0" in "".join(typed.values()):
        errors = {"description": _("A description has at most 2000 characters, and none that is no text.")}
        return settings_page(request, team, typed={**typed, **flags}, errors=errors, status=400)
    try:
        edit_team(
            team=team,
            by=request.user,
            name=typed["name"],
            slug=typed["slug"] if typed["slug"] != team.slug else None,
            description=typed["description"],
            connection_id=_chosen(team, typed["connection"]),
            seen=[request.POST.get("mark", "")],
            **flags,
        )
    except ChangedMeanwhile as refusal:
        now = find_team(request, team_id)
        kept = {**typed, **flags}
        return settings_page(request, now, typed=kept, changed=_others(now, kept), status=refusal.status)
    except Refusal as refusal:
        errors = words_by_field(refusal) or {"": refusal_words(refusal)}
        shown = None if isinstance(refusal, NotAllowed) else {**typed, **flags}
        return settings_page(request, team, typed=shown, errors=errors, status=refusal.status)
    messages.success(request, _("The settings are saved."))
    return redirect("team-settings", team_id)


@require_POST
@signed_in
def end_team(request: SignedInRequest, team_id: uuid.UUID) -> HttpResponse:
    """Delete the team, where its name was typed in."""
    team = find_team(request, team_id)
    if may(request.user, "owner", team) and request.POST.get("name", "").strip() != team.name:
        errors = {"delete": _("Type in the name of the team as it stands here. Nothing was deleted.")}
        return settings_page(request, team, errors=errors, status=400)
    try:
        delete_team(team=team, by=request.user)
    except Refusal as refusal:
        return settings_page(request, team, errors={"delete": refusal_words(refusal)}, status=refusal.status)
    messages.success(request, _("The team %(team)s is deleted.") % {"team": team.name})
    return redirect("team-list")


def settings_page(
    request: SignedInRequest,
    team: Team,
    *,
    typed: Mapping[str, object] | None = None,
    errors: Mapping[str, str] | None = None,
    changed: tuple[tuple[str, str], ...] = (),
    status: int = 200,
) -> HttpResponse:
    """Return the page; after a refusal with what was typed in, and what the team has now instead."""
    chosen = SunaConnection.objects.visible_to(team.owner).order_by("name", "id")
    context = {
        "team": team,
        "may_edit": may(request.user, "editor", team),
        "is_owner": may(request.user, "owner", team),
        "connections": chosen.only("name") if may(request.user, "editor", team) else (),
        "typed": typed or _as_it_is(team),
        "mark": team_mark(team),
        "errors": errors or {},
        "changed": changed,
    }
    return render(request, "teams/settings.html", context, status=status)


def _chosen(team: Team, text: str) -> uuid.UUID | None:
    """Return the connection that was chosen; None leaves the team the one that it has."""
    if text in ("", str(team.connection_id)):
        return None
    try:
        return uuid.UUID(text)
    except ValueError:
        return uuid.UUID(int=0)


def _as_it_is(team: Team) -> dict[str, object]:
    return {
        "name": team.name,
        "slug": team.slug,
        "description": team.description,
        "connection": str(team.connection_id or ""),
        "is_active": team.is_active,
        "record_content": team.record_content,
    }


def _others(team: Team, typed: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    """Return name and present value of each field where what was typed in is not what the team has."""
    titles = {
        "name": _("Name"),
        "slug": _("Slug"),
        "description": _("Description"),
        "connection": _("Connection"),
        "is_active": _("May run"),
        "record_content": _("Record texts"),
    }
    shown: dict[str, object] = _as_it_is(team)
    words = {True: _("yes"), False: _("no")}
    return tuple(
        (
            titles[name],
            words[value]
            if isinstance(value, bool)
            else team.connection.name
            if name == "connection" and team.connection
            else str(value),
        )
        for name, value in shown.items()
        if name in typed and typed[name] != value
    )
