"""Cancelling an execution from its page."""

import uuid

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from executions.actions.cancel_execution import cancel_execution
from executions.pages.show_execution import find_execution
from executions.wording import refusal_sentence
from teams.actions.refusal import Refusal
from teams.pages.refused import refused_page
from teams.pages.signed_in import SignedInRequest, signed_in


@require_POST
@signed_in
def ask_to_cancel(request: SignedInRequest, execution_id: uuid.UUID) -> HttpResponse:
    """Ask for the cancel and go back to the execution."""
    execution = find_execution(request, execution_id)
    try:
        cancel_execution(execution=execution, by=request.user)
    except Refusal as refusal:
        return refused_page(
            request,
            sentence=refusal_sentence(code=refusal.code, message=refusal.message),
            status=refusal.status,
            back=reverse("execution", args=[execution_id]),
        )
    return redirect("execution", execution_id)
