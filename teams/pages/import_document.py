"""Making a team of a document, or changing one: first what it would do is shown, then it is done."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.files import File
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from teams.actions.apply_team import Applied, Wanted, apply_team
from teams.actions.catalogue_warnings import find_listed_agents
from teams.actions.create_team import find_default_connection
from teams.actions.export_team import FORM
from teams.actions.naming import SLUG_CHARS
from teams.actions.refusal import Refusal
from teams.actions.team_document import AgentsMissing, TeamDocument
from teams.actions.team_mark import ChangedMeanwhile, team_mark
from teams.models import SunaConnection, Team
from teams.pages.diff_view import view_of_diff
from teams.pages.document_text import read_document, read_file, text_of
from teams.pages.refusal_words import input_words, refusal_words
from teams.pages.signed_in import SignedInRequest, signed_in
from teams.workflow.plan import Json

MOST_AGENTS = 50
OWN_FIELDS = frozenset({"/document", "/slug", "/connection"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One agent of the document that the connection does not have, and which was chosen instead of it."""

    agent_id: str
    name: str
    chosen: str


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def import_document(request: SignedInRequest) -> HttpResponse:
    """Show the form, what a document would do, or do it."""
    shown: dict[str, Any] = {"connections": _connections(request), "text": "", "slug": "", "choices": []}
    if request.method != "POST":
        return render(request, "teams/import.html", shown)
    shown["text"] = request.POST.get("document", "").replace("\r\n", "\n")
    shown["chosen_connection"] = request.POST.get("connection", "")
    given = [pair for pair in _pairs(request) if pair[1]]
    try:
        file = request.FILES.get("file")
        if isinstance(file, File):
            shown["text"] = read_file(file)
        document = read_document(shown["text"])
        slug = _slug_of(request, document)
        shown["slug"] = slug
        connection = _connection(request)
        team = Team.objects.owned_by(request.user).filter(slug=slug).select_related("connection").first()
        shown["team"] = team
        wanted = _wanted(document, connection, dict(given))
        is_told = request.POST.get("op") == "apply" and request.POST.get("mark") == _mark(team, shown, given)
        seen = None if team is None else [team_mark(team)]
        done = apply_team(owner=request.user, slug=slug, wanted=wanted, dry_run=not is_told, seen=seen)
    except AgentsMissing as refusal:
        shown["choices"] = _choices(refusal, given)
        shown["agents"] = _agents(connection or (team.connection if team else None), request)
        shown["problem"] = refusal_words(Refusal(refusal.message, code=refusal.code))
        return render(request, "teams/import.html", shown, status=200)
    except ChangedMeanwhile as refusal:
        return render(request, "teams/import.html", {**shown, "problem": refusal_words(refusal)}, status=412)
    except Refusal as refusal:
        shown |= _refused(refusal)
        return render(request, "teams/import.html", shown, status=refusal.status)
    if is_told:
        return _done(request, done)
    if request.POST.get("op") == "apply":
        shown["problem"] = _("The team is another by now. See what the document would do to it.")
    shown |= _foreseen(done) | {"mark": _mark(team, shown, given)}
    shown |= {"choices": [Choice(agent_id=a, name="", chosen=b) for a, b in given]}
    return render(request, "teams/import.html", shown)


def _wanted(document: dict[str, Json], connection: SunaConnection | None, ids: dict[str, str]) -> Wanted:
    return Wanted(
        document=TeamDocument(
            definition=document["definition"],
            form=text_of(document, "renum", 50) or FORM,
            agents=document.get("agents"),
            agent_ids=_agent_ids(document.get("agent_ids"), ids),
        ),
        name=text_of(document, "name", 400) or None,
        description=text_of(document, "description", 2000) if "description" in document else None,
        note=_("From a document"),
        connection=connection,
    )


def _agent_ids(said: Json, chosen: dict[str, str]) -> Json:
    """Return which agents to take: what was chosen on the page comes before what the document says."""
    if not chosen:
        return said
    return {**said, **chosen} if isinstance(said, dict) else dict(chosen)


def _refused(refusal: Refusal) -> dict[str, Any]:
    """Return what is wrong: with a field of the form in one sentence, with the document place by place."""
    if all(problem.pointer in OWN_FIELDS for problem in refusal.problems):
        return {"problem": refusal_words(refusal)}
    lines = [(problem.pointer, input_words(problem)) for problem in refusal.problems[:20]]
    return {"problem": _("The document cannot be taken as it is."), "problems": lines}


def _done(request: SignedInRequest, done: Applied) -> HttpResponse:
    said = {
        "created": _("The team is made."),
        "changed": _("The team is as the document says now."),
        "unchanged": _("The team was like that already. Nothing was changed."),
    }
    messages.success(request, said[done.outcome])
    return redirect("team", done.team.pk)


def _foreseen(done: Applied) -> dict[str, Any]:
    titles = {"name": _("Name"), "description": _("Description"), "connection": _("Connection")}
    return {
        "outcome": done.outcome,
        "would_be": done.team,
        "columns": [titles[name] for name in done.columns],
        "diff": None if done.diff is None else view_of_diff(done.diff),
    }


def _mark(team: Team | None, shown: dict[str, Any], given: Sequence[tuple[str, str]]) -> str:
    """Return what the next press has to say back: nothing is done that was not shown just so."""
    parts = [team_mark(team) if team else "", shown["text"], shown["slug"], shown["chosen_connection"], given]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _slug_of(request: SignedInRequest, document: dict[str, Json]) -> str:
    typed = request.POST.get("slug", "").strip()
    named = text_of(document, "slug", 400) or text_of(document, "name", 400)
    return typed or slugify(named)[:SLUG_CHARS] or "team"


def _pairs(request: SignedInRequest) -> list[tuple[str, str]]:
    olds, news = request.POST.getlist("old")[:MOST_AGENTS], request.POST.getlist("new")[:MOST_AGENTS]
    return list(zip(olds, news, strict=False))


def _choices(refusal: AgentsMissing, given: Sequence[tuple[str, str]]) -> list[Choice]:
    missing = [
        Choice(agent_id=str(one.params["agent_id"]), name=str(one.params["name"] or ""), chosen="")
        for one in refusal.problems
    ]
    return [*(Choice(agent_id=old, name="", chosen=new) for old, new in given), *missing]


def _connections(request: SignedInRequest) -> list[SunaConnection]:
    rows = SunaConnection.objects.visible_to(request.user).defer("sealed_credential")
    return list(rows.order_by("name", "id"))


def _connection(request: SignedInRequest) -> SunaConnection | None:
    chosen = request.POST.get("connection", "")
    return next((one for one in _connections(request) if str(one.pk) == chosen), None)


def _agents(connection: SunaConnection | None, request: SignedInRequest) -> list[tuple[str, str]]:
    """Return id and name of the agents that may be taken."""
    connection = connection or find_default_connection(request.user)
    listed = find_listed_agents(connection) if connection else None
    there = [agent for agent in listed or () if agent.missing_since is None]
    return sorted(((agent.agent_id, agent.name or agent.agent_id) for agent in there), key=lambda one: one[1])
