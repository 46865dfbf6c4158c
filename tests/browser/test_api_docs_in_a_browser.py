"""The page of the OpenAPI document in a real browser: shown, tried, and nothing asked of another host."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from teams.models import User
from tests.browser.barriers import grave_barriers
from tests.browser.conftest import Window
from tests.fixtures.people import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SWAGGER_S_OWN = "nested-interactive"
"""Swagger UI 5 puts a link into the button that opens an operation; keyboards reach both all the same."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_api_is_read_and_tried_without_another_host(
    transactional_db: None, owner: User, open_window: Callable[..., Window], scheme: str
) -> None:
    window = open_window(scheme=scheme)
    page = window.page
    window.sign_in("olga", PASSWORD)
    # Swagger UI resolves what an operation refers to when it is opened: seconds of computing in one go.
    page.set_default_timeout(60_000)

    page.goto(f"{window.origin}/api/docs")
    page.locator("#operations-tag-teams").click()
    operation = page.locator("#operations-teams-list_teams")
    expect(operation).to_be_visible()
    assert [one for one in grave_barriers(page) if SWAGGER_S_OWN not in one] == []
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()

    expect(operation.locator(".live-responses-table tbody .response-col_status").first).to_contain_text(
        "200", timeout=60_000
    )
    is_dark = page.evaluate("document.documentElement.classList.contains('dark-mode')")
    assert is_dark == (scheme == "dark")
    assert window.complaints == []
