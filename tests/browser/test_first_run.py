"""From signing in to a first result: the way that the start page shows, in a real browser."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from executions.models import Execution
from teams.models import Agent
from tests.browser.conftest import Window
from tests.fixtures.people import PASSWORD
from tests.fixtures.running import RunningRenum

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.shares_suna,
]
MAX_S = 180


def test_a_new_person_comes_from_a_template_to_a_first_result(
    renum_on: Callable[[str], RunningRenum],
    open_window: Callable[..., Window],
    figure: Callable[[str, Any], None],
) -> None:
    renum = renum_on("2025-08")
    renum.owner.set_password(PASSWORD)
    renum.owner.save()
    for number, name in enumerate(("Classifier", "Technical support", "Billing support", "General support")):
        Agent.objects.create(connection=renum.connection, agent_id=f"agent-{number}", name=name)
    renum.start_drivers()
    window = open_window()
    page = window.page
    began = time.monotonic()

    window.sign_in(renum.owner.username, PASSWORD)
    page.get_by_role("link", name="Customer service").click()
    page.get_by_role("button", name="Make this team").click()
    page.get_by_role("button", name="Run", exact=True).click()

    expect(page.locator("#live .badge").first).to_have_text("completed", timeout=60_000)
    expect(page.locator("[data-answer]")).not_to_be_empty()
    took_s = time.monotonic() - began
    figure("first run, from signing in to the result (s)", round(took_s, 1))
    figure("first run, clicks after signing in", 3)
    assert took_s < MAX_S
    assert Execution.objects.get().team.name == "Customer service"
    page.goto(f"{window.origin}/")
    expect(page.get_by_role("heading", name="Last results")).to_be_visible()
    assert window.complaints == []
