"""A team shared by several people: invited to run it, its settings and its versions, as people do it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from executions.models import Execution
from teams.actions.save_version import save_version
from teams.models import Team, User
from tests.browser.conftest import Window
from tests.fixtures.people import CONDITIONAL, PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_somebody_is_invited_accepts_and_may_run_the_team_and_nothing_else(
    open_window: Callable[..., Window], team: Team, owner: User, outsider: User
) -> None:
    ours, theirs = open_window(), open_window(width=390, height=844)
    ours.sign_in(owner.username, PASSWORD)
    ours.page.goto(f"{ours.origin}/teams/{team.pk}/people/")
    ours.page.get_by_label("User name or e-mail address").fill(outsider.username)
    ours.page.get_by_role("combobox", name="They").select_option("operator")
    ours.page.get_by_role("button", name="Invite", exact=True).click()
    expect(ours.page.get_by_role("heading", name="Open invitations")).to_be_visible()

    theirs.sign_in(outsider.username, PASSWORD)
    page = theirs.page
    page.get_by_role("link", name="Invitations").click()
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_role("heading", name=team.name)).to_be_visible()
    tabs = page.get_by_role("navigation", name="Pages of the team")
    expect(tabs.get_by_role("link", name="Edit")).to_have_count(0)
    tabs.get_by_role("link", name="Settings").click()
    expect(page.get_by_text("You may look at this team, but not change it.")).to_be_visible()
    expect(page.get_by_role("button", name="Save")).to_have_count(0)
    tabs.get_by_role("link", name="Overview").click()
    page.get_by_label("What should the team do?").fill("What of electric bicycles in Lisbon?")
    page.get_by_role("button", name="Run", exact=True).click()

    expect(page.locator("#live .badge").first).to_have_text("queued")
    assert Execution.objects.get().started_by == outsider
    ours.page.reload()
    expect(ours.page.get_by_label(f"What {outsider.username} may do")).to_have_value("operator")
    assert ours.complaints == theirs.complaints == []


def test_versions_are_compared_and_restored_and_settings_are_not_overwritten_unseen(
    open_window: Callable[..., Window], team: Team, owner: User, editor: User
) -> None:
    save_version(team=team, by=owner, definition=CONDITIONAL, note="Branches")
    mine, theirs = open_window(), open_window()
    for window, person in ((mine, owner), (theirs, editor)):
        window.sign_in(person.username, PASSWORD)
        window.page.goto(f"{window.origin}/teams/{team.pk}/settings/")
    theirs.page.get_by_label("Name", exact=True).fill("Thinkers")
    theirs.page.get_by_role("button", name="Save", exact=True).click()
    expect(theirs.page.get_by_role("heading", name="Thinkers")).to_be_visible()

    page = mine.page
    page.get_by_label("Description").fill("Looks far.")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Thinkers")
    expect(page.get_by_label("Description")).to_have_value("Looks far.")
    page.get_by_label("Name", exact=True).fill("Thinkers")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("alert")).to_have_count(0)
    team.refresh_from_db()
    assert (team.name, team.description) == ("Thinkers", "Looks far.")

    page.get_by_role("link", name="Versions").click()
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", name="From version 1 to version 2")).to_be_visible()
    expect(page.get_by_role("heading", name="agent-123")).to_be_visible()
    page.get_by_text("Line by line").click()
    expect(page.locator(".line.removed").first).to_be_visible()
    page.get_by_role("link", name="Versions").click()
    page.get_by_role("button", name="Restore 1").click()
    expect(page.get_by_text("Version 1 is published again, as version 3.")).to_be_visible()
    assert team.versions.get(number=3).definition == team.versions.get(number=1).definition
    assert [said for window in (mine, theirs) for said in window.complaints if "412" not in said] == []
