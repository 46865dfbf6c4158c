"""Pausing, resuming, cancelling and retrying from the page of an execution, as a person does it."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Window
from tests.fixtures.people import PASSWORD
from tests.fixtures.running import RunningRenum

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.shares_suna,
]


def fails_once(key: str) -> str:
    return f"@@sim{json.dumps({'key': key, 'attempts': [{'fail': 'refused'}, {'text': 'mended'}]})}"


def test_what_failed_is_paused_resumed_and_retried_without_scripts(
    renum_on: Callable[[str], RunningRenum], open_window: Callable[..., Window]
) -> None:
    renum = renum_on("2025-08")
    renum.owner.set_password(PASSWORD)
    renum.owner.save()
    team = renum.make_team(
        {
            "type": "sequential",
            "agents": [
                {"agent_id": "agent-1", "role": "researcher"},
                {"agent_id": "agent-2", "role": "writer", "instructions": fails_once("writer")},
            ],
        }
    )
    old = renum.start(team)
    window = open_window(width=390, height=844, scheme="dark", scripts=False)
    page = window.page
    window.sign_in(renum.owner.username, PASSWORD)
    page.goto(f"{window.origin}/executions/{old.pk}/")

    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".standing")).to_contain_text("Paused before it began.")
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    renum.start_drivers()
    renum.wait_for(old)
    page.reload()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Retry what is missing").click()

    expect(page.get_by_text("Repeats the execution of")).to_be_visible()
    expect(page.get_by_text("Made in an earlier execution")).to_have_count(1)
    new = old.__class__.objects.get(retried_from=old)
    renum.wait_for(new)
    page.reload()
    expect(page.locator("#live .badge").first).to_have_text("completed")
    expect(page.locator("[data-answer]")).to_contain_text("mended")
    page.get_by_role("link", name="To that execution").click()
    expect(page.get_by_text("Repeated by the execution of")).to_be_visible()
    assert window.complaints == []


def test_what_was_cancelled_on_the_live_page_is_retried_and_followed_to_its_answer(
    renum_on: Callable[[str], RunningRenum], open_window: Callable[..., Window]
) -> None:
    renum = renum_on("2025-08")
    renum.owner.set_password(PASSWORD)
    renum.owner.save()
    slow = json.dumps({"key": "slow", "attempts": [{"takes": 90}, {"text": "on time"}]})
    agents = [
        {"agent_id": "agent-1", "role": "researcher"},
        {"agent_id": "agent-2", "role": "writer", "instructions": f"@@sim{slow}"},
    ]
    old = renum.start(renum.make_team({"type": "sequential", "agents": agents}))
    renum.start_drivers()
    window = open_window()
    page = window.page
    window.sign_in(renum.owner.username, PASSWORD)
    page.goto(f"{window.origin}/executions/{old.pk}/")
    expect(page.locator("[data-step=agent-2] .badge").first).to_have_text("running", timeout=60_000)

    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#live .badge").first).to_have_text("cancelled", timeout=60_000)
    expect(page.locator("[data-step=agent-1] .badge").first).to_have_text("completed")
    page.get_by_role("button", name="Retry what is missing").click()

    expect(page.get_by_text("Repeats the execution of")).to_be_visible()
    expect(page.locator("#live .badge").first).to_have_text("completed", timeout=60_000)
    expect(page.get_by_text("Made in an earlier execution")).to_have_count(1)
    expect(page.locator("[data-answer]")).to_contain_text("on time")
    assert window.complaints == []
