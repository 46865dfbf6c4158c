"""Answering an agent's question as a person does it: from the inbox, and beside its step."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from executions.models import Question
from tests.browser.conftest import Window
from tests.fixtures.people import PASSWORD
from tests.fixtures.running import RunningRenum, wait_until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.shares_suna,
]

ASKS_TWICE = {"key": "k", "attempts": [{"ask": "Which city?"}]}


def test_questions_are_answered_from_the_inbox_and_beside_their_step(
    renum_on: Callable[[str], RunningRenum], open_window: Callable[..., Window]
) -> None:
    renum = renum_on("2025-08")
    renum.owner.set_password(PASSWORD)
    renum.owner.save()
    renum.start_drivers()
    team = renum.make_team({"type": "sequential", "agents": [{"agent_id": "agent-1", "role": "planner"}]})
    execution = renum.start(team, f"Plan a trip. @@sim{json.dumps(ASKS_TWICE)}")
    wait_until(lambda: Question.objects.open().exists())
    plain = open_window(width=390, height=844, scheme="dark", scripts=False)
    plain.sign_in(renum.owner.username, PASSWORD)

    plain.page.get_by_role("link", name="Inbox").click()
    expect(plain.page.locator("[data-question]")).to_have_text("Which city?")
    assert plain.page.evaluate("document.documentElement.scrollWidth") <= 390
    again = f"Portugal. @@sim{json.dumps({'ask': 'Where there?'})}"
    plain.page.get_by_label("Your answer").fill(again)
    plain.page.get_by_role("button", name="Send the answer").click()
    expect(plain.page.get_by_role("status").first).to_have_text("Your answer is on its way to the agent.")

    wait_until(lambda: Question.objects.open().filter(text="Where there?").exists())
    live = open_window()
    live.sign_in(renum.owner.username, PASSWORD)
    live.page.goto(f"{live.origin}/executions/{execution.pk}/")
    live.page.get_by_label("Your answer").fill("In Lisbon.")
    # What is half written outlives the news that come meanwhile.
    live.page.wait_for_timeout(1500)
    expect(live.page.get_by_label("Your answer")).to_have_value("In Lisbon.")
    live.page.get_by_role("button", name="Send the answer").click()

    expect(live.page.locator("#live .badge").first).to_have_text("completed", timeout=30_000)
    expect(live.page.locator("[data-question]")).to_have_count(0)
    assert renum.wait_for(execution).status == "completed"
    plain.page.get_by_role("link", name="Inbox").click()
    expect(plain.page.get_by_text("Nobody waits for you.")).to_be_visible()
    plain.page.get_by_role("link", name="Answered").click()
    expect(plain.page.locator("[data-closed=answered]")).to_have_count(2)
    expect(plain.page.locator("[data-closed=answered]").first).to_contain_text("In Lisbon.")
    assert plain.complaints == live.complaints == []
