"""The page of costs: what teams cost, by team, agent, model, day and more, for a period."""

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from billing.ledger import TooManyGroups, UnknownTimeZone, narrow
from billing.models import UsageLog
from billing.pages.budget_view import budgets_nearly_used_up
from billing.pages.cost_chips import build_chips
from billing.pages.cost_filters import GROUPS
from billing.pages.cost_period import DEFAULT, PRESETS
from billing.pages.cost_query import in_utc, of_this_month, read_query
from billing.pages.cost_view import build_cost_view
from executions.actions.spent_in_vain import spent_in_vain
from teams.pages.signed_in import SignedInRequest, signed_in


@require_safe
@signed_in
def show_costs(request: SignedInRequest) -> HttpResponse:
    """Show what the reader may see: what they pay for, and what their teams cost."""
    query, problem = read_query(request.GET.dict())
    rows = UsageLog.objects.for_user(request.user)
    try:
        view = build_cost_view(rows, query, reader=request.user)
    except UnknownTimeZone:
        query = in_utc(query)
        view = build_cost_view(rows, query, reader=request.user)
    except TooManyGroups:
        problem = _("That is too much for one page. It shows this month: choose a shorter period.")
        query = of_this_month(query)
        view = build_cost_view(rows, query, reader=request.user)
    context = {
        "view": view,
        "query": query,
        "wasted": spent_in_vain(narrow(rows, query.narrowed)) if view.overall.responses else None,
        "chips": build_chips(query, reader=request.user),
        "presets": [
            (words, query.of_period({} if name == DEFAULT else {"period": name}), name == query.period.preset)
            for name, words in PRESETS.items()
        ],
        "groups": [
            (words, query.address(group=group), group is query.group) for group, words in GROUPS.items()
        ],
        "rows_address": reverse("cost-rows") + query.address(),
        "unpriced_address": reverse("cost-rows") + query.address({"pricing": "unpriced"}),
        "csv_sums": reverse("api:usage-summary") + query.api_query(group_by=query.group.value),
        "csv_rows": reverse("api:usage") + query.api_query(),
        "problem": problem,
        "budget_notices": budgets_nearly_used_up(request.user),
        "has_any": bool(view.overall.responses) or rows.exists(),
    }
    return render(request, "billing/costs.html", context, status=400 if problem else 200)
