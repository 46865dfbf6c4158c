"""The list of budgets, and one with its periods and what people were told."""

import uuid

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from billing.models import Budget, BudgetAlert, BudgetPeriod, BudgetSpan
from billing.pages.budget_view import BudgetView, budgets_seen_by, build_budget_views
from teams.pages.signed_in import SignedInRequest, signed_in

MOST_SHOWN = 100
"""Of all budgets of all teams that one is in; the API has the rest."""
MOST_PERIODS = 31


@require_safe
@signed_in
def list_budgets(request: SignedInRequest) -> HttpResponse:
    """Show the reader's own, those of their teams, and to staff the site's."""
    rows = list(budgets_seen_by(request.user)[: MOST_SHOWN + 1])
    context = {
        "budgets": build_budget_views(rows[:MOST_SHOWN], reader=request.user),
        "has_more": len(rows) > MOST_SHOWN,
        "most": MOST_SHOWN,
    }
    return render(request, "billing/budgets.html", context)


@require_safe
@signed_in
def show_budget(request: SignedInRequest, budget_id: uuid.UUID) -> HttpResponse:
    """Show one: how it stands, what its earlier periods came to, and when people were told."""
    view = find_budget(request, budget_id)
    periods = BudgetPeriod.objects.filter(budget=view.row)
    if view.row.span != BudgetSpan.RUN:
        periods = periods.order_by("-starts_at")
    context = {
        "budget": view,
        "periods": [_with_percent(period, view.row) for period in periods[:MOST_PERIODS]],
        "alerts": BudgetAlert.objects.filter(period__budget=view.row).select_related("period")[:MOST_PERIODS],
        "is_of_runs": view.row.span == BudgetSpan.RUN,
    }
    return render(request, "billing/budget.html", context)


def find_budget(request: SignedInRequest, budget_id: uuid.UUID) -> BudgetView:
    """Return a budget that the reader may see. Raises Http404."""
    row = budgets_seen_by(request.user).filter(pk=budget_id).first()
    if row is None:
        raise Http404
    [view] = build_budget_views([row], reader=request.user)
    return view


def _with_percent(period: BudgetPeriod, budget: Budget) -> tuple[BudgetPeriod, int]:
    return period, int(period.spent_usd * 100 / budget.limit_usd)
