"""The single answers of models that a figure on the page of costs is made of."""

import uuid
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from billing.ledger import narrow
from billing.ledger.totals import tally_rows
from billing.models import UsageLog
from billing.pages.cost_chips import build_chips
from billing.pages.cost_query import read_query
from billing.pages.known_agents import names_of_agents
from executions.actions.spent_in_vain import rows_in_vain
from executions.models import Execution
from teams.pages.signed_in import SignedInRequest, signed_in

PAGE_SIZE = 50
UNREAD = ("request_data", "response_data", "unit_prices")


@require_safe
@signed_in
def list_cost_rows(request: SignedInRequest) -> HttpResponse:
    """Show them, newest first, from the one that `before` names on: no page is slower than the first."""
    query, problem = read_query(request.GET.dict())
    is_in_vain = request.GET.get("in_vain") == "1"
    rows = narrow(UsageLog.objects.for_user(request.user), query.narrowed)
    if is_in_vain:
        rows = rows_in_vain(rows)
    before = _read_id(request.GET.get("before", ""))
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.select_related("team").defer(*UNREAD).order_by("-id")[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    kept = {"in_vain": "1"} if is_in_vain else {}
    context = {
        "rows": _lines(shown, request),
        "query": query,
        "chips": build_chips(query, reader=request.user),
        "is_in_vain": is_in_vain,
        "back": reverse("costs") + query.address(),
        "newest": query.address(kept) if before is not None else "",
        "older": query.address({"before": str(shown[-1].pk), **kept}) if len(found) > PAGE_SIZE else "",
        "csv_rows": "" if is_in_vain else reverse("api:usage") + query.api_query(),
        "problem": problem,
    }
    return render(request, "billing/cost_rows.html", context, status=400 if problem else 200)


def _lines(rows: list[UsageLog], request: SignedInRequest) -> list[dict[str, Any]]:
    """Return each row with its sum, its agent's name, and whether the reader may open its execution."""
    executions = {row.execution_id for row in rows}
    seen = set(
        Execution.objects.for_user(request.user).filter(pk__in=executions).values_list("pk", flat=True)
    )
    agents = names_of_agents({row.agent_id for row in rows}, reader=request.user)
    return [
        {
            "row": row,
            "spending": tally_rows([row]),
            "agent": agents.get(row.agent_id, row.agent_id),
            "has_execution": row.execution_id in seen,
        }
        for row in rows
    ]


def _read_id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
