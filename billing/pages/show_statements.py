"""A payer's monthly statements: the list, and one that can be printed."""

import uuid

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from billing.ledger.statements import GRACE_DAYS, lines_of
from billing.models import Statement
from teams.pages.signed_in import SignedInRequest, signed_in

MOST_SHOWN = 120
"""Ten years of months on one page; the API has all."""


@require_safe
@signed_in
def list_statements(request: SignedInRequest) -> HttpResponse:
    """Show the reader's own, the newest first."""
    rows = Statement.objects.for_user(request.user).order_by("-month")[:MOST_SHOWN]
    return render(request, "billing/statements.html", {"statements": rows, "grace_days": GRACE_DAYS})


@require_safe
@signed_in
def show_statement(request: SignedInRequest, statement_id: uuid.UUID) -> HttpResponse:
    """Show one, with what each team, agent, model and kind of key came to."""
    statement = get_object_or_404(Statement.objects.for_user(request.user), pk=statement_id)
    lines = lines_of(statement)
    context = {
        "statement": statement,
        "parts": [
            (False, [line for line in lines if not line.is_correction]),
            (True, [line for line in lines if line.is_correction]),
        ],
        "csv": reverse("api:statement", args=[statement.pk]) + "?format=csv",
    }
    return render(request, "billing/statement.html", context)
