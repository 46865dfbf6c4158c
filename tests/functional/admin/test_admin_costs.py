"""The staff's review of costs: all of the ledger, by anything, down to the rows, and as a table."""

import csv
import datetime as dt
import io
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client

from billing.models import UsageLog
from teams.models import Team
from tests.fixtures.people import make_person
from tests.fixtures.site_rows import NOW, bill, make_run, make_team, start
from tests.functional.admin.conftest import Site, staff_with

pytestmark = pytest.mark.django_db
REVIEW, ROWS, CSV = "/admin/costs/", "/admin/costs/rows/", "/admin/costs/csv/"
DAYS = "from=2026-11-01&to=2026-11-30"
FORMULA = "=1+1"


@pytest.fixture
def reviewer(site: Site) -> Client:
    """Give somebody who may see the ledger, and is in no team."""
    return staff_with("rena", "billing.view_usagelog")


@pytest.fixture
def other(site: Site) -> Team:
    """Give a team of somebody else, with two answers."""
    team = make_team(make_person("otto"), name=FORMULA)
    execution = start(team)
    step = execution.steps.order_by("position")[0]
    bill(execution, step)
    bill(execution, step, model="unheard-of")
    return team


def text(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, response.content.decode()
    return " ".join(response.content.decode().split())


def test_everything_is_in_it_whoever_pays_and_leads_on(reviewer: Client, other: Team) -> None:
    shown = text(reviewer, f"{REVIEW}?{DAYS}")

    assert 'data-figure="spent">$0.0480 + ?' in shown
    assert 'data-figure="responses">3<' in shown
    for name in ("Analysts", FORMULA):
        assert name in shown
    assert "1 answer (10,500 tokens) has no known price" in shown
    by_payer = text(reviewer, f"{REVIEW}?{DAYS}&group=payer&team={other.pk}")
    assert "otto" in by_payer
    assert "olga" not in by_payer
    assert "Only these" in by_payer
    assert FORMULA in by_payer
    rows = text(reviewer, f"{ROWS}?{DAYS}&team={other.pk}")
    assert rows.count("/admin/billing/usagelog/") >= 2
    assert "otto" in rows


@pytest.mark.parametrize("group", ["team", "agent", "model", "day", "provider", "user", "payer", "key_type"])
def test_table_chart_figures_and_csv_agree_by_whatever_it_is_grouped(
    group: str, reviewer: Client, other: Team
) -> None:
    view = reviewer.get(f"{REVIEW}?{DAYS}&group={group}").context["view"]
    answer = reviewer.get(f"{CSV}?{DAYS}&group={group}")
    lines = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))

    spent = sum(row.cost_usd or 0 for row in UsageLog.objects.all())
    assert view.overall.cost_usd == spent == Decimal("0.048")
    assert sum(line.tally.cost_usd for line in view.lines) == spent
    assert sum(bar.tally.cost_usd for bar in view.chart.bars) == spent
    assert sum(Decimal(line["cost_usd"]) for line in lines) == spent
    assert "attachment" in answer["Content-Disposition"]


def test_every_answer_goes_into_the_table_and_none_of_its_cells_is_a_formula(
    reviewer: Client, other: Team
) -> None:
    answer = reviewer.get(f"{CSV}?{DAYS}&of=rows")
    lines = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))

    assert {line["id"] for line in lines} == {str(row.pk) for row in UsageLog.objects.all()}
    assert {line["team"] for line in lines} == {"Analysts", f"'{FORMULA}"}


def test_what_went_into_failed_attempts_is_told_and_leads_to_its_rows(reviewer: Client, other: Team) -> None:
    before = text(reviewer, f"{REVIEW}?{DAYS}")
    assert 'data-figure="in-vain">$0.0000' in before

    failed = start(other)
    failed_step = failed.steps.order_by("position")[0]
    run = make_run(failed, failed_step, status="failed", code="agent_failed", finished_at=NOW)
    bill(failed, failed_step, agent_run_id=run.pk)

    assert 'data-figure="in-vain">$0.0240' in text(reviewer, f"{REVIEW}?{DAYS}")
    rows = text(reviewer, f"{ROWS}?{DAYS}&in_vain=1")
    assert rows.count("$0.0240") == 1


@pytest.mark.parametrize(
    "query",
    ["from=x", "from=%00&to=%00", "period=never", "group=nothing", "team=x", "payer=%00", "pricing=free"],
)
def test_an_address_that_asks_for_nonsense_is_told_so(query: str, reviewer: Client) -> None:
    for page in (REVIEW, ROWS):
        refused = reviewer.get(f"{page}?{query}")
        assert refused.status_code == 400
        assert 'id="problem"' in refused.content.decode()
    assert reviewer.get(f"{CSV}?{query}").status_code == 400
    assert reviewer.get(f"{CSV}?of=everything").status_code == 400


def test_it_is_for_those_who_may_see_the_ledger(site: Site) -> None:
    client = staff_with("lars", "billing.view_statement")

    assert [client.get(page).status_code for page in (REVIEW, ROWS, CSV)] == [403] * 3
    assert [Client().get(page).status_code for page in (REVIEW, ROWS, CSV)] == [302] * 3


def test_a_month_is_found_by_index_among_many_rows(reviewer: Client, site: Site) -> None:
    columns = [field.column for field in UsageLog._meta.concrete_fields]
    changed = {
        "id": "gen_random_uuid()",
        "source_id": "'bulk-' || n",
        "created_at": "o.created_at - (60000 - n) * interval '20 minutes'",
    }
    copied = ", ".join(changed.get(name, f"o.{name}") for name in columns)
    many = f"INSERT INTO renum_ai_usage_logs ({', '.join(columns)}) SELECT {copied}"
    source = " FROM (SELECT * FROM renum_ai_usage_logs LIMIT 1) AS o, generate_series(1, 60000) AS n"
    with connection.cursor() as cursor:
        cursor.execute(many + source)
        cursor.execute("SELECT brin_summarize_new_values('usage_log_by_time')")
        cursor.execute("ANALYZE renum_ai_usage_logs")
    month = UsageLog.objects.filter(created_at__gte=NOW - dt.timedelta(days=30), created_at__lt=NOW)

    plan = month.order_by().values("model_name").explain()

    assert "Seq Scan on renum_ai_usage_logs" not in plan, plan
