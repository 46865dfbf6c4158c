"""Which models were used lately and have no price still."""

import datetime as dt

from django.db.models import Max
from django.db.models.functions import Now

from billing.models import ModelPrice, UsageLog
from billing.pricing import PricingStatus, price_response


def find_unpriced_models(*, days: int) -> list[str]:
    """Return "provider/model" of those used within so many days that could not be priced now either.

    Those with a row of one unit of each kind are tried: a price that was added since the last answer counts,
    a row whose own counts contradict each other does not.
    """
    rows = (
        UsageLog.objects.filter(
            pricing=PricingStatus.UNPRICED.value, created_at__gt=Now() - dt.timedelta(days=days)
        )
        .order_by()
        .values("model_provider", "model_name")
        .annotate(last=Max("created_at"), now=Now())
    )
    found = list(rows)
    prices = ModelPrice.objects.filter(model_name__in={row["model_name"] for row in found})
    overrides = [price.as_override() for price in prices]
    names = [
        f"{row['model_provider']}/{row['model_name']}".strip("/") or "?"
        for row in found
        if price_response(
            provider=row["model_provider"],
            model=row["model_name"],
            tokens_input=1,
            tokens_output=1,
            at=row["now"],
            overrides=overrides,
        ).cost_usd
        is None
    ]
    return sorted(names)
