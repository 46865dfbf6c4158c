"""A person makes a connection, tests it and sees its agents, in a real browser."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from teams.models import SunaConnection, User
from tests.browser.conftest import Window
from tests.contract.simulated_suna import SimulatedSuna
from tests.fixtures.people import PASSWORD
from tests.fixtures.running import TOKEN, simulated_suna

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def suna(tmp_path: Path) -> Iterator[SimulatedSuna]:
    with simulated_suna("2025-08", folder=tmp_path) as running:
        yield running


def test_a_connection_is_made_tested_listed_and_deleted(
    transactional_db: None, owner: User, suna: SimulatedSuna, open_window: Callable[..., Window]
) -> None:
    window = open_window(width=390, height=844)
    page = window.page
    window.sign_in("olga", PASSWORD)

    page.get_by_role("link", name="Connections").click()
    expect(page.get_by_text("There is no connection to a Suna yet.")).to_be_visible()
    page.get_by_role("button", name="New connection").click()
    page.get_by_label("Name", exact=True).fill("My Suna")
    page.get_by_label("Address of Suna's backend").fill(suna.url)
    page.get_by_label("Token (JWT)").fill(TOKEN)
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-notice=not_tested]")).to_be_visible()
    page.get_by_role("button", name="Test connection").click()

    expect(page.get_by_text("The connection works.")).to_be_visible()
    expect(page.locator("[data-finding=results][data-state=works]")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert TOKEN not in page.content()
    page.get_by_role("button", name="List agents").click()
    expect(page.get_by_text("agents are listed.")).to_be_visible()
    page.get_by_role("button", name="Change").click()
    expect(page.get_by_label("Token (JWT)")).to_have_value("")
    page.get_by_label("Address of Suna's backend").fill(f"{suna.url}/elsewhere")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("the stored credential was removed")).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("There is no connection to a Suna yet.")).to_be_visible()
    assert not SunaConnection.objects.exists()
    assert window.complaints == []
