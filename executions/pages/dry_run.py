"""What a run of a workflow would be that nobody saved yet: asked by its builder, nothing is started."""

import uuid

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from executions.actions.plan_run import plan_definition
from executions.pages.dry_run_view import DryRunView, build_dry_run
from executions.pages.run_view import example_prompt
from executions.wording import refusal_sentence
from teams.actions.refusal import Refusal
from teams.models import Team
from teams.pages.check_definition import CheckedText, check_source
from teams.pages.named_team import named_team
from teams.pages.sent_definition import sent_definition
from teams.pages.show_team import find_team
from teams.pages.signed_in import SignedInRequest, signed_in
from teams.workflow.json_text import parse_json_text


@require_POST
@signed_in
def dry_run(request: SignedInRequest, team_id: uuid.UUID) -> HttpResponse:
    """Show the steps that `definition` would run for `prompt`, in their order; with problems, those."""
    return _dry_run_page(request, find_team(request, team_id), is_new=False)


@require_POST
@signed_in
def dry_run_of_new(request: SignedInRequest) -> HttpResponse:
    """Show the same of a team that is not made yet, on the connection that `connection` names."""
    return _dry_run_page(request, named_team(request) or Team(owner=request.user), is_new=True)


def _dry_run_page(request: SignedInRequest, team: Team, *, is_new: bool) -> HttpResponse:
    source = sent_definition(request, team)
    prompt = request.POST.get("prompt", "").replace("\r\n", "\n")
    # Without one the prompts can still be seen: they say where it would stand.
    asked = prompt.strip() or example_prompt(team) or "…"
    checked = check_source(source, team=team)
    view: DryRunView | None = None
    refused = ""
    if checked.plan is not None:
        try:
            planned = plan_definition(
                definition=parse_json_text(source), team=team, by=request.user, prompt=asked
            )
            view = build_dry_run(planned, team=team)
        except Refusal as refusal:
            refused = refusal_sentence(code=refusal.code, message=refusal.message, problems=refusal.problems)
    context = {
        "team": team,
        "is_new": is_new,
        "source": source,
        "prompt": prompt,
        "asked": asked,
        "checked": checked,
        "run": view,
        "refused": refused,
    }
    return render(request, "executions/dry_run.html", context, status=_status(checked, refused))


def _status(checked: CheckedText, refused: str) -> int:
    return 400 if checked.plan is None or refused else 200
