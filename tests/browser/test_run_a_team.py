"""A person signs in, runs a team and follows it to its answer, in a real browser on the real product."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from executions.models import Execution
from tests.browser.conftest import Window
from tests.fixtures.people import PASSWORD, SEQUENTIAL
from tests.fixtures.running import RunningRenum
from tests.fixtures.site_rows import (
    HOSTILE,
    NOW,
    bill,
    make_connection,
    make_team,
    set_execution,
    set_step,
    start,
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.shares_suna,
]


@pytest.fixture
def renum(renum_on: Callable[[str], RunningRenum]) -> RunningRenum:
    """Give the product with a driver, whose owner can sign in."""
    renum = renum_on("2025-08")
    renum.owner.set_password(PASSWORD)
    renum.owner.save()
    renum.start_drivers()
    return renum


def test_a_team_is_run_and_followed_to_its_answer_and_cost(
    renum: RunningRenum, open_window: Callable[..., Window]
) -> None:
    team = renum.make_team(SEQUENTIAL)
    window = open_window()
    page = window.page

    window.sign_in(renum.owner.username, PASSWORD)
    page.get_by_role("link", name=team.name).click()
    page.get_by_label("What should the team do?").fill("What of electric bicycles in Lisbon?")
    page.get_by_role("button", name="Run").click()

    expect(page.locator("#live .badge").first).to_have_text("completed", timeout=60_000)
    expect(page.locator("[data-answer]")).not_to_be_empty()
    expect(page.locator("[data-status=completed]")).to_have_count(3)
    expect(page.get_by_role("row", name="In all")).to_contain_text("$")
    execution = Execution.objects.get(team=team)
    # Markdown sets the lines anew and takes the signs of its headings away; the words stay.
    words = [word for word in execution.result_text.split() if word.strip("#")]
    assert page.locator("[data-answer]").inner_text().split() == words
    assert window.complaints == []


def test_an_execution_is_cancelled_from_its_page(
    renum: RunningRenum, open_window: Callable[..., Window]
) -> None:
    team = renum.make_team(SEQUENTIAL)
    execution = renum.start(team, '@@sim{"takes": 60}')
    window = open_window()
    window.sign_in(renum.owner.username, PASSWORD)
    window.page.goto(f"{window.origin}/executions/{execution.pk}/")

    window.page.get_by_role("button", name="Cancel").click()

    expect(window.page.locator("#live .badge").first).to_have_text("cancelled", timeout=60_000)
    assert window.complaints == []


@pytest.fixture
def watched(transactional_db: None, owner: Any) -> Execution:
    """Give an execution whose rows the test changes."""
    return start(make_team(owner, connection=make_connection()))


def test_the_page_follows_the_rows_without_losing_what_the_reader_opened(
    watched: Execution, open_window: Callable[..., Window]
) -> None:
    window = open_window()
    page = window.page
    window.sign_in("olga", PASSWORD)
    page.goto(f"{window.origin}/executions/{watched.pk}/")
    page.evaluate("window.neverReloaded = true")
    step = set_step(watched, "agent-123", status="completed", result_text=HOSTILE, started_at=NOW, attempts=1)
    bill(watched, step)
    set_execution(watched, status="running")
    page.get_by_text("Its answer").click()
    answer = page.locator("details[open] .markdown").last
    expect(answer).to_have_text(HOSTILE)

    set_step(watched, "agent-456", status="running", started_at=NOW, attempts=1)
    set_execution(watched)

    expect(page.locator("[data-status=running]")).to_have_count(1)
    expect(answer).to_be_visible()
    expect(page.locator("#announcement")).to_contain_text("The team is at work.")
    set_execution(watched, status="completed", result_text="Done.")
    expect(page.locator("[data-answer]")).to_have_text("Done.")
    expect(page.locator("[hx-get]")).to_have_count(0)
    assert page.evaluate("window.neverReloaded") is True
    assert window.complaints == []


def test_everything_works_without_scripts(watched: Execution, open_window: Callable[..., Window]) -> None:
    window = open_window(scripts=False)
    window.sign_in("olga", PASSWORD)
    window.page.goto(f"{window.origin}/executions/{watched.pk}/")
    set_execution(watched, status="running")

    window.page.get_by_role("button", name="Refresh").click()

    expect(window.page.locator("#live .badge").first).to_have_text("running")
    window.page.get_by_role("button", name="Cancel").click()
    expect(window.page.get_by_role("button", name="Cancel was asked for")).to_be_disabled()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_is_wider_than_a_phone(
    watched: Execution, open_window: Callable[..., Window], scheme: str
) -> None:
    set_step(watched, "agent-123", status="completed", result_text="x" * 900, role="r" * 180)
    window = open_window(width=390, height=844, scheme=scheme)
    window.sign_in("olga", PASSWORD)

    for address in ("/teams/", f"/teams/{watched.team_id}/", "/executions/", f"/executions/{watched.pk}/"):
        window.page.goto(window.origin + address)
        wide = window.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 390, address
    assert window.complaints == []
