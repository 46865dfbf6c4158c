"""Prices that staff set. A price is added, never changed: ledger rows name it."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.actions.set_model_price import set_model_price
from billing.ledger.reprice import Scope, TooManyRows, find_effect
from billing.models import ModelPrice
from billing.pricing import price_list_version
from teams.admin.theme import ModelAdmin, ModelForm
from teams.templatetags.renum import usd


class PriceForm(ModelForm[ModelPrice]):
    """A new price, in the spelling in which it is stored, so that a second one for a moment is noticed.

    What it would do to the answers since its moment, if they were re-priced, is told before it is saved: the
    first time that it is sent, and again when that is another.
    """

    seen_effect = forms.CharField(required=False, widget=forms.HiddenInput)

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

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # Django's, and not in the stubs
        if self.errors:
            return
        told, mark = self._tell_effect()
        if told and self.cleaned_data.get("seen_effect") != mark:
            self.data = {**self.data, self.add_prefix("seen_effect"): mark}
            self.add_error(None, told)

    def _tell_effect(self) -> tuple[str, str]:
        """Return the effect in words, "" where there is none, and a mark of it."""
        meant: ModelPrice = self.instance
        now = timezone.now()
        if meant.valid_from >= now:
            return "", ""
        scope = Scope(
            model_name=meant.model_name,
            provider=meant.provider,
            starts_at=meant.valid_from,
            ends_at=now,
        )
        try:
            effect = find_effect(scope, more=[meant.as_override()])
        except TooManyRows:
            return _("More than 200,000 answers since then may change. Save again to set the price."), "many"
        if not effect.changed:
            return "", ""
        said = ngettext(
            "%(number)s answer since then would change: %(old)s → %(new)s. Save again to set the price.",
            "%(number)s answers since then would change: %(old)s → %(new)s. Save again to set the price.",
            effect.changed,
        )
        old, new = usd(effect.old_cost_usd), usd(effect.new_cost_usd)
        again = _("They keep what they cost until you re-price them.")
        told = said % {"number": effect.changed, "old": old, "new": new}
        return f"{told} {again}", f"{effect.changed}-{old}-{new}"


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
    list_before_template = "admin/billing/price_list.html"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Show the list with the version of the price list that holds for all other models."""
        told = {"price_list_version": price_list_version()}
        return super().changelist_view(request, {**(extra_context or {}), **told})

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
