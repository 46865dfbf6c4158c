"""The page of one execution: how it stands, each step, the answer and what it cost; followed live."""

import uuid

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from executions.actions.execution_rights import list_verbs, may_release
from executions.actions.labels import labels_mark
from executions.models import Execution
from executions.pages.execution_view import build_execution_view
from executions.pages.live_view import find_live
from executions.pages.previous import with_previous
from executions.pages.step_wishes import STEP_WISHES
from executions.pages.verb_buttons import VerbButton, build_buttons
from teams.actions.rights import may
from teams.pages.signed_in import SignedInRequest, signed_in
from teams.wording.connections import connection_notices

TEMPLATE = "executions/execution.html"
LEFT_OUT = ("workflow_version__source", "result", "connection__sealed_credential")


def find_execution(request: SignedInRequest, execution_id: uuid.UUID) -> Execution:
    """Return the execution; 404 for whoever may not see it."""
    executions = with_previous(Execution.objects.for_user(request.user))
    related = executions.select_related("team", "started_by", "workflow_version", "connection__owner")
    return get_object_or_404(related.defer(*LEFT_OUT), pk=execution_id)


def _verbs(request: SignedInRequest, execution: Execution) -> tuple[VerbButton, ...]:
    is_operator = may(request.user, "operator", execution.team)
    verbs = list_verbs(execution, is_operator=is_operator, is_releaser=may_release(request.user))
    return build_buttons(execution.pk, verbs, form_key=uuid.uuid4())


def _step_verbs(request: SignedInRequest, execution: Execution) -> tuple[VerbButton, ...]:
    """Return the buttons of each step whose start is in doubt, for whom they are."""
    may_decide = may(request.user, "operator", execution.team) and execution.cancel_requested_at is None
    verbs = tuple(STEP_WISHES) if may_decide else ()
    return build_buttons(execution.pk, verbs, form_key=uuid.uuid4())


@require_safe
@signed_in
def show_execution(request: SignedInRequest, execution_id: uuid.UUID) -> HttpResponse:
    """Show the execution; to htmx its live part alone, and nothing (204) where that has not changed.

    `seen` is the number of the last event that the part shows: whatever changes comes with an event.
    """
    return execution_page(request, find_execution(request, execution_id))


def execution_page(
    request: SignedInRequest, execution: Execution, *, labels_problem: str = "", status: int = 200
) -> HttpResponse:
    """Return the execution's page or its live part; with `labels_problem`, why labels were not taken."""
    is_part = request.headers.get("HX-Request") == "true"
    if is_part and request.GET.get("seen") == str(execution.event_seq):
        response = HttpResponse(status=204)
    else:
        is_operator = may(request.user, "operator", execution.team)
        context = {
            "execution": execution,
            "may_label": is_operator,
            "labels_mark": labels_mark(execution.labels),
            "labels_problem": labels_problem,
            "labels_typed": request.POST.get("labels", ""),
            "view": build_execution_view(
                execution,
                now=timezone.now(),
                may_answer=is_operator,
                live=find_live(execution, with_output=not is_part),
            ),
            "verbs": _verbs(request, execution),
            "step_verbs": _step_verbs(request, execution),
            "is_cancel_asked": execution.cancel_requested_at is not None,
            "notices": connection_notices(execution.connection, now=timezone.now())
            if execution.finished_at is None
            else (),
            "is_part": is_part,
            "stands_at": reverse("execution", args=[execution.pk]),
        }
        response = render(request, f"{TEMPLATE}#live" if is_part else TEMPLATE, context, status=status)
    # One address, two bodies: a browser's back button must not show the part alone.
    patch_vary_headers(response, ["HX-Request"])
    return response
