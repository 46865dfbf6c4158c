"""What a person asks of an execution from its page: each verb is one form's target."""

import uuid
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from executions.actions.accept_execution import Started
from executions.actions.cancel_execution import cancel_execution
from executions.actions.pause_execution import pause_execution
from executions.actions.release_execution import release_execution
from executions.actions.resume_execution import resume_execution
from executions.actions.retry_execution import retry_execution
from executions.actions.run_again_execution import run_again_execution
from executions.models import Execution
from executions.pages.show_execution import find_execution
from executions.pages.started_warnings import say_warnings
from executions.pages.step_wishes import STEP_WISHES
from executions.wording import refusal_sentence
from executions.wording.refusals import REFUSAL_CODES
from teams.actions.refusal import Refusal
from teams.pages.refused import refused_page
from teams.pages.signed_in import SignedInRequest, signed_in

WISHES: dict[str, Callable[..., Execution]] = {
    "cancel": cancel_execution,
    "pause": pause_execution,
    "resume": resume_execution,
    "release": release_execution,
}
REPEATS: dict[str, Callable[..., Started]] = {"retry": retry_execution, "run_again": run_again_execution}


def ask_for(verb: str) -> Callable[..., HttpResponseBase]:
    """Return the target of the verb's form: it leads back to the execution, or on to the new one."""

    def ask(request: SignedInRequest, execution_id: uuid.UUID) -> HttpResponse:
        execution = find_execution(request, execution_id)
        asked: dict[str, Any] = {"execution": execution, "by": request.user}
        try:
            if verb in STEP_WISHES:
                shown = STEP_WISHES[verb](**asked, step_id=request.POST.get("step", ""))
            elif verb in WISHES:
                shown = WISHES[verb](**asked)
            else:
                # The form's own key: a form that is sent twice makes one execution.
                key = request.POST.get("form_key") or None
                started = REPEATS[verb](**asked, idempotency_key=key)
                say_warnings(request, started)
                shown = started.execution
        except Refusal as refusal:
            return refused_page(
                request,
                sentence=refusal_sentence(
                    code=refusal.code, message=refusal.message, problems=refusal.problems
                ),
                status=refusal.status,
                back=reverse("execution", args=[execution_id]),
                code=refusal.code if refusal.code in REFUSAL_CODES else "",
            )
        return redirect("execution", shown.pk)

    target: Callable[[HttpRequest, uuid.UUID], HttpResponseBase] = require_POST(signed_in(ask))
    return target
