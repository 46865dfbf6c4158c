"""A person watches agents at work, in a real browser, over uvicorn."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from playwright.sync_api import Route, expect

from executions.actions.cancel_execution import cancel_execution
from executions.models import Execution
from tests.browser.conftest import Window
from tests.fixtures.people import PASSWORD
from tests.fixtures.running import RunningRenum
from tests.fixtures.web import RunningWeb, running_web

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.shares_suna,
]

HOSTILE = "<img src=x onerror=alert(1)><b>bold</b>"


@pytest.fixture
def watched(
    renum_on: Callable[[str], RunningRenum], tmp_path: Path
) -> Iterator[Callable[[list[str]], tuple[RunningRenum, RunningWeb, Execution]]]:
    """Give a function that starts agents beside each other, by their directives, and serves their page."""
    with ExitStack() as stack:

        def begin(directives: list[str]) -> tuple[RunningRenum, RunningWeb, Execution]:
            renum = renum_on("2025-08")
            # The tests' own quick hash is none that the product takes.
            renum.owner.password = PBKDF2PasswordHasher().encode(PASSWORD, "salt", iterations=1000)
            renum.owner.save()
            web = stack.enter_context(running_web(renum.env, tmp_path / "web.log"))
            agents = [
                {"agent_id": f"agent-{number}", "instructions": f"@@sim{directive}"}
                for number, directive in enumerate(directives, start=1)
            ]
            execution = renum.start(renum.make_team({"type": "parallel", "agents": agents}))
            renum.start_drivers()
            return renum, web, execution

        yield begin


def open_page(window: Window, web: RunningWeb, renum: RunningRenum, execution: Execution) -> None:
    window.origin = web.url
    window.sign_in(renum.owner.username, PASSWORD)
    expect(window.page.get_by_text("Your menu")).to_be_attached()
    window.page.goto(f"{window.origin}/executions/{execution.pk}/")


def test_agents_are_watched_at_work_through_a_reload_and_without_scripts(
    watched: Callable[[list[str]], tuple[RunningRenum, RunningWeb, Execution]],
    open_window: Callable[..., Window],
) -> None:
    said = (HOSTILE + " and so on. ") * 30
    # As long as a slow machine needs for all the pages; nobody waits for their end.
    speaks = json.dumps({"takes": 60, "text": said})
    calls = json.dumps({"takes": 60, "responses": 20, "complete": HOSTILE})
    renum, web, execution = watched([speaks, calls])
    window = open_window(width=390, height=844)
    open_page(window, web, renum, execution)
    text = window.page.locator("[data-step=agent-1] .live-output .text")
    tool = window.page.locator("[data-step=agent-2] .live-output .tool").first

    expect(text).to_contain_text(HOSTILE, timeout=40_000)
    expect(tool).to_contain_text("web_search", timeout=20_000)
    shown = text.inner_text()
    assert said.startswith(shown)
    expect(text).not_to_have_text(shown)
    assert window.page.evaluate("document.documentElement.scrollWidth") <= 390
    window.page.reload()
    expect(text).to_contain_text(shown.strip())
    plain = open_window(scripts=False)
    open_page(plain, web, renum, execution)
    expect(plain.page.locator("[data-step=agent-1] .live-output .text")).to_contain_text(shown.strip())

    cancel_execution(execution=execution, by=renum.owner)
    expect(window.page.locator("#live .badge").first).to_have_text("cancelled", timeout=30_000)
    expect(window.page.locator(".live-output")).to_have_count(0)
    assert window.page.locator("img[onerror], b").count() == 0
    assert window.complaints == []


def test_the_page_follows_the_stream_and_asks_by_itself_where_there_is_none(
    watched: Callable[[list[str]], tuple[RunningRenum, RunningWeb, Execution]],
    open_window: Callable[..., Window],
) -> None:
    renum, web, execution = watched([json.dumps({"takes": 6}), json.dumps({"takes": 9})])
    follows, cut_off = open_window(), open_window()
    asked: list[str] = []
    follows.page.on("request", lambda request: asked.append(request.url))
    cut_off.page.route("**/events?after=*", lambda route: route.fulfill(status=503))
    open_page(follows, web, renum, execution)
    open_page(cut_off, web, renum, execution)

    for window in (follows, cut_off):
        first = window.page.locator("[data-step=agent-1] .badge")
        expect(first).to_have_text("completed", timeout=30_000)
        expect(window.page.locator("[data-node=agent-1]")).to_have_class("node completed")
    renum.wait_for(execution)
    for window in (follows, cut_off):
        expect(window.page.locator("#live .badge").first).to_have_text("completed", timeout=15_000)

    assert [url for url in asked if "/events?after=" in url]
    looks = [url for url in asked if "?seen=" in url]
    # One look for each change, not one a second: events that come together are one.
    assert 1 <= len(looks) <= Execution.objects.get(pk=execution.pk).event_seq - 1
    assert follows.complaints == []


def test_what_a_reader_opened_and_focused_outlives_the_news(
    watched: Callable[[list[str]], tuple[RunningRenum, RunningWeb, Execution]],
    open_window: Callable[..., Window],
) -> None:
    renum, web, execution = watched([json.dumps({"takes": 1}), json.dumps({"takes": 5})])
    window = open_window(width=390, height=844)
    open_page(window, web, renum, execution)
    page = window.page
    expect(page.locator("[data-step=agent-1] .badge")).to_have_text("completed", timeout=20_000)
    page.locator("[data-step=agent-1] details").first.evaluate("e => { e.open = true }")
    page.locator("#node-agent-2").focus()
    page.evaluate("window.scrollTo(0, 300)")
    before = page.locator("#live").get_attribute("hx-get")

    renum.wait_for(execution)
    expect(page.locator("#live .badge").first).to_have_text("completed", timeout=15_000)

    assert page.locator("#live").get_attribute("hx-get") != before
    assert page.evaluate("document.activeElement.id") == "node-agent-2"
    assert page.evaluate("window.scrollY") == pytest.approx(300, abs=2)
    expect(page.locator("[data-step=agent-1] details").first).to_have_attribute("open", "")
    assert window.complaints == []


def test_a_stream_that_is_lost_midway_is_replaced_by_asking_until_it_comes_back(
    watched: Callable[[list[str]], tuple[RunningRenum, RunningWeb, Execution]],
    open_window: Callable[..., Window],
) -> None:
    renum, web, execution = watched([json.dumps({"takes": 3}), json.dumps({"takes": 7})])
    window = open_window()
    page = window.page
    streams, looks = [], []

    def note(route: Route) -> None:
        streams.append(route.request.url)
        if len(streams) == 1:
            # It ends at once, as where a proxy closes it: a browser asks again after the time it is told.
            route.fulfill(status=200, content_type="text/event-stream", body="retry: 4000\n\n")
        else:
            route.continue_()

    page.route("**/events?after=*", note)
    page.on("request", lambda request: looks.append(len(streams)) if "?seen=" in request.url else None)
    open_page(window, web, renum, execution)

    expect(page.locator("[data-step=agent-1] .badge")).to_have_text("completed", timeout=20_000)
    renum.wait_for(execution)
    expect(page.locator("#live .badge").first).to_have_text("completed", timeout=15_000)

    assert looks.count(1) >= 2, "it asked while the stream was lost"
    assert len(streams) >= 2, "it opened the stream again"
    assert window.complaints == []
