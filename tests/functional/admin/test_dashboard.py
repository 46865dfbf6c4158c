"""The first page of the admin: its figures are those of the lists to which they lead."""

import datetime as dt
import re
from decimal import Decimal

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape

from billing.models import UsageLog
from executions.admin.dashboard import Card
from executions.models import Driver, Execution
from teams.models.database_time import database_now
from tests.fixtures.site_rows import ask, bill, doubt_start, make_team, set_execution, set_step, start
from tests.functional.admin.conftest import Site, staff_with

pytestmark = pytest.mark.django_db

MAX_QUERIES = 12
"""Session, person and content types included."""


def cards_of(client: Client) -> dict[str, Card]:
    context = client.get("/admin/").context
    return {card.name: card for section in context["sections"] for card in section["cards"]}


def rows_at(client: Client, card: Card) -> set[str]:
    listed = client.get(card.address).context["cl"]
    return {str(row.pk) for row in listed.queryset}


def make_old(*executions: Execution) -> None:
    """Have them wait for longer than the alarm's minute."""
    ids = [execution.pk for execution in executions]
    Execution.objects.filter(pk__in=ids).update(created_at=Now() - dt.timedelta(minutes=5))


@pytest.fixture
def busy(site: Site) -> dict[str, Execution]:
    """Give executions of each standing; the site's own is queued and new."""

    def fresh() -> Execution:
        return start(site.team)

    made = {
        "stuck": fresh(),
        "quarantined": set_execution(fresh(), status="quarantined", pause_requested_at=Now()),
        "needs_review": set_execution(
            fresh(), status="paused", code="needs_review", pause_requested_at=Now()
        ),
        "start_uncertain": fresh(),
        "answer": fresh(),
        "failed": set_execution(fresh(), status="failed", code="step_failed"),
        "completed": set_execution(fresh(), status="completed"),
        "long_ago": fresh(),
    }
    doubt_start(made["start_uncertain"])
    set_execution(made["start_uncertain"], at_rest=True)
    ask(made["answer"])
    days = Now() - dt.timedelta(days=3)
    set_execution(made["long_ago"], status="failed", code="step_failed", created_at=days, finished_at=days)
    make_old(made["stuck"])
    return made


def test_each_figure_is_the_number_of_rows_of_the_list_that_it_leads_to(
    busy: dict[str, Execution], site: Site, admin: Client
) -> None:
    cards = cards_of(admin)

    for name, card in cards.items():
        if name not in ("spend", "drivers"):
            assert len(rows_at(admin, card)) == card.value, name
    for name in ("stuck", "quarantined", "needs_review", "start_uncertain", "failed", "completed"):
        assert rows_at(admin, cards[name]) == {str(busy[name].pk)}, name
        assert cards[name].value == 1
    assert cards["questions"].value == 1
    assert cards["failed"].is_alarming
    assert not cards["completed"].is_alarming


def test_the_list_can_be_narrowed_to_what_waits_for_an_answer(
    busy: dict[str, Execution], admin: Client
) -> None:
    listed = admin.get("/admin/executions/execution/?waits=answer").context["cl"]

    assert [row.pk for row in listed.queryset] == [busy["answer"].pk]


def test_the_spend_is_the_sum_of_the_rows_of_today_and_says_what_it_leaves_out(
    site: Site, admin: Client
) -> None:
    step = set_step(site.execution, "agent-123")
    now = database_now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM renum_ai_usage_logs WHERE created_at >= current_date")
        before = cursor.fetchone()[0]
    bill(site.execution, step, at=now)
    bill(site.execution, step, at=now, model="a-model-without-a-price", provider="nobody")

    cards = cards_of(admin)
    spent = cards["spend"].spending
    rows = UsageLog.objects.filter(pk__in=rows_at(admin, cards["spend"]))

    assert spent is not None
    assert spent.responses == rows.count() == before + 2
    assert spent.cost_usd == sum((row.cost_usd for row in rows if row.cost_usd is not None), Decimal(0)) > 0
    assert (cards["unpriced"].value, cards["unpriced"].is_alarming) == (1, True)
    assert cards["spend"].note == "1 answer is not in it."


def test_drivers_are_counted_by_their_lease_and_none_is_an_alarm_while_something_waits(
    site: Site, admin: Client
) -> None:
    for waiting in Execution.objects.all():
        set_execution(waiting, status="failed", code="step_failed")
    idle = cards_of(admin)["drivers"]
    start(make_team(site.superuser, name="Navigators", connection=site.connection))
    none = cards_of(admin)["drivers"]
    now = database_now()
    Driver.objects.create(
        host="a.example.org",
        pid=7,
        lease_until=now + dt.timedelta(minutes=5),
        capacity=50,
        in_flight=4,
        started_at=now,
        beat_at=now,
    )
    Driver.objects.create(
        host="b.example.org",
        pid=8,
        lease_until=now - dt.timedelta(minutes=5),
        capacity=50,
        started_at=now - dt.timedelta(hours=1),
        beat_at=now - dt.timedelta(hours=1),
    )

    one = cards_of(admin)["drivers"]

    assert (idle.value, idle.is_alarming, idle.note) == (0, False, "None is needed: nothing waits.")
    assert (none.value, none.is_alarming) == (0, True)
    assert (one.value, one.is_alarming, one.note) == (1, False, "They hold 4 of 50 executions.")


def test_the_first_page_takes_few_queries_however_much_there_is(
    busy: dict[str, Execution], site: Site, admin: Client
) -> None:
    with CaptureQueriesContext(connection) as queries:
        admin.get("/admin/")
    few = len(queries)
    for number in range(3):
        set_execution(start(make_team(site.owner, name=f"More {number}")), status="failed", code="timeout")
    with CaptureQueriesContext(connection) as queries:
        admin.get("/admin/")

    assert len(queries) == few <= MAX_QUERIES


def test_staff_see_the_figures_of_what_they_may_view_only(busy: dict[str, Execution], site: Site) -> None:
    nothing = staff_with("nora")
    costs = staff_with("carla", "billing.view_usagelog")

    assert cards_of(nothing) == {}
    assert busy["failed"].team.name not in nothing.get("/admin/").content.decode()
    assert set(cards_of(costs)) == {"spend", "unpriced"}


def test_what_failed_last_stands_there_with_its_code(busy: dict[str, Execution], admin: Client) -> None:
    page = admin.get("/admin/").content.decode()

    assert f"/admin/executions/execution/{busy['failed'].pk}/change/" in page
    assert re.search(r"font-mono[^<]*>step_failed<", page)


@pytest.mark.parametrize("waits", ["", "x", "stuck'", "quarantined%00", "answer,answer"])
def test_a_filter_that_is_none_narrows_nothing_and_breaks_nothing(
    busy: dict[str, Execution], admin: Client, waits: str
) -> None:
    response = admin.get(f"/admin/executions/execution/?waits={waits}")

    assert response.status_code in (200, 400)
    if response.status_code == 200:
        assert response.context["cl"].result_count == Execution.objects.count()


def test_executions_are_found_by_id_label_code_team_and_person(
    busy: dict[str, Execution], site: Site, admin: Client
) -> None:
    set_execution(busy["completed"], labels=["lisbon trip"])
    other = start(make_team(site.superuser, name="Navigators", connection=site.connection))

    def found(words: str) -> set[object]:
        return {
            row.pk for row in admin.get("/admin/executions/execution/", {"q": words}).context["cl"].queryset
        }

    assert found(str(other.pk)) == {other.pk}
    assert found("lisbon trip") == {busy["completed"].pk}
    assert found("needs_review") == {busy["needs_review"].pk}
    assert found("navigat") == {other.pk}
    assert found("sam") == {other.pk}
    assert found("100%_\\' OR 1=1") == set()
    assert found("  ") == {row.pk for row in Execution.objects.all()}
    assert escape(str(other.pk)) in admin.get(f"/admin/executions/execution/?q={other.pk}").content.decode()
