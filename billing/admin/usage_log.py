"""The ledger, read-only, with what the rows on the list add up to."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from billing.models import UsageLog
from billing.pricing import PricingStatus
from teams.admin.read_only import ReadOnly
from teams.admin.theme import ModelAdmin
from teams.admin.theme_filters import Autocomplete, ChoiceList, DateTimeRange, ValueList


@admin.register(UsageLog)
class UsageLogAdmin(ReadOnly, ModelAdmin[UsageLog]):
    """One model response a row. A trigger refuses changes and deletion."""

    list_display = (
        "created_at",
        "team_name",
        "payer",
        "agent_id",
        "model_provider",
        "model_name",
        "tokens_input",
        "tokens_output",
        "cost_usd",
        "pricing",
    )
    list_filter = (
        ("team", Autocomplete),
        ("payer", Autocomplete),
        ("model_name", ValueList),
        ("pricing", ChoiceList),
        ("created_at", DateTimeRange),
    )
    list_filter_submit = True
    list_select_related = ("payer",)
    list_before_template = "admin/billing/usage_totals.html"
    show_full_result_count = False
    search_fields = ("team_name", "agent_id", "model_name", "step_id", "source_id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[UsageLog]:
        """Leave what was recorded of calls in the database until a row is looked at."""
        rows = super().get_queryset(request)
        if request.resolver_match and request.resolver_match.url_name == "billing_usagelog_changelist":
            return rows.defer("request_data", "response_data", "unit_prices")
        return rows.select_related("team", "payer", "started_by", "key_owner")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list with the totals of all rows that its filters leave, not of one page only."""
        response = super().changelist_view(request, extra_context)
        context = response.context_data if isinstance(response, TemplateResponse) else None
        if context is not None and "cl" in context:
            context["totals"] = _add_up(context["cl"].queryset)
        return response


def _add_up(rows: QuerySet[UsageLog]) -> dict[str, Any]:
    return rows.order_by().aggregate(
        responses=Count("pk"),
        cost_usd=Sum("cost_usd"),
        tokens_input=Sum("tokens_input"),
        tokens_output=Sum("tokens_output"),
        unpriced=Count("pk", filter=Q(pricing=PricingStatus.UNPRICED.value)),
        unreported=Count("pk", filter=Q(pricing=PricingStatus.UNREPORTED.value)),
    )
