"""The picture of a workflow and the timeline as a browser draws them, from rows alone."""

import datetime as dt
import json
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from executions.models import Execution, ExecutionEvent
from teams.actions.create_team import create_team
from teams.models import User
from tests.browser.conftest import Window
from tests.fixtures.people import PASSWORD
from tests.fixtures.site_rows import ask, make_connection, set_execution, set_step, start

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDE_NAMES = (
    "WWWWWWWW MMMMMMMM WWWWWWWW",
    "市場調査を行う研究者のための長い名前",
    "illicit little illiterate illusions",
)
OUTSIDE = """() => [...document.querySelectorAll(".graph .node")].flatMap((node) => {
  const box = node.querySelector("rect").getBoundingClientRect();
  const edge = node.querySelector(".fork")?.getBoundingClientRect().left ?? box.right;
  return [...node.querySelectorAll("text")].filter((text) => {
    const drawn = text.getBoundingClientRect();
    return drawn.left < box.left + 8 || drawn.right > (text.matches(".name") ? edge : box.right - 4);
  }).map((text) => text.textContent);
})"""


def workflow(count: int) -> str:
    agents: list[dict[str, object]] = []
    for number in range(count):
        name = WIDE_NAMES[number % len(WIDE_NAMES)]
        step: dict[str, object] = {
            "id": f"s{number}",
            "agent_id": f"agent-{number}",
            "role": f"{name} {number}",
        }
        if number:
            step["depends_on"] = [f"s{(number - 1) // 3}"]
        if number % 2:
            step["conditions"] = [{"field": "initial_prompt", "operator": "contains", "value": "bikes"}]
        agents.append(step)
    return json.dumps({"type": "graph", "agents": agents})


@pytest.fixture
def shown(open_window: Callable[..., Window]) -> Callable[..., Window]:
    """Give a function that shows an execution to its owner."""

    def opened(execution: Execution, **looks: object) -> Window:
        window = open_window(**looks)
        window.sign_in(execution.started_by.username, PASSWORD)
        window.page.goto(f"{window.origin}/executions/{execution.pk}/")
        return window

    return opened


@pytest.fixture
def owner(db: None) -> User:
    """Give a person who can sign in."""
    return User.objects.create_user("ona", password=PASSWORD)


def test_no_name_of_thirty_steps_overruns_its_box(shown: Callable[..., Window], owner: User) -> None:
    connection = make_connection(owner)
    team = create_team(owner=owner, name="Thirty", source=workflow(30), connection=connection, description="")
    execution = start(team)
    window = shown(execution)

    expect(window.page.locator(".graph .node")).to_have_count(30)
    assert window.page.evaluate(OUTSIDE) == []
    name = window.page.locator(".graph .name").first
    plain = window.page.locator("#live").first
    assert name.evaluate("e => getComputedStyle(e).fill") == plain.evaluate("e => getComputedStyle(e).color")
    graph = window.page.locator("#graph")
    window.page.set_viewport_size({"width": 390, "height": 844})
    graph.evaluate("e => e.scrollTo(60, 200)")
    set_execution(execution, status="running")
    expect(window.page.locator("#live .badge").first).to_have_text("running")
    assert graph.evaluate("e => [e.scrollLeft, e.scrollTop]") == [60, 200]
    assert window.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert window.complaints == []


def test_retries_a_pause_a_question_and_the_present_are_drawn(
    shown: Callable[..., Window], owner: User
) -> None:
    connection = make_connection(owner)
    agents = [{"agent_id": f"agent-{name}", "role": name} for name in ("researcher", "writer", "reviewer")]
    source = json.dumps({"type": "sequential", "agents": agents})
    team = create_team(owner=owner, name="Three", source=source, connection=connection, description="")
    execution = start(team)
    began = execution.created_at - dt.timedelta(seconds=60)
    first, second, _ = execution.steps.order_by("position").values_list("step_id", flat=True)
    facts = [
        (0, "step_starting", first, 1),
        (2, "step_running", first, 1),
        (8, "step_retrying", first, 1),
        (12, "execution_paused", "", None),
        (20, "execution_resumed", "", None),
        (21, "step_starting", first, 2),
        (23, "step_running", first, 2),
        (40, "step_completed", first, 2),
        (41, "step_starting", second, 1),
        (43, "step_running", second, 1),
        (50, "question_asked", second, 1),
    ]
    ExecutionEvent.objects.bulk_create(
        ExecutionEvent(
            execution=execution,
            seq=execution.event_seq + number,
            kind=kind,
            step_id=step_id,
            data={"attempt": attempt},
            created_at=began + dt.timedelta(seconds=after_s),
        )
        for number, (after_s, kind, step_id, attempt) in enumerate(facts, start=1)
    )
    Execution.objects.filter(pk=execution.pk).update(
        created_at=began - dt.timedelta(seconds=9), started_at=began
    )
    ask(execution, second)
    over = began + dt.timedelta(seconds=40)
    set_step(
        execution, first, status="completed", attempts=2, finished_at=over, started_at=began, result_text="ok"
    )
    set_execution(execution, event_seq=execution.event_seq + len(facts) + 1)

    window = shown(execution)

    page = window.page
    row = page.locator(f'[data-row="{first}"]')
    for phase, count in (("starting", 2), ("running", 2), ("retrying", 1)):
        expect(row.locator(f"rect.{phase}")).to_have_count(count)
    tops = row.locator("rect.running").evaluate_all("all => all.map(e => e.getBoundingClientRect().top)")
    assert tops[0] < tops[1], "attempts stand one below the other"
    expect(page.locator(f'[data-row="{second}"] rect.asking')).to_have_count(1)
    assert row.locator("rect.pause").count() == 2, "the time in the queue, and the pause"
    expect(page.locator(".timeline-legend")).to_contain_text("waited 0:09 for a driver before it began")
    now = row.locator("line.now").bounding_box()
    asking = page.locator(f'[data-row="{second}"] rect.asking').bounding_box()
    assert now is not None
    assert asking is not None
    assert now["x"] == pytest.approx(asking["x"] + asking["width"], abs=2)
    assert window.complaints == []
