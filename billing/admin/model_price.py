"""Prices that staff set. A price is added, never changed: ledger rows name it."""

from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils import timezone

from billing.actions.set_model_price import set_model_price
from billing.models import ModelPrice
from teams.admin.theme import ModelAdmin, ModelForm


class PriceForm(ModelForm[ModelPrice]):
    """A new price, in the spelling in which it is stored, so that a second one for a moment is noticed."""

    class Meta:
        model = ModelPrice
        fields = (
            "provider",
            "model_name",
            "input_usd_per_mtok",
            "output_usd_per_mtok",
            "cached_usd_per_mtok",
            "valid_from",
            "source",
            "note",
        )

    def clean_provider(self) -> str:
        """Return the provider in lower case."""
        provider: str = self.cleaned_data["provider"]
        return provider.strip().lower()


@admin.register(ModelPrice)
class ModelPriceAdmin(ModelAdmin[ModelPrice]):
    """Prices by model and moment."""

    form = PriceForm
    list_display = (
        "model_name",
        "provider",
        "input_usd_per_mtok",
        "output_usd_per_mtok",
        "cached_usd_per_mtok",
        "valid_from",
        "created_by",
    )
    list_select_related = ("created_by",)
    search_fields = ("model_name", "provider", "source")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: a newer price replaces an older one."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: ledger rows name the price that they were recorded with."""
        return False

    def save_model(self, request: HttpRequest, obj: ModelPrice, form: Any, change: bool) -> None:
        """Add the price as the person who asks."""
        if isinstance(request.user, AnonymousUser):
            raise PermissionDenied
        cleaned: dict[str, Any] = form.cleaned_data
        cached: Decimal | None = cleaned["cached_usd_per_mtok"]
        price = set_model_price(
            actor=request.user,
            provider=cleaned["provider"] or None,
            model_name=cleaned["model_name"],
            input_usd_per_mtok=cleaned["input_usd_per_mtok"],
            output_usd_per_mtok=cleaned["output_usd_per_mtok"],
            cached_usd_per_mtok=cached,
            valid_from=cleaned["valid_from"],
            source=cleaned["source"],
            note=cleaned["note"],
            now=timezone.now(),
        )
        # What follows (the log, the redirect) looks at this object.
        obj.pk = price.pk
