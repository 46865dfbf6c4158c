"""Making, changing and deleting a budget by the forms of its pages."""

import uuid
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import formats
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from billing.actions.budget_fields import budget_mark
from billing.actions.budget_refusals import FormProblems, explain
from billing.actions.create_budget import create_budget
from billing.actions.delete_budget import delete_budget
from billing.actions.edit_budget import edit_budget
from billing.budgets.wording import SPANS
from billing.models import AtLimit, Budget, BudgetScope, BudgetSpan
from billing.pages.budget_view import BudgetView
from billing.pages.show_budgets import find_budget
from teams.actions.refusal import NotAllowed, Refusal, input_problem
from teams.models import Team
from teams.pages.refused import refused_page
from teams.pages.signed_in import SignedInRequest, signed_in

TEMPLATE = "billing/budget_form.html"
OWN, SITE = "user", "site"


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def new_budget(request: SignedInRequest) -> HttpResponse:
    """Make one and go to its page."""
    teams = list(Team.objects.owned_by(request.user).order_by("name"))
    may_site = request.user.is_staff and request.user.has_perm("billing.add_budget")
    if request.method != "POST":
        return _form(request, None, {"limits": request.GET.get("team", OWN)}, teams=teams, may_site=may_site)
    values = request.POST
    limits = values.get("limits", "")
    team = next((one for one in teams if str(one.pk) == limits), None)
    try:
        if team is None and limits not in (OWN, SITE):
            raise input_problem("/limits", "invalid_value", "Choose one of them.")
        budget = create_budget(
            by=request.user,
            name=values.get("name", ""),
            scope=BudgetScope.TEAM if team else limits,
            user=request.user,
            team=team,
            span=values.get("span", ""),
            limit_usd=_amount(values.get("limit_usd", "")),
            at_limit=values.get("at_limit", ""),
            time_zone=request.user.time_zone or "UTC",
        )
    except Refusal as refusal:
        return _form(request, None, values, teams=teams, may_site=may_site, refusal=refusal)
    messages.success(request, _("The budget is set."))
    return redirect("budget", budget.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def change_budget(request: SignedInRequest, budget_id: uuid.UUID) -> HttpResponse:
    """Change its name, its limit, what happens there, and whether it limits at all."""
    view = find_budget(request, budget_id)
    if not view.may_change:
        return _not_yours(request, view)
    if request.method != "POST":
        return _form(request, view, {})
    values = request.POST
    try:
        edit_budget(
            view.row,
            by=request.user,
            name=values.get("name", ""),
            limit_usd=_amount(values.get("limit_usd", "")),
            at_limit=values.get("at_limit", ""),
            is_active="is_active" in values,
            seen=[values.get("seen", "")],
        )
    except Budget.DoesNotExist:
        return redirect("budget-list")
    except Refusal as refusal:
        return _form(request, find_budget(request, budget_id), values, refusal=refusal)
    messages.success(request, _("The budget is changed."))
    return redirect("budget", budget_id)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def remove_budget(request: SignedInRequest, budget_id: uuid.UUID) -> HttpResponse:
    """Ask, then delete it."""
    view = find_budget(request, budget_id)
    try:
        if not view.may_change:
            return _not_yours(request, view)
        if request.method == "POST":
            delete_budget(view.row, by=request.user)
            messages.success(request, _("The budget is deleted."))
            return redirect("budget-list")
    except NotAllowed:
        return _not_yours(request, view)
    except Budget.DoesNotExist:
        return redirect("budget-list")
    return render(request, "billing/budget_delete.html", {"budget": view})


def _amount(typed: str) -> Decimal:
    """Read an amount as the reader's language writes it: 12.50, in Portuguese 12,50 as well."""
    text = str(formats.sanitize_separators(typed.strip().removeprefix("$").strip()))
    try:
        return Decimal(text if text.isascii() and len(text) <= 40 and "_" not in text else "-")
    except InvalidOperation:
        raise input_problem("/limit_usd", "invalid_value", "A limit is an amount in US dollars.") from None


def _form(
    request: SignedInRequest,
    view: BudgetView | None,
    values: Mapping[str, Any],
    *,
    teams: list[Team] | None = None,
    may_site: bool = False,
    refusal: Refusal | None = None,
) -> HttpResponse:
    row = None if view is None else view.row
    problems = FormProblems() if refusal is None else explain(refusal)
    typed = {
        "name": values.get("name", row.name if row else ""),
        "limits": values.get("limits", OWN),
        "span": values.get("span", BudgetSpan.MONTH),
        "limit_usd": values.get("limit_usd", _written(row.limit_usd) if row else ""),
        "at_limit": values.get("at_limit", row.at_limit if row else AtLimit.DRAIN),
        "is_active": "is_active" in values if request.method == "POST" else row is None or row.is_active,
    }
    context = {
        "budget": view,
        "typed": typed,
        "problems": problems,
        "teams": teams or [],
        "may_site": may_site,
        "spans": SPANS.items(),
        "at_limits": [(value, capfirst(words)) for value, words in AtLimit.choices],
        # What is sent back as seen is what stands there now: whoever sends the form again has read it.
        "seen": budget_mark(row) if row else "",
        "time_zone": row.time_zone if row else request.user.time_zone or "UTC",
        "back": reverse("budget", args=[row.pk]) if row else reverse("budget-list"),
    }
    return render(request, TEMPLATE, context, status=200 if refusal is None else refusal.status)


def _written(amount: Decimal) -> str:
    """Return it with two decimal places, more only where it has them, as the reader's language writes it."""
    exponent = amount.normalize().as_tuple().exponent
    places = max(2, -exponent if isinstance(exponent, int) else 2)
    return formats.number_format(amount, decimal_pos=places, force_grouping=False)


def _not_yours(request: SignedInRequest, view: BudgetView) -> HttpResponse:
    sentence = _("A team's budget is its owner's to set, and the site's is staff's.")
    back = reverse("budget", args=[view.row.pk])
    return refused_page(request, sentence=sentence, status=403, back=back, code="not_allowed")
