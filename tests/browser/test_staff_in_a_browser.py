"""Staff edit a team in the admin, run it and see its cost; our pages there hinder nobody."""

import json
from collections.abc import Callable

import pytest
from django.test import Client
from playwright.sync_api import expect

from executions.models import Execution
from teams.actions.save_version import save_version
from teams.models import Team, User
from tests.browser.barriers import grave_barriers
from tests.browser.conftest import Window
from tests.browser.test_every_page_in_a_browser import sign_in_quickly
from tests.fixtures.people import PASSWORD, SEQUENTIAL
from tests.fixtures.running import RunningRenum
from tests.fixtures.staff_site import make_site
from tests.functional.admin.routes import addresses

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.shares_suna,
]
COST_PAGES = (
    "/admin/costs/",
    "/admin/costs/rows/",
    "/admin/costs/unpriced/",
    "/admin/costs/reprice/",
)


def mistaken(agent_id: str) -> str:
    return json.dumps({"type": "parallel", "agents": [{"agent_id": agent_id, "colour": 1}]})


def whole(agent_id: str) -> str:
    steps = [{"agent_id": agent_id, "id": "a"}, {"agent_id": agent_id, "id": "b"}]
    return json.dumps({"type": "parallel", "agents": steps})


@pytest.fixture
def sam(transactional_db: None) -> User:
    """Give a superuser."""
    return User.objects.create_superuser("sam", email="sam@example.org", password=PASSWORD)


def test_staff_mend_a_mistake_publish_run_and_see_the_cost(
    renum_on: Callable[[str], RunningRenum], sam: User, open_window: Callable[..., Window]
) -> None:
    renum = renum_on("2025-08")
    renum.start_drivers()
    team = renum.make_team(SEQUENTIAL)
    assert team.published_version is not None
    agent_id = team.published_version.definition["agents"][0]["agent_id"]
    window = open_window()
    page = window.page
    window.sign_in("sam", PASSWORD)
    page.goto(f"{window.origin}/admin/teams/team/{team.pk}/change/")
    picture, editor = page.locator("#workflow-picture"), page.locator(".cm-content")
    expect(picture.locator("[data-node]").first).to_be_visible()

    editor.press("ControlOrMeta+a")
    page.keyboard.insert_text(mistaken(agent_id))
    expect(page.locator(".cm-lintRange-error")).to_have_text("1")
    expect(picture).to_contain_text("There is 1 problem to mend first")
    editor.press("ControlOrMeta+a")
    page.keyboard.insert_text(whole(agent_id))
    expect(picture.locator("[data-node]")).to_have_count(2)
    expect(page.locator(".cm-lintRange-error")).to_have_count(0)
    page.get_by_label("Note on the new version").fill("Both at once")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.locator("body")).to_contain_text("was changed successfully")
    team.refresh_from_db()
    assert (team.published_version.number, team.published_version.note) == (2, "Both at once")
    assert team.published_version.source == whole(agent_id)

    page.goto(f"{window.origin}/admin/teams/team/{team.pk}/run/")
    page.get_by_label("What should the team do?").fill("What of trams in Lisbon?")
    page.get_by_role("button", name="Start the team").click()
    expect(page.locator("body")).to_contain_text("The team is started.")
    execution = Execution.objects.get(team=team)
    renum.wait_for(execution)
    page.reload()
    expect(page.locator(".field-status").first).to_contain_text("completed")
    page.goto(f"{window.origin}/admin/")
    page.locator("[data-figure=spend]").click()
    rows = page.locator("#result_list tbody tr")
    expect(rows.first).to_contain_text(team.name)
    assert window.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_our_pages_of_the_admin_hinder_nobody_and_fit_a_phone(
    team: Team, sam: User, scheme: str, open_window: Callable[..., Window]
) -> None:
    save_version(team=team, by=sam, source=whole("agent-123"), note="Both at once", as_staff=True)
    window = open_window(width=390, scheme=scheme)
    window.sign_in("sam", PASSWORD)
    ours = f"/admin/workflow/{team.pk}/"
    own = ("/admin/", f"{ours}run/", f"{ours}versions/?after=2")
    for path in (*own, *COST_PAGES):
        window.page.goto(window.origin + path)
        assert grave_barriers(window.page) == [], path
        assert window.page.evaluate("document.scrollingElement.scrollWidth") <= 390, path
    assert window.complaints == []


def test_no_page_of_the_admin_asks_another_host_or_breaks_the_policy(
    transactional_db: None, open_window: Callable[..., Window]
) -> None:
    """The pages come from the resolver: a new one is looked at without a word."""
    site = make_site()
    client = Client()
    client.force_login(site.superuser)
    window = open_window()
    sign_in_quickly(window, client)

    seen = 0
    for address in addresses():
        answer = client.get(address)
        if answer.status_code == 200 and "text/html" in answer["Content-Type"]:
            window.page.goto(f"{window.origin}{address}", wait_until="load")
            seen += 1
            assert window.complaints == [], address
    assert seen > 40
