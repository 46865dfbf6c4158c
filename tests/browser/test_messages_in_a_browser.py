"""Writing to a team as a person does it: a message, a request, its reply, all without JavaScript too."""

import uuid
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from executions.actions.start_execution import start_execution
from executions.models import TeamMessage
from teams.actions.create_team import create_team
from tests.browser.conftest import Window
from tests.fixtures.people import PASSWORD, make_person
from tests.fixtures.site_rows import NOW, make_connection
from tests.functional.api.test_messages import TALKING

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_person_writes_to_the_team_and_replies_on_a_phone(open_window: Callable[..., Window]) -> None:
    owner = make_person("olga")
    team = create_team(owner=owner, name="Talkers", source=TALKING, connection=make_connection(owner))
    execution = start_execution(team=team, by=owner, prompt="Talk.").execution
    TeamMessage.objects.create(
        execution=execution,
        seq=1,
        kind="request",
        sender="step:agent-123",
        recipient="people",
        text="Which city shall it be?\nThe report needs one.",
        thread=uuid.uuid4(),
        expires_at=NOW.replace(year=2099),
        default_answer="Lisbon",
        created_at=NOW,
    )
    phone = open_window(width=390, height=844, scheme="dark", scripts=False)
    phone.sign_in(owner.username, PASSWORD)
    phone.page.goto(f"{phone.origin}/executions/{execution.pk}/")

    phone.page.get_by_role("link", name="Messages").click()
    phone.page.get_by_role("link", name="Reply to message 1").click()
    phone.page.get_by_label("Reply", exact=True).fill("Porto.")
    phone.page.get_by_role("button", name="Send").click()
    expect(phone.page.get_by_role("status").first).to_contain_text("Your message is there.")
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= 390

    desk = open_window()
    desk.sign_in(owner.username, PASSWORD)
    desk.page.goto(f"{desk.origin}/executions/{execution.pk}/messages/")
    desk.page.get_by_label("Write to the team").fill("Only the years since 2020.")
    desk.page.get_by_label("For", exact=True).select_option("agent-456")
    desk.page.get_by_role("button", name="Send").click()
    expect(desk.page.locator("#m3 .words")).to_have_text("Only the years since 2020.")
    expect(desk.page.locator("#m2")).to_contain_text("goes on from message 1")
    assert list(TeamMessage.objects.order_by("seq").values_list("kind", flat=True)) == [
        "request",
        "reply",
        "direct",
    ]
    assert phone.complaints == desk.complaints == []
