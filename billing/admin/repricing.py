"""Re-pricings in the admin: what was changed, by whom, why, and what each answer cost before."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from billing.models import PriceChange, Repricing
from teams.admin.read_only import ReadOnly
from teams.admin.theme import ModelAdmin, action


@admin.register(Repricing)
class RepricingAdmin(ReadOnly, ModelAdmin[Repricing]):
    """Acts, the newest first. One is begun on a page of its own, which shows its effect before."""

    list_display = (
        "created_at",
        "model_name",
        "provider",
        "starts_at",
        "ends_at",
        "rows_changed",
        "old_cost_usd",
        "new_cost_usd",
        "created_by",
        "finished_at",
    )
    list_select_related = ("created_by",)
    search_fields = ("model_name", "reason", "created_by__username")
    actions_list = ("begin",)
    actions_detail = ("changes",)

    def has_begin_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether they may re-price."""
        return request.user.has_perm("billing.add_repricing")

    def has_changes_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether they may see what single answers cost before."""
        return request.user.has_perm("billing.view_pricechange")

    @action(description=_("Re-price answers"), permissions=["begin"], url_path="begin")
    def begin(self, request: HttpRequest) -> HttpResponse:
        """Lead to the form."""
        return HttpResponseRedirect(reverse("staff-reprice"))

    @action(description=_("What changed"), permissions=["changes"], url_path="changes")
    def changes(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Lead to the single changes."""
        address = reverse("admin:billing_pricechange_changelist")
        return HttpResponseRedirect(f"{address}?repricing__id__exact={object_id}")


@admin.register(PriceChange)
class PriceChangeAdmin(ReadOnly, ModelAdmin[PriceChange]):
    """One answer each: what it cost before, and after."""

    list_display = (
        "changed_at",
        "usage_log_id",
        "repricing",
        "old_pricing",
        "old_cost_usd",
        "old_price_source",
        "new_cost_usd",
        "new_price_source",
    )
    list_select_related = ("repricing",)
    show_full_result_count = False
    search_fields = ("repricing__model_name", "new_price_source")
