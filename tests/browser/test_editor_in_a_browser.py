"""Somebody writes a workflow as JSON: a mistake is marked where it stands, the picture follows the text."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from teams.models import Team, User
from tests.browser.conftest import Window
from tests.fixtures.people import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_mistake_is_marked_and_the_picture_follows(
    owner: User, team: Team, open_window: Callable[..., Window]
) -> None:
    window = open_window()
    page = window.page
    window.sign_in(owner.username, PASSWORD)
    page.goto(f"{window.origin}/teams/{team.pk}/edit/?view=json")
    editor = page.get_by_role("textbox", name="The workflow as JSON")
    expect(editor).to_be_visible()

    editor.press("ControlOrMeta+a")
    page.keyboard.insert_text('{"type": "parallel", "agents": [{"agent_id": "a", "colour": 1}]}')
    marked = page.locator(".cm-lintRange-error")
    expect(marked).to_have_text("1")
    marked.hover()
    expect(page.locator(".cm-tooltip-lint")).to_contain_text("“colour” is not known here")
    expect(page.locator("#drawing")).to_contain_text("There is 1 problem to mend first")

    editor.press("ControlOrMeta+a")
    page.keyboard.insert_text('{"type": "parallel", "agents": [{"agent_id": "a"}, {"agent_id": "b"}]}')
    expect(page.locator("#drawing [data-node]")).to_have_count(2)
    expect(marked).to_have_count(0)
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Dry run").click()
    expect(opened.value.get_by_role("heading", name="At first")).to_be_visible()
    expect(opened.value.locator("article")).to_have_count(2)
    page.get_by_role("button", name="Save and publish").click()
    expect(page.get_by_role("status")).to_contain_text("Saved and published as version 2.")
    assert window.complaints == []


@pytest.mark.parametrize("width", [390, 1200])
def test_the_editor_fits_and_is_marked_in_portuguese(
    owner: User, team: Team, open_window: Callable[..., Window], width: int
) -> None:
    owner.language = "pt-br"
    owner.save()
    window = open_window(width=width, scheme="dark")
    page = window.page
    page.goto(f"{window.origin}/accounts/login/?next=/teams/{team.pk}/edit/?view=json")
    page.locator("[name=username]").fill(owner.username)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("main button[type=submit]").click()
    editor = page.locator(".cm-content")

    editor.press("ControlOrMeta+a")
    page.keyboard.insert_text('{"agents": [' + '"a long text that nobody breaks", ' * 20 + "}")
    expect(page.locator(".cm-lintRange-error")).to_have_count(1)

    width_of_page = page.evaluate("document.scrollingElement.scrollWidth")
    assert width_of_page <= width
    assert window.complaints == []
