"""From signing in to a first result: the way that the start page shows, in a real browser."""

import re
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


@pytest.fixture
def renum(renum_on: Callable[[str], RunningRenum]) -> RunningRenum:
    """Give the product with a driver, whose owner can sign in and has agents for a template's roles."""
    renum = renum_on("2025-08")
    renum.owner.set_password(PASSWORD)
    renum.owner.save()
    for number, name in enumerate(("Classifier", "Technical support", "Billing support", "General support")):
        Agent.objects.create(connection=renum.connection, agent_id=f"agent-{number}", name=name)
    renum.start_drivers()
    return renum


def test_a_new_person_comes_from_a_template_to_a_first_result(
    renum: RunningRenum, open_window: Callable[..., Window], figure: Callable[[str, Any], None]
) -> None:
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


def test_a_first_run_in_portuguese_on_a_phone_and_without_scripts(
    renum: RunningRenum, open_window: Callable[..., Window]
) -> None:
    window = open_window(width=390, height=844, scheme="dark", scripts=False)
    page = window.page
    page.goto(f"{window.origin}/accounts/login/")
    page.get_by_role("button", name="Português").click()
    page.get_by_label("Nome de usuário").fill(renum.owner.username)
    page.get_by_label("Senha").fill(PASSWORD)
    page.get_by_role("button", name="Entrar").click()

    page.get_by_role("link", name="Atendimento ao cliente").click()
    for choice in page.get_by_role("main").get_by_role("combobox").all():
        choice.select_option(index=1)
    page.get_by_role("button", name="Criar esta equipe").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Executar", exact=True).click()
    execution = renum.wait_for(Execution.objects.get())
    page.reload()

    expect(page.locator("#live .badge").first).to_have_text("concluída")
    expect(page.locator("[data-answer]")).not_to_be_empty()
    expect(page.get_by_role("row", name="Ao todo")).to_contain_text(re.compile(r"US\$\s*\d+,\d{4}"))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator("html").get_attribute("lang") == "pt-br"
    page.goto(f"{window.origin}/")
    expect(page.get_by_role("heading", name="Últimos resultados")).to_be_visible()
    assert execution.team.name == "Atendimento ao cliente"
    assert window.complaints == []
