"""Running a team: its form with an estimate, and the start itself."""

import uuid

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from executions.actions.labels import is_about_labels, split_labels
from executions.actions.start_execution import start_execution
from executions.models import Execution
from executions.pages.run_view import build_run_view, example_prompt
from executions.pages.started_warnings import say_warnings
from executions.wording import refusal_sentence
from teams.actions.refusal import NotAllowed, Refusal
from teams.actions.rights import may
from teams.models import Team
from teams.pages.show_team import find_team, may_use, team_page
from teams.pages.signed_in import SignedInRequest, signed_in
from teams.pages.workflow_view import build_workflow_view
from teams.wording.connections import connection_notices

TEMPLATE = "executions/run_form.html"
FORM = "form"
"""What the form of its own page sends as `from`: a refusal is shown there, and not on the team's page."""


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def run_team(request: SignedInRequest, team_id: uuid.UUID) -> HttpResponse:
    """Show the form; by POST start the team and go to its execution, or say why not with the prompt kept."""
    team = find_team(request, team_id)
    if request.method != "POST":
        is_new = not Execution.objects.filter(team=team).exists()
        return _form(request, team, prompt=example_prompt(team) if is_new else "")
    prompt = _prompt_of(request)
    try:
        started = start_execution(
            team=team,
            by=request.user,
            prompt=prompt,
            labels=split_labels(request.POST.get("labels", "")),
            idempotency_key=request.POST.get("form_key") or None,
        )
    except Refusal as refusal:
        sentence = refusal_sentence(code=refusal.code, message=refusal.message, problems=refusal.problems)
        kept = "" if isinstance(refusal, NotAllowed) else prompt
        if request.POST.get("from") != FORM:
            return team_page(request, team, prompt=kept, problem=sentence, status=refusal.status)
        if is_about_labels(refusal):
            return _form(request, team, prompt=kept, labels_problem=sentence, status=refusal.status)
        return _form(request, team, prompt=kept, problem=sentence, status=refusal.status)
    say_warnings(request, started)
    return redirect("execution", started.execution.pk)


@require_POST
@signed_in
def estimate_of_run(request: SignedInRequest, team_id: uuid.UUID) -> HttpResponse:
    """Show the form again with the estimate for its prompt; to htmx the estimate alone."""
    team = find_team(request, team_id)
    prompt = _prompt_of(request)
    if request.headers.get("HX-Request") == "true":
        context = {"team": team, "run": build_run_view(team=team, by=request.user, prompt=prompt)}
        return render(request, f"{TEMPLATE}#estimate", context)
    return _form(request, team, prompt=prompt)


def _prompt_of(request: SignedInRequest) -> str:
    # Browsers send the line ends of a text field as CRLF.
    return request.POST.get("prompt", "").replace("\r\n", "\n")


def _form(
    request: SignedInRequest,
    team: Team,
    *,
    prompt: str = "",
    problem: str = "",
    labels_problem: str = "",
    status: int = 200,
) -> HttpResponse:
    context = {
        "team": team,
        "workflow": build_workflow_view(team),
        "notices": connection_notices(team.connection, now=timezone.now()) if team.connection else (),
        "sees_connection": may_use(request.user, team.connection),
        "may_run": may(request.user, "operator", team),
        "example": example_prompt(team),
        "run": build_run_view(team=team, by=request.user, prompt=prompt) if prompt.strip() else None,
        "form": FORM,
        "stands_at": reverse("team-run", args=[team.pk]),
        # One per form: sending the form twice starts one execution.
        "form_key": request.POST.get("form_key") or uuid.uuid4(),
        "prompt": prompt,
        "labels": request.POST.get("labels", ""),
        "labels_problem": labels_problem,
        "problem": problem,
    }
    return render(request, TEMPLATE, context, status=status)
