"""Building a team by hand: two steps from nothing, mistakes in both views, two windows, and a phone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from teams.models import Agent, Team, User
from tests.browser.conftest import Window
from tests.fixtures.people import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def agents(team: Team) -> None:
    """Give the connection two agents with names."""
    for agent_id, name in (("agent-123", "Ada"), ("agent-456", "Bela"), ("agent-789", "Chico")):
        Agent.objects.create(connection=team.connection, agent_id=agent_id, name=name)


def refusals(window: Window) -> list[str]:
    """Return the complaints that are not the browser's word for a form that was refused."""
    return [said for said in window.complaints if "422" not in said and "412" not in said]


@pytest.mark.parametrize("scripts", [True, False])
def test_a_team_is_built_from_nothing_on_a_phone(
    open_window: Callable[..., Window], owner: User, agents: None, *, scripts: bool
) -> None:
    window = open_window(width=390, height=844, scripts=scripts)
    window.sign_in(owner.username, PASSWORD)
    page = window.page
    page.goto(f"{window.origin}/teams/new/")
    page.get_by_label("Name", exact=True).fill("Newsroom")
    page.get_by_label("Agent", exact=True).select_option(label="Ada")
    page.get_by_label("Role", exact=True).fill("finder")
    page.get_by_role("button", name="Add a step").click()
    expect(page.get_by_role("heading", name="1. finder")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390

    page.get_by_role("button", name="Make the team").click()
    expect(page.get_by_role("alert").first).to_be_visible()
    second = page.locator("#step-step-2")
    expect(second.get_by_label("Agent", exact=True)).to_be_focused()
    expect(second.get_by_label("Agent", exact=True)).to_have_attribute("aria-invalid", "true")
    second.get_by_label("Agent", exact=True).select_option(label="Bela")
    page.get_by_role("button", name="Make the team").click()
    expect(page.get_by_role("heading", name="Newsroom")).to_be_visible()

    made = Team.objects.get(name="Newsroom")
    assert made.published_version is not None
    steps = made.published_version.definition["agents"]
    assert [step["agent_id"] for step in steps] == ["agent-123", "agent-456"]
    assert refusals(window) == []


def test_with_the_keyboard_an_agent_is_found_and_a_step_moved_on_and_on(
    open_window: Callable[..., Window], team: Team, owner: User, agents: None
) -> None:
    Agent.objects.bulk_create(
        Agent(connection=team.connection, agent_id=f"writer-{at}", name=f"Writer {at:03}")
        for at in range(200)
    )
    window = open_window(width=390, height=844)
    window.sign_in(owner.username, PASSWORD)
    page = window.page
    page.goto(f"{window.origin}/teams/{team.pk}/edit/")
    expect(page.locator(".tall-picture")).to_be_visible()
    expect(page.locator(".wide-picture")).to_be_hidden()
    page.set_viewport_size({"width": 1200, "height": 800})
    expect(page.locator(".wide-picture")).to_be_visible()
    expect(page.locator(".tall-picture")).to_be_hidden()
    first = page.get_by_label("Agent", exact=True).first
    expect(first).to_have_value("Ada")
    first.fill("writer 117")

    page.locator("#step-agent-123").get_by_role("button", name="Move down").focus()
    page.keyboard.press("Enter")
    expect(page.locator("button[value='down:1']")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("button[value='up:2']")).to_be_focused()
    expect(page.get_by_label("Agent", exact=True).last).to_have_value("Writer 117")
    assert refusals(window) == []


def test_a_colleague_who_saved_meanwhile_is_seen_and_nothing_is_lost(
    open_window: Callable[..., Window], team: Team, owner: User, editor: User, agents: None
) -> None:
    windows = []
    for person in (owner, editor):
        window = open_window()
        window.sign_in(person.username, PASSWORD)
        window.page.goto(f"{window.origin}/teams/{team.pk}/edit/")
        windows.append(window)
    mine, theirs = (window.page for window in windows)
    mine.get_by_label("Role").first.fill("mine")
    theirs.get_by_label("Role").first.fill("theirs")
    theirs.get_by_role("button", name="Save and publish").click()
    expect(theirs.get_by_text("Saved and published as version 2.")).to_be_visible()

    mine.get_by_role("button", name="Save and publish").click()
    expect(mine.get_by_text("saved version 2 while you edited")).to_be_visible()
    expect(mine.get_by_label("Role").first).to_have_value("mine")
    mine.get_by_role("button", name="Check and draw").click()
    mine.get_by_role("button", name="JSON").click()
    expect(mine.get_by_text("saved version 2 while you edited")).to_be_visible()
    editor = mine.locator(".cm-content")
    text = mine.locator("textarea[data-editor]").input_value()
    type_over(editor, text.replace('"agents"', '"agents",'))
    mine.get_by_role("button", name="Check and draw").click()
    expect(mine.locator("#problems")).to_contain_text("Line")
    type_over(editor, text)
    mine.get_by_role("button", name="Form").click()
    expect(mine.get_by_label("Role").first).to_have_value("mine")
    assert [said for window in windows for said in refusals(window)] == []


def type_over(editor: Locator, text: str) -> None:
    editor.press("ControlOrMeta+a")
    editor.page.keyboard.insert_text(text)
