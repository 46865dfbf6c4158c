"""Models of which answers are in the ledger without a price, each with the way to give it one."""

from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Max, Min, Sum
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from billing.models import ModelPrice, UsageLog
from billing.pricing import PricingStatus, price_response

MOST_SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpricedModel:
    """One model of one provider. `give` leads to the form of a price, `reprice` to the re-pricing: "" for no.

    `has_price` says that there is a price now, so that the answers can get it.
    """

    facts: dict[str, Any]
    has_price: bool
    give: str
    reprice: str
    rows: str


@never_cache
@require_safe
def list_unpriced(request: HttpRequest) -> HttpResponse:
    """List them, those with the most answers first."""
    may = request.user.has_perm
    if not may("billing.view_usagelog"):
        raise PermissionDenied
    found = list(
        UsageLog.objects.filter(pricing=PricingStatus.UNPRICED.value)
        .order_by()
        .values("model_provider", "model_name")
        .annotate(
            responses=Count("pk"),
            tokens_in=Sum("tokens_input"),
            tokens_out=Sum("tokens_output"),
            first=Min("created_at"),
            last=Max("created_at"),
        )
        .order_by("-responses", "model_provider", "model_name")[: MOST_SHOWN + 1]
    )
    names = {facts["model_name"] for facts in found}
    prices = [price.as_override() for price in ModelPrice.objects.filter(model_name__in=names)]
    models = []
    for facts in found[:MOST_SHOWN]:
        tried = price_response(
            provider=facts["model_provider"],
            model=facts["model_name"],
            tokens_input=1,
            tokens_output=1,
            at=facts["last"],
            overrides=prices,
        )
        has_price = tried.cost_usd is not None
        model = {"model_name": facts["model_name"], "provider": facts["model_provider"]}
        first = timezone.localtime(facts["first"])
        since = {"valid_from": f"{first:%Y-%m-%d}T00:00"}
        only = {"pricing__exact": PricingStatus.UNPRICED.value, "model_name": facts["model_name"]}
        models.append(
            UnpricedModel(
                facts=dict(facts),
                has_price=has_price,
                give=_address("admin:billing_modelprice_add", {**model, **since})
                if may("billing.add_modelprice")
                else "",
                reprice=_address("staff-reprice", {**model, "first": f"{first:%Y-%m-%d}"})
                if has_price and may("billing.add_repricing")
                else "",
                rows=_address("admin:billing_usagelog_changelist", only),
            )
        )
    context = {
        **admin.site.each_context(request),
        "title": _("Answers without a price"),
        "models": models,
        "has_more": len(found) > MOST_SHOWN,
    }
    return TemplateResponse(request, "admin/billing/unpriced.html", context)


def _address(name: str, query: dict[str, str]) -> str:
    return f"{reverse(name)}?{urlencode(query)}"
