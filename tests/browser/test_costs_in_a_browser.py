"""Somebody looks at what their teams cost, and stores and deletes a key, in a real browser."""

import csv
from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from teams.models import ApiToken, Team, User
from tests.browser.conftest import Window
from tests.fixtures.people import PASSWORD
from tests.functional.pages.test_cost_pages import spend

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

KEY = "sk-proj-CANARY-0123456789"


def test_costs_are_regrouped_narrowed_opened_and_downloaded(
    owner: User, team: Team, open_window: Callable[..., Window]
) -> None:
    now = timezone.now()
    spend(team, at=now)
    spend(team, at=now, agent_id="agent-456", model="gpt-4o-mini")
    window = open_window()
    page = window.page
    window.sign_in(owner.username, PASSWORD)

    page.get_by_role("link", name="Costs").click()
    page.get_by_role("navigation", name="Period").get_by_role("link", name="7 days").click()
    page.get_by_role("navigation", name="Grouped by").get_by_role("link", name="Model").click()
    expect(page.get_by_role("row")).to_have_count(4)
    with page.expect_download() as download:
        page.get_by_role("link", name="these sums").click()
    sums = list(csv.DictReader(download.value.path().read_text().splitlines()))
    page.get_by_role("row", name="o3").get_by_role("link", name="1", exact=True).click()

    expect(page.get_by_role("heading", name="What the costs are made of")).to_be_visible()
    expect(page.get_by_role("row")).to_have_count(2)
    expect(page.get_by_role("row").last).to_contain_text("$0.0240")
    assert {(row["model"], row["responses"]) for row in sums} == {("o3", "1"), ("gpt-4o-mini", "1")}
    page.get_by_role("link", name="Show all again, not only this: Model").click()
    expect(page.get_by_role("row")).to_have_count(3)
    assert window.complaints == []


def test_costs_on_a_phone_in_portuguese_fit_and_are_written_as_there(
    owner: User, team: Team, open_window: Callable[..., Window]
) -> None:
    owner.language = "pt-br"
    owner.save()
    spend(team, at=timezone.now(), tokens_input=1_234_567)
    window = open_window(width=390, scheme="dark", scripts=False)
    window.page.goto(f"{window.origin}/accounts/login/?next=/costs/")
    window.page.locator("[name=username]").fill(owner.username)
    window.page.locator("[name=password]").fill(PASSWORD)
    window.page.locator("main button[type=submit]").click()

    expect(window.page.get_by_role("heading", name="Custos")).to_be_visible()
    expect(window.page.locator(".figures")).to_contain_text("1.235.067")
    expect(window.page.locator("svg rect.bar").first).to_be_visible()
    assert "2,4731" in window.page.locator(".figures").inner_text()
    assert window.page.locator("main").bounding_box()["width"] <= 390  # type: ignore[index]
    assert window.complaints == []


def test_a_key_is_stored_and_deleted_and_a_token_copied_and_revoked(
    owner: User, team: Team, open_window: Callable[..., Window]
) -> None:
    window = open_window()
    page = window.page
    window.sign_in(owner.username, PASSWORD)
    page.get_by_role("link", name="Keys").click()
    page.get_by_label("Service").fill("openai")
    page.get_by_label("Key", exact=True).fill(KEY)
    page.get_by_role("button", name="Store the key").click()

    expect(page.locator("[data-service=openai]")).to_contain_text("…6789")
    assert "CANARY" not in page.content()
    page.get_by_role("button", name="Delete").click()
    page.wait_for_url("**/delete/")
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("You have stored no keys.")).to_be_visible()

    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{window.origin}/account/tokens/")
    page.get_by_label("Name").fill("nightly report")
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Make a token").click()
    token = page.locator("#token").inner_text()
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_role("button", name="Copied", exact=True)).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == token
    page.get_by_role("button", name="I have copied it").click()
    assert token not in page.content()
    page.get_by_role("link", name="Revoke").click()
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("You have no tokens.")).to_be_visible()
    assert not ApiToken.objects.exists()
    assert window.complaints == []
