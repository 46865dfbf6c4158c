"""The frame round every page: the reader's menu, by mouse, by keys and without a script."""

from collections.abc import Callable

import pytest
from django.test import Client
from playwright.sync_api import expect

from tests.browser.conftest import Window
from tests.fixtures.people import PASSWORD, make_person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("scripts", [True, False])
def test_the_menu_opens_and_signs_out(open_window: Callable[..., Window], *, scripts: bool) -> None:
    make_person("olga")
    window = open_window(width=390, height=844, scripts=scripts)
    page = window.page
    window.sign_in("olga", PASSWORD)
    menu = page.locator("details[data-menu]")

    if scripts:
        menu.locator("summary").click()
        page.keyboard.press("Escape")
        expect(menu).not_to_have_attribute("open", "")
        expect(menu.locator("summary")).to_be_focused()
        menu.locator("summary").click()
        # Beside the menu, which may lie over the headings.
        page.locator("main").click(position={"x": 2, "y": 2})
        expect(menu).not_to_have_attribute("open", "")
    menu.locator("summary").click()
    page.get_by_role("button", name="Sign out").click()

    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert Client().get("/teams/").status_code == 302
    assert window.complaints == []
