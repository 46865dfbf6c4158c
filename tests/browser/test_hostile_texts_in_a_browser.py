"""Hostile texts wherever agents and people can put them, in a real browser: nothing of them comes to life."""

import datetime as dt
import json
from collections.abc import Callable

import pytest
from django.template import Context, Template
from playwright.sync_api import Route, expect

from executions.models import ContextChange, Execution, ExecutionEvent
from teams.markdown.allowed import TAGS
from teams.models import Team, User
from tests.browser.conftest import Window
from tests.fixtures.people import PASSWORD
from tests.fixtures.render_vectors import VECTORS
from tests.fixtures.site_rows import (
    NOW,
    ask,
    make_connection,
    make_run,
    make_team,
    set_execution,
    set_step,
    start,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DECEIT = "pay \u202e001 to \u200b\u2066me "
ALL = DECEIT + "\n\n".join(VECTORS).replace("\0", "")
SOME = DECEIT + " ".join(vector for vector in VECTORS if "\0" not in vector)[:900]
TRAP = """
window.ran = [];
for (const name of ["alert", "xss", "msgbox", "print", "prompt", "confirm"]) {
  window[name] = function () { window.ran.push(name); };
}
"""
LOOK = """([...tags]) => { const KEPT = new Set(tags); return {
  ran: window.ran,
  deceiving: document.querySelector("#content").innerText
    .match(/.{0,20}[\u202a-\u202e\u2066-\u2069\u200b]/gu) || [],
  taken: [typeof window.clobber, typeof document.clobber, typeof document.attributes],
  clobber: document.querySelectorAll("#clobber, [name=clobber]").length,
  twice: document.querySelectorAll("#content").length,
  within: [...document.querySelectorAll(".markdown *, .text *, .exact *, .diff > * *, bdi *")]
    .filter((node) => !KEPT.has(node.tagName))
    .map((node) => node.outerHTML.slice(0, 200)),
  attributes: [...document.querySelectorAll(".markdown *")].flatMap((node) => [...node.attributes])
    .map((one) => one.name).filter((name) => !["href", "rel", "class", "tabindex", "start"].includes(name)),
}; }"""
KEPT = sorted(tag.upper() for tag in TAGS)
NOTHING = {
    "ran": [],
    "deceiving": [],
    "taken": ["undefined", "undefined", "undefined"],
    "clobber": 0,
    "twice": 1,
    "within": [],
    "attributes": [],
}
BARE = Template(
    "{% load renum %}<!doctype html><html lang=en><title>x</title>"
    '<script src="/static/vendor/htmx-2.0.11.min.js"></script>'
    "<main id=content>{% for text in texts %}<section>{{ text|markdown }}</section>{% endfor %}</main>"
)


@pytest.fixture
def hostile(owner: User) -> Execution:
    """Give an execution of which every text is hostile; one step is over, one asks, one runs."""
    team: Team = make_team(owner, name=SOME.removeprefix(DECEIT)[:100], connection=make_connection(owner))
    Team.objects.filter(pk=team.pk).update(description=ALL[:2000])
    execution = start(team, prompt=ALL)
    ids = list(execution.steps.order_by("position").values_list("step_id", flat=True))
    ask(execution, ids[1], text=ALL[:20_000], options=[SOME[:60]])
    set_step(
        execution,
        ids[0],
        status="completed",
        result_text=ALL,
        result_data={"all": ALL},
        input=ALL,
        role=SOME[:190],
        conditions=[{"field": SOME, "operator": "contains", "value": SOME, "seen": SOME, "verdict": False}],
    )
    running = set_step(execution, ids[2], status="running", started_at=NOW, attempts=1)
    make_run(
        execution,
        running,
        status="running",
        thread_id="thread-1",
        suna_run_id="run-1",
        model_name=SOME[:190],
        start_requested_at=NOW,
        started_at=NOW,
    )
    data = {"code": "agent_failed", "message": ALL[:3000]}
    seq = execution.event_seq + 1
    ExecutionEvent.objects.create(
        execution=execution, seq=seq, kind="step_failed", step_id=ids[0], data=data, actor="x", created_at=NOW
    )
    for version, text in enumerate((SOME, ALL), start=1):
        ContextChange.objects.create(
            execution=execution,
            version=version,
            key="<img src=x onerror=alert(1)>",
            value=text,
            author=f"step:{SOME}"[:200],
            created_at=NOW + dt.timedelta(seconds=version),
        )
    return set_execution(execution, status="running", at_rest=False, event_seq=seq, context_version=2)


def test_no_hostile_text_runs_loads_navigates_or_takes_a_name(
    hostile: Execution, owner: User, open_window: Callable[..., Window]
) -> None:
    window = open_window()
    page = window.page
    page.add_init_script(TRAP)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: asked.append(f"dialog {dialog.message}"))
    window.sign_in(owner.username, PASSWORD)
    bare = BARE.render(Context({"texts": [*VECTORS, ALL]}))
    page.route("**/bare/", lambda route: route.fulfill(body=bare, content_type="text/html; charset=utf-8"))
    page.route("**/api/v1/executions/*/live", _speak(hostile))
    step = hostile.steps.order_by("position")[0].step_id
    here = f"/executions/{hostile.pk}/"
    addresses = (
        "/bare/",
        here,
        f"{here}events/",
        f"{here}context/?version=2&against=1",
        f"{here}steps/{step}/",
        "/inbox/",
        f"/teams/{hostile.team_id}/",
    )

    for address in addresses:
        page.goto(f"{window.origin}{address}", wait_until="load")
        if address == here:
            expect(page.locator(".live-output").first).to_contain_text("onerror=alert(1)")
        page.evaluate("() => new Promise((done) => setTimeout(done, 150))")
        assert page.evaluate(LOOK, KEPT) == NOTHING, address
        assert page.url == f"{window.origin}{address}"
        assert len(page.frames) == 1

    assert [address for address in asked if "evil" in address or "/steal" in address or " " in address] == []
    assert window.complaints == []


def test_a_link_of_an_agent_asks_before_it_leaves(
    hostile: Execution, owner: User, open_window: Callable[..., Window]
) -> None:
    step = set_step(
        hostile,
        hostile.steps.order_by("position")[0].step_id,
        result_text="[Bank](https://b\u0430nk.example/a)",
    )
    window = open_window(width=390, height=844)
    window.sign_in(owner.username, PASSWORD)
    page = window.page

    page.goto(f"{window.origin}/executions/{hostile.pk}/steps/{step.step_id}/")
    page.get_by_role("link", name="Bank").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("You are about to leave Renum")
    expect(page.locator(".address")).to_have_text("https://xn--bnk-6cd.example/a")
    expect(page.locator(".address strong")).to_have_text("xn--bnk-6cd.example")
    expect(page.get_by_text("letters that can look like others")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Stay here").click()
    expect(page).to_have_url(f"{window.origin}/executions/{hostile.pk}/steps/{step.step_id}/")
    assert window.complaints == []


def _speak(execution: Execution) -> Callable[[Route], None]:
    """Return an answer in place of the stream of live output: an agent that says everything at once."""
    run = execution.agent_runs.get(status="running").pk
    told = [
        {"kind": "begin", "run": str(run)},
        {"kind": "text", "run": str(run), "message": "1", "text": ALL},
        {"kind": "tool_started", "run": str(run), "call": "1", "name": SOME, "arguments": ALL},
        {"kind": "tool_finished", "run": str(run), "call": "1", "name": SOME, "ok": True, "output": ALL},
    ]
    frames = "".join(f"event: live\ndata: {json.dumps(one)}\n\n" for one in told)

    def answer(route: Route) -> None:
        route.fulfill(body=f"{frames}event: over\ndata: {{}}\n\n", content_type="text/event-stream")

    return answer
