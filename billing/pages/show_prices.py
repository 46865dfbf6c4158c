"""What models cost: those that the reader pays for, and any that they look up."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from billing.ledger import TooManyGroups
from billing.ledger.prices import USED_DAYS, PriceNow, find_price, find_used_prices
from billing.models import UsageLog
from billing.pricing import price_list_version
from teams.models.database_time import database_now
from teams.pages.signed_in import SignedInRequest, signed_in

MODEL_CHARS, PROVIDER_CHARS = 200, 100


@require_safe
@signed_in
def show_prices(request: SignedInRequest) -> HttpResponse:
    """Show the price of the model in the address, and those of the models that were used lately."""
    at = database_now()
    model = _typed(request, "model", MODEL_CHARS)
    provider = _typed(request, "provider", PROVIDER_CHARS)
    try:
        used: list[PriceNow] | None = find_used_prices(UsageLog.objects.for_user(request.user), at=at)
    except TooManyGroups:
        used = None
    asked = find_price(provider=provider, model=model, at=at) if model else None
    context = {
        "used": used,
        "days": USED_DAYS,
        "asked": asked,
        "asked_list": [asked],
        "model": model,
        "provider": provider,
        "price_list_version": price_list_version(),
        "model_chars": MODEL_CHARS,
        "provider_chars": PROVIDER_CHARS,
    }
    return render(request, "billing/prices.html", context)


def _typed(request: SignedInRequest, name: str, max_chars: int) -> str:
    return request.GET.get(name, "").replace("\x00", "").strip()[:max_chars]
