"""Prices of models: those that the site set, and what a model costs now."""

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.budget_output import Usd
from billing.ledger import TooManyGroups
from billing.ledger.prices import MOST_USED, USED_DAYS, find_price, find_used_prices, own_prices
from billing.models import ModelPrice, UsageLog
from billing.pricing import price_list_version
from teams.api.authentication import person
from teams.api.declared import Answer, Parameter, Refused, page
from teams.api.endpoint import PAGE, Endpoint, page_of
from teams.api.problems import ApiError
from teams.api.query import read_text, refuse_value
from teams.models.database_time import database_now

_MODEL = {"type": "string", "minLength": 1, "maxLength": 200}
_PROVIDER = {"type": "string", "minLength": 1, "maxLength": 100}


class PriceOutput(serializers.ModelSerializer[ModelPrice]):
    """A price that the site set: US dollars for a million tokens, from a moment on until a newer one.

    An empty provider holds for every one. `cached_usd_per_mtok` null is the price of other input.
    """

    input_usd_per_mtok = Usd()
    output_usd_per_mtok = Usd()
    cached_usd_per_mtok = Usd(allow_null=True)

    class Meta:
        model = ModelPrice
        fields = [
            "id",
            "provider",
            "model_name",
            "input_usd_per_mtok",
            "output_usd_per_mtok",
            "cached_usd_per_mtok",
            "valid_from",
            "source",
        ]


class PriceListBeside(serializers.Serializer[object]):
    """The version of the list that holds for every model that the site set no price for."""

    price_list = serializers.CharField()


class PriceNowOutput(serializers.Serializer[object]):
    """What a model costs now. `price_source` is null where it has no price.

    `responses` counts those of the last 30 days. `unit_prices` has decimal texts, and `priced_as`, which is
    the entry of the price list.
    """

    provider = serializers.CharField(allow_blank=True)
    model = serializers.CharField()
    is_priced = serializers.BooleanField()
    price_source = serializers.CharField(allow_null=True)
    unit_prices = serializers.DictField(child=serializers.CharField())
    responses = serializers.IntegerField(allow_null=True)


class PricesNowOutput(PriceListBeside):
    """The moment for which the prices hold, and the models."""

    at = serializers.DateTimeField()
    results = PriceNowOutput(many=True)


class PriceList(Endpoint):
    """The prices that the site set."""

    query = (
        Parameter("model", _MODEL, "Only of that model."),
        Parameter("provider", _PROVIDER, "Only of that provider."),
        *PAGE,
    )
    answers = {"GET": page(PriceOutput, beside=PriceListBeside)}

    def get(self, request: Request) -> Response:
        """List them, the newest first, beside the version of the price list that holds for all others."""
        rows = own_prices(model=_read(request, "model", 200), provider=_read(request, "provider", 100))
        return page_of(rows, request, PriceOutput, price_list=_price_list())


class PricesNow(Endpoint):
    """What models cost now."""

    query = (
        Parameter(
            "model", _MODEL, f"That one; without it those that you pay for, of the last {USED_DAYS} days."
        ),
        Parameter("provider", _PROVIDER, "Of that provider; only with a model."),
    )
    answers = {"GET": Answer(body=PricesNowOutput)}
    refuses = {"GET": (Refused(status=400, code="too_many_groups"),)}

    def get(self, request: Request) -> Response:
        """Tell the price of a model, or of the models that were used lately."""
        model, provider = _read(request, "model", 200), _read(request, "provider", 100)
        if provider and not model:
            refuse_value("provider", "A provider is taken only together with a model.")
        at = database_now()
        try:
            found = (
                [find_price(provider=provider or "", model=model, at=at)]
                if model
                else find_used_prices(UsageLog.objects.for_user(person(request)), at=at)
            )
        except TooManyGroups:
            message = f"You used too many models to list the first {MOST_USED}. Ask for one of them."
            raise ApiError(400, "too_many_groups", message) from None
        results = [
            {
                "provider": one.provider,
                "model": one.model,
                "is_priced": one.is_priced,
                "price_source": one.source or None,
                "unit_prices": dict(one.unit_prices),
                "responses": one.responses,
            }
            for one in found
        ]
        body = {"at": at, "price_list": _price_list(), "results": results}
        return Response(PricesNowOutput(body).data)


def _read(request: Request, name: str, max_chars: int) -> str | None:
    text = read_text(request, name, max_chars=max_chars)
    if text == "":
        refuse_value(name, f"{name} has 1 to {max_chars} characters.")
    return text


def _price_list() -> str:
    return f"genai-prices {price_list_version()}"
