"""Staff edit a team in the admin: a mistake is marked where it stands, what is saved is the next version."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from teams.models import Team, User
from tests.browser.conftest import Window
from tests.fixtures.people import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MISTAKEN = '{"type": "parallel", "agents": [{"agent_id": "agent-123", "colour": 1}]}'
WHOLE = '{"type": "parallel", "agents": [{"agent_id": "agent-123"}, {"agent_id": "agent-456"}]}'


def test_a_mistake_is_marked_and_a_whole_workflow_is_published(
    team: Team, open_window: Callable[..., Window]
) -> None:
    User.objects.create_superuser("sam", email="sam@example.org", password=PASSWORD)
    window = open_window()
    page = window.page
    window.sign_in("sam", PASSWORD)
    page.goto(f"{window.origin}/admin/teams/team/{team.pk}/change/")
    picture = page.locator("#workflow-picture")
    editor = page.locator(".cm-content")
    expect(picture.locator("[data-node]").first).to_be_visible()

    editor.press("ControlOrMeta+a")
    page.keyboard.insert_text(MISTAKEN)
    expect(page.locator(".cm-lintRange-error")).to_have_text("1")
    expect(picture).to_contain_text("There is 1 problem to mend first")

    editor.press("ControlOrMeta+a")
    page.keyboard.insert_text(WHOLE)
    expect(picture.locator("[data-node]")).to_have_count(2)
    expect(page.locator(".cm-lintRange-error")).to_have_count(0)
    page.get_by_label("Note on the new version").fill("Both at once")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.locator("body")).to_contain_text("was changed successfully")

    team.refresh_from_db()
    assert team.published_version is not None
    assert (team.published_version.number, team.published_version.note) == (2, "Both at once")
    assert team.published_version.source == WHOLE
    assert window.complaints == []
