"""Staff find what has no price, give it one, see what that does, and re-price what was recorded."""

import datetime as dt
import re

import pytest
from django.test import Client
from django.utils.html import escape

from billing.models import PriceChange, Repricing, UsageLog
from executions.orchestrator.repricings import go_on_with_repricings
from tests.fixtures.repricings import make_repricer, set_price
from tests.fixtures.site_rows import NOW, bill
from tests.functional.admin.conftest import Site, staff_with

pytestmark = pytest.mark.django_db
REPRICE, UNPRICED, PRICE = "/admin/costs/reprice/", "/admin/costs/unpriced/", "/admin/billing/modelprice/add/"
FIRST, LAST = (NOW - dt.timedelta(days=2)).date(), NOW.date()


@pytest.fixture(autouse=True)
def _empty_redis(clean_redis: object) -> None:
    """Wake-ups go into the queue."""


@pytest.fixture
def unpriced(site: Site) -> None:
    """Record three answers of a model without a price."""
    for _ in range(3):
        bill(site.execution, site.execution.steps.order_by("position")[0], model="our-own", provider="acme")


@pytest.fixture
def rita(site: Site) -> Client:
    """Give a client of somebody who may re-price."""
    client = Client()
    client.force_login(make_repricer())
    return client


def form(**values: str) -> dict[str, str]:
    return {
        "model_name": "our-own",
        "provider": "",
        "first": f"{FIRST}",
        "last": f"{LAST}",
        "reason": "The bill says so.",
        **values,
    }


def price_form(**values: str) -> dict[str, str]:
    return {
        "provider": "acme",
        "model_name": "our-own",
        "input_usd_per_mtok": "2",
        "output_usd_per_mtok": "4",
        "cached_usd_per_mtok": "",
        "valid_from_0": f"{FIRST}",
        "valid_from_1": "00:00:00",
        "source": "our bill",
        "note": "",
        **values,
    }


def test_from_an_answer_without_a_price_to_a_bill_that_is_right(rita: Client, unpriced: None) -> None:
    listed = rita.get(UNPRICED).content.decode()
    assert "our-own" in listed
    [give] = re.findall(r'href="(/admin/billing/modelprice/add/\?[^"]+)"', listed)
    offered = rita.get(give.replace("&amp;", "&")).context["adminform"].form.initial
    assert (offered["model_name"], offered["provider"]) == ("our-own", "acme")
    assert offered["valid_from"].date() == NOW.date()
    [rows] = re.findall(r'href="(/admin/billing/usagelog/\?[^"]+)"', listed)
    assert rita.get(rows.replace("&amp;", "&")).context["cl"].result_count == 3

    shown = rita.post(PRICE, price_form())
    told = shown.content.decode()
    assert shown.status_code == 200
    assert (
        escape("3 answers since then would change: $0.0000 → $0.0660. Save again to set the price.") in told
    )
    seen = shown.context["adminform"].form["seen_effect"].value()
    assert rita.post(PRICE, price_form(seen_effect=seen)).status_code == 302

    assert "/admin/costs/reprice/?model_name=our-own" in rita.get(UNPRICED).content.decode()
    effect = rita.post(REPRICE, form())
    assert "3 of 3 answers change their price." in effect.content.decode()
    assert "$0.0660" in effect.content.decode()
    begun = rita.post(REPRICE, form(begin="1", seen=effect.context["seen"]))
    act = Repricing.objects.get()
    assert begun["Location"] == f"/admin/billing/repricing/{act.pk}/change/"
    go_on_with_repricings(until=float("inf"))

    assert "Every answer with token counts has its price." in rita.get(UNPRICED).content.decode()
    assert PriceChange.objects.filter(repricing=act).count() == 3
    assert (act.reason, act.created_by.username) == ("The bill says so.", "rita")


def test_an_effect_that_is_another_by_now_is_shown_again_and_nothing_is_begun(
    rita: Client, unpriced: None
) -> None:
    set_price(make_repricer("rosa"), "our-own", usd="1", since=NOW - dt.timedelta(days=9))
    seen = rita.post(REPRICE, form()).context["seen"]
    set_price(make_repricer("ruth"), "our-own", usd="3", since=NOW - dt.timedelta(days=3))

    late = rita.post(REPRICE, form(begin="1", seen=seen))

    assert late.status_code == 412
    assert "changed meanwhile" in late.content.decode()
    assert not Repricing.objects.exists()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"model_name": ""}, "model_name"),
        ({"model_name": "a\x00b"}, "model_name"),
        ({"model_name": "m" * 201}, "model_name"),
        ({"provider": "p" * 101}, "provider"),
        ({"first": "yesterday"}, "first"),
        ({"first": "0001-01-01"}, "first"),
        ({"last": "9999-12-31"}, "last"),
        ({"first": f"{LAST}", "last": f"{FIRST}"}, "last"),
        ({"reason": ""}, "reason"),
        ({"reason": "r" * 501}, "reason"),
    ],
)
def test_what_cannot_be_meant_is_said_at_its_field(values: dict[str, str], said: str, rita: Client) -> None:
    refused = rita.post(REPRICE, form(**values))

    assert refused.status_code == 400
    assert list(refused.context["form"].errors) == [said]


def test_what_would_change_nothing_is_told_and_is_not_begun(rita: Client) -> None:
    shown = rita.post(REPRICE, form(model_name="o3"))

    assert "Nothing:" in shown.content.decode()
    refused = rita.post(REPRICE, form(model_name="o3", begin="1", seen=shown.context["seen"]))
    assert refused.status_code == 409
    assert "costs what it would cost now" in refused.content.decode()


def test_the_pages_are_for_those_who_may(site: Site, unpriced: None) -> None:
    looker = staff_with("lena", "billing.view_usagelog")

    assert looker.get(UNPRICED).status_code == 200
    assert "Give it a price" not in looker.get(UNPRICED).content.decode()
    assert looker.get(REPRICE).status_code == looker.post(REPRICE, form()).status_code == 403
    assert staff_with("lars").get(UNPRICED).status_code == 403
    assert UsageLog.objects.filter(pricing="unpriced").count() == 3


@pytest.mark.parametrize("query", ["first=x", "first=%00", "model_name=%00", "provider=" + "p" * 300, "x=1"])
def test_a_link_with_nonsense_opens_the_form(query: str, rita: Client) -> None:
    assert rita.get(f"{REPRICE}?{query}").status_code == 200
    assert rita.get(f"{PRICE}?{query}&valid_from=nonsense").status_code == 200
    assert rita.get(f"{PRICE}?valid_from=0001-01-01").status_code == 200
