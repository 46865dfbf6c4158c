"""Takes the pictures of the README and the documents: `make screenshots` writes them to docs/pictures/.

No test by its name, so that nobody takes them by chance. One picture is one line in PICTURES; its rows are
made in `shown`, as a person would have them after a few days of work.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from executions.models import Execution
from teams.models import Team, User
from tests.browser.conftest import Window
from tests.browser.test_every_page_in_a_browser import sign_in_quickly
from tests.fixtures.budget_rows import make_budget
from tests.fixtures.people import make_person
from tests.fixtures.site_rows import (
    ask,
    bill,
    make_connection,
    make_run,
    make_team,
    set_execution,
    set_step,
    start,
)
from tests.repository.messages import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FOLDER = ROOT / "docs" / "pictures"
SIZE = {"width": 1200, "height": 860}
STEPS = ("agent-123", "agent-456", "agent-789")


@dataclass(frozen=True, slots=True)
class Shown:
    """What the pictures show."""

    team: Team
    live: Execution


PICTURES: dict[str, Callable[[Shown], str]] = {
    "start": lambda shown: reverse("start"),
    "templates": lambda shown: reverse("template-list"),
    "team": lambda shown: reverse("team", args=[shown.team.pk]),
    "live": lambda shown: reverse("execution", args=[shown.live.pk]),
    "costs": lambda shown: reverse("costs"),
    "inbox": lambda shown: reverse("inbox"),
    "budgets": lambda shown: reverse("budget-list"),
    "prices": lambda shown: reverse("prices") + "?model=gpt-4o-mini",
}
STAFF_PICTURES: dict[str, Callable[[Shown], str]] = {
    "staff-start": lambda shown: reverse("admin:index"),
    "staff-team": lambda shown: reverse("admin:teams_team_change", args=[shown.team.pk]),
    "staff-costs": lambda shown: reverse("staff-costs"),
}


def _work(execution: Execution, step_id: str, *, begun_s: int, took_s: int | None, text: str) -> None:
    """Have a step begin so many seconds ago; without `took_s` it is still at work."""
    begun = Now() - dt.timedelta(seconds=begun_s)
    is_over = took_s is not None
    status = "completed" if is_over else "running"
    step = set_step(
        execution, step_id, status=status, attempts=1, started_at=begun, result_text=text if is_over else ""
    )
    ended = begun + dt.timedelta(seconds=took_s) if took_s is not None else None
    times = {"start_requested_at": begun, "started_at": begun, "finished_at": ended}
    make_run(execution, step, status=status, created_at=begun, **times)
    if is_over:
        type(step).objects.filter(pk=step.pk).update(finished_at=ended)
        bill(execution, step)


@pytest.fixture
def shown(transactional_db: None) -> Shown:
    """Give a team with a run under way, others that are over, and a question."""
    owner = make_person("ana")
    connection = make_connection(owner)
    team = make_team(owner, name="Market research", connection=connection)
    support = make_team(owner, name="Customer service", example="conditional", connection=connection)
    for prompt in ("Cargo bikes in Porto", "Repair shops in Lisbon", "Bike leasing for companies"):
        done = start(team, prompt=prompt)
        for number, step_id in enumerate(STEPS):
            _work(done, step_id, begun_s=900 - number * 200, took_s=180, text=f"What was found on: {prompt}.")
        set_execution(done, status="completed", result_text=f"A report on: {prompt}.", started_at=Now())
    asking = start(support, prompt="A customer wants her money back.")
    first = asking.steps.order_by("position")[0]
    make_budget(owner, team=team, name="Market research, monthly")
    make_budget(owner, name="All that I pay")
    ask(asking, first.step_id, text="Shall I offer a refund or a new part?", options=["Refund", "New part"])
    live = start(team, prompt="Is there a market for electric bicycles in Lisbon?")
    begun = Now() - dt.timedelta(seconds=140)
    set_execution(live, status="running", started_at=begun)
    _work(live, STEPS[0], begun_s=135, took_s=80, text="Three sources, all of this year.")
    _work(live, STEPS[1], begun_s=50, took_s=None, text="")
    return Shown(team=team, live=live)


@pytest.mark.parametrize("is_staff", [False, True], ids=["people", "staff"])
def test_take_the_pictures(is_staff: bool, shown: Shown, open_window: Callable[..., Window]) -> None:
    """Write each picture; a page with a complaint has none."""
    client = Client()
    reader = User.objects.create_superuser("stella") if is_staff else shown.team.owner
    client.force_login(reader)
    window = open_window(width=SIZE["width"], height=SIZE["height"])
    sign_in_quickly(window, client)
    window.page.emulate_media(color_scheme="light", reduced_motion="reduce")
    FOLDER.mkdir(exist_ok=True)

    for name, address_of in (STAFF_PICTURES if is_staff else PICTURES).items():
        window.page.goto(f"{window.origin}{address_of(shown)}", wait_until="load")
        window.page.screenshot(path=FOLDER / f"{name}.png", caret="hide", animations="disabled")

    assert window.complaints == []
