"""Budgets in the Django admin: staff set any, and see what each period came to."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from billing.actions.budget_fields import check_time_zone, clean_limit
from billing.actions.budget_refusals import explain
from billing.actions.create_budget import create_budget
from billing.actions.delete_budget import delete_budget
from billing.actions.edit_budget import edit_budget
from billing.budgets import find_standings
from billing.models import Budget, BudgetPeriod, BudgetScope
from teams.actions.naming import clean_name
from teams.actions.refusal import InvalidInput, Refusal
from teams.admin.read_only import ReadOnly
from teams.admin.theme import ModelAdmin, ModelForm, TabularInline
from teams.models import User
from teams.models.database_time import database_now
from teams.templatetags.renum import usd, usd_limit

MOST_PERIODS = 31


class BudgetForm(ModelForm[Budget]):
    """A budget, judged as the action judges it, so that what is wrong stands beside its field."""

    class Meta:
        model = Budget
        fields = ("name", "scope", "user", "team", "span", "time_zone", "limit_usd", "at_limit", "is_active")

    def clean_name(self) -> str:
        """Return the name without spaces around it."""
        return str(_or_said(clean_name, self.cleaned_data["name"]))

    def clean_limit_usd(self) -> Decimal:
        """Return the limit at six decimal places."""
        limit: Decimal = _or_said(clean_limit, self.cleaned_data["limit_usd"])
        return limit

    def clean_time_zone(self) -> str:
        """Return the time zone, where there is one of that name."""
        name: str = self.cleaned_data["time_zone"]
        try:
            check_time_zone(name)
        except InvalidInput:
            raise forms.ValidationError(
                _("There is no time zone of that name. Write it like America/Sao_Paulo.")
            ) from None
        return name

    def clean(self) -> dict[str, Any]:
        """Hold whom it limits against what it limits."""
        cleaned = super().clean() or self.cleaned_data
        scope = cleaned.get("scope")
        if scope == BudgetScope.USER and not cleaned.get("user"):
            self.add_error("user", _("Say whose budget it is."))
        if scope == BudgetScope.TEAM and not cleaned.get("team"):
            self.add_error("team", _("Say which team's budget it is."))
        for field, of in (("user", BudgetScope.USER), ("team", BudgetScope.TEAM)):
            if scope is not None and scope != of and cleaned.get(field):
                self.add_error(field, _("Leave it empty: the budget limits something else."))
        return cleaned


class BudgetPeriodInline(ReadOnly, TabularInline[BudgetPeriod, Budget]):
    """Its last periods."""

    model = BudgetPeriod
    fields = ("starts_at", "ends_at", "execution_id", "spent_usd", "unpriced")
    readonly_fields = fields
    extra = 0
    max_num = MOST_PERIODS
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[BudgetPeriod]:
        """Return the last ones: a budget of each execution has as many as executions."""
        rows = super().get_queryset(request)
        budget_id = str(request.resolver_match.kwargs["object_id"]) if request.resolver_match else ""
        latest = rows.filter(budget_id=budget_id).order_by("-id").values_list("id", flat=True)
        return rows.filter(id__in=list(latest[:MOST_PERIODS]))


@admin.register(Budget)
class BudgetAdmin(ModelAdmin[Budget]):
    """Budgets. What one limits, and for how long, is said once; the rest can be changed."""

    form = BudgetForm
    list_display = ("name", "scope", "whose", "span", "spent", "limit", "at_limit", "is_active")
    list_filter = ("scope", "span", "at_limit", "is_active")
    list_select_related = ("user", "team")
    search_fields = ("name", "user__username", "team__name")
    autocomplete_fields = ("user", "team")
    fixed = ("scope", "user", "team", "span", "time_zone")

    def get_readonly_fields(self, request: HttpRequest, obj: Budget | None = None) -> Any:
        """Keep what a budget is for from being changed."""
        return () if obj is None else self.fixed

    def get_exclude(self, request: HttpRequest, obj: Budget | None = None) -> Any:
        """Leave out of a new one whether it is switched on: it is."""
        return ("is_active",) if obj is None else None

    def get_inlines(self, request: HttpRequest, obj: Budget | None = None) -> Any:
        """Show the periods of one that is there."""
        return () if obj is None else (BudgetPeriodInline,)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Look up the current periods of all rows of the list together."""
        shown = super().get_changelist_instance(request)
        standings = find_standings(list(shown.result_list), at=database_now())
        for row in shown.result_list:
            row.standing = standings.get(row.id)
        return shown

    @admin.display(description=_("whose"))
    def whose(self, obj: Budget) -> str:
        """Name the person or the team."""
        return str(obj.user or obj.team or "")

    @admin.display(description=_("spent"))
    def spent(self, obj: Budget) -> str:
        """Show what of the current day or month is spent."""
        standing = getattr(obj, "standing", None)
        return "" if standing is None else f"{usd(standing.spent_usd)} ({standing.percent} %)"

    @admin.display(description=_("limit"), ordering="limit_usd")
    def limit(self, obj: Budget) -> str:
        """Show the limit without digits that say nothing."""
        return usd_limit(obj.limit_usd)

    def refusal_words(self, refusal: Refusal) -> str:
        """Return why an action refused, in the reader's language."""
        said = explain(refusal)
        return said.whole or " ".join(said.fields.values())

    def save_model(self, request: HttpRequest, obj: Budget, form: Any, change: bool) -> None:
        """Make or change it as the person who asks."""
        by, cleaned = _person(request), form.cleaned_data
        if change:
            names = ("name", "limit_usd", "at_limit", "is_active")
            edit_budget(obj, by=by, **{name: cleaned[name] for name in names})
            return
        said = ("name", "scope", "user", "team", "span", "time_zone", "limit_usd", "at_limit")
        # What follows (the log, the redirect) looks at this object.
        obj.pk = create_budget(by=by, **{name: cleaned[name] for name in said}).pk

    def delete_model(self, request: HttpRequest, obj: Budget) -> None:
        """Delete it as the person who asks."""
        delete_budget(obj, by=_person(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Budget]) -> None:
        """Delete each of them."""
        for budget in queryset:
            delete_budget(budget, by=_person(request))


def _person(request: HttpRequest) -> User:
    if isinstance(request.user, AnonymousUser):
        raise PermissionDenied
    return request.user


def _or_said(clean: Any, value: Any) -> Any:
    try:
        return clean(value)
    except InvalidInput as refusal:
        said = explain(refusal)
        raise forms.ValidationError(list(said.fields.values()) or [said.whole]) from None
