"""Running a team from its page."""

import uuid

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from executions.actions.start_execution import start_execution
from executions.pages.started_warnings import say_warnings
from executions.wording import refusal_sentence
from teams.actions.refusal import NotAllowed, Refusal
from teams.pages.show_team import find_team, team_page
from teams.pages.signed_in import SignedInRequest, signed_in


@require_POST
@signed_in
def run_team(request: SignedInRequest, team_id: uuid.UUID) -> HttpResponse:
    """Start the team and go to its execution; a refusal is shown on the team's page with the prompt kept."""
    team = find_team(request, team_id)
    # Browsers send the line ends of a text field as CRLF.
    prompt = request.POST.get("prompt", "").replace("\r\n", "\n")
    try:
        started = start_execution(
            team=team, by=request.user, prompt=prompt, idempotency_key=request.POST.get("form_key") or None
        )
    except Refusal as refusal:
        sentence = refusal_sentence(code=refusal.code, message=refusal.message, problems=refusal.problems)
        kept = "" if isinstance(refusal, NotAllowed) else prompt
        return team_page(request, team, prompt=kept, problem=sentence, status=refusal.status)
    say_warnings(request, started)
    return redirect("execution", started.execution.pk)
