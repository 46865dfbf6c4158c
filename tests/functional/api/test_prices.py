"""Prices: what the site set, and what a model costs now, for clients and on the users' page."""

import datetime as dt
from decimal import Decimal

import pytest
from django.test import Client

from billing.actions.set_model_price import set_model_price
from executions.models import Execution
from teams.models import User
from tests.fixtures.site_rows import NOW, bill, set_step
from tests.functional.api.conftest import assert_problem, client_for

pytestmark = pytest.mark.django_db
PRICES, PRICES_NOW = "/api/v1/prices", "/api/v1/prices/now"


@pytest.fixture
def pricer(owner: User) -> User:
    """Give somebody who may set prices."""
    User.objects.filter(pk=owner.pk).update(is_superuser=True)
    return User.objects.get(pk=owner.pk)


def set_price(actor: User, model: str, *, days_ago: int, usd: str, provider: str | None = None) -> None:
    set_model_price(
        actor=actor,
        provider=provider,
        model_name=model,
        input_usd_per_mtok=Decimal(usd),
        output_usd_per_mtok=Decimal(usd) * 2,
        cached_usd_per_mtok=None,
        valid_from=NOW - dt.timedelta(days=days_ago),
        source="our own bill",
        note="not for everybody",
        now=NOW,
    )


def test_the_prices_of_the_site_are_listed_without_what_staff_noted(owner: User, pricer: User) -> None:
    set_price(pricer, "local", days_ago=9, usd="1.5")
    set_price(pricer, "local", days_ago=2, usd="0.000001", provider="vllm")
    set_price(pricer, "other", days_ago=1, usd="3")

    body = client_for(owner).get(PRICES, {"model": "local"}).json()

    assert [(row["provider"], row["input_usd_per_mtok"]) for row in body["results"]] == [
        ("vllm", "0.000001"),
        ("", "1.500000"),
    ]
    assert body["results"][0]["cached_usd_per_mtok"] is None
    assert body["price_list"].startswith("genai-prices ")
    assert "not for everybody" not in str(body)
    assert len(client_for(owner).get(PRICES, {"provider": "VLLM"}).json()["results"]) == 1


def test_a_model_costs_what_the_site_set_last_else_what_the_list_says(owner: User, pricer: User) -> None:
    set_price(pricer, "local", days_ago=9, usd="1.5")
    set_price(pricer, "local", days_ago=2, usd="4")
    client = client_for(owner)

    def now(**query: str) -> dict[str, object]:
        [found] = client.get(PRICES_NOW, query).json()["results"]
        return found

    own, listed, unknown = (
        now(model="local"),
        now(model="gpt-4o-mini", provider="openai"),
        now(model="nobody"),
    )
    assert own["unit_prices"] == {
        "input_usd_per_mtok": "4",
        "output_usd_per_mtok": "8",
        "cached_usd_per_mtok": "4",
    }
    assert str(own["price_source"]).startswith("override:")
    assert listed["unit_prices"]["priced_as"] == "openai/gpt-4o-mini"
    assert Decimal(listed["unit_prices"]["input_usd_per_mtok"]) > 0
    assert (unknown["is_priced"], unknown["price_source"], unknown["unit_prices"]) == (False, None, {})


def test_without_a_model_it_is_those_that_one_pays_for(
    owner: User, outsider: User, execution: Execution
) -> None:
    step = set_step(execution, "agent-123")
    for _ in range(2):
        bill(execution, step, model="gpt-4o-mini", provider="openai")
    bill(execution, step, model="nobody-knows", provider="x")

    mine = client_for(owner).get(PRICES_NOW).json()["results"]
    others = client_for(outsider).get(PRICES_NOW).json()["results"]

    assert [(one["model"], one["responses"], one["is_priced"]) for one in mine] == [
        ("gpt-4o-mini", 2, True),
        ("nobody-knows", 1, False),
    ]
    assert others == []


@pytest.mark.parametrize(
    ("address", "query"),
    [
        (PRICES_NOW, {"provider": "openai"}),
        (PRICES_NOW, {"model": ""}),
        (PRICES_NOW, {"model": "x" * 201}),
        (PRICES_NOW, {"model": "a\x00b"}),
        (PRICES, {"provider": ""}),
        (PRICES, {"at": "now"}),
    ],
)
def test_what_cannot_be_asked_is_named(address: str, query: dict[str, str], owner: User) -> None:
    assert_problem(client_for(owner).get(address, query), 400, "invalid_parameter")


def test_the_page_tells_the_same_in_both_languages(pricer: User, execution: Execution) -> None:
    set_price(pricer, "local", days_ago=2, usd="4")
    bill(execution, set_step(execution, "agent-123"), model="nobody-knows", provider="x")
    client = Client()
    client.force_login(pricer)

    page = client.get("/costs/prices/?model=local").content.decode()
    unknown = client.get("/costs/prices/?model=<b>%00no").content.decode()
    client.cookies["django_language"] = "pt-br"

    assert "set by the site" in page
    assert "nobody-knows" in page
    assert "&lt;b&gt;no</strong> has no price" in unknown
    assert "Modelos que você usa" in client.get("/costs/prices/").content.decode()
