"""The pages of costs: what was spent, by what, in which days, and what it is made of."""

import datetime as dt
import uuid
import zoneinfo
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from billing.ledger import LedgerEntry, record_responses
from billing.models import UsageLog
from billing.pages.bars import HEIGHT, build_chart
from billing.pages.cost_period import BadPeriod, preset_period, read_period
from executions.models import AgentRun, Execution, ExecutionStep
from teams.actions.delete_team import delete_team
from teams.models import Team, User
from tests.fixtures.people import make_person
from tests.fixtures.site_rows import make_run

pytestmark = pytest.mark.django_db

TODAY = dt.date(2026, 11, 23)
UTC = zoneinfo.ZoneInfo("UTC")
HOSTILE = '"><script>alert(1)</script>'
BUSY = "?from=2026-11-01&to=2026-11-30"
NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


def spend(team: Team, *, at: dt.datetime = NOON, **changes: Any) -> UsageLog:
    """Record an answer of o3 for the team: 10,000 and 500 tokens, 0.024 USD."""
    facts: dict[str, Any] = {
        "execution_id": uuid.uuid4(),
        "agent_run_id": uuid.uuid4(),
        "connection_id": uuid.uuid4(),
        "source_id": f"message-{uuid.uuid4()}",
        "agent_id": "agent-123",
        "step_id": "research",
        "attempt": 1,
        "team_id": team.pk,
        "team_name": team.name,
        "payer_id": team.owner_id,
        "started_by_id": team.owner_id,
        "key_owner_id": team.owner_id,
        "api_key_type": "suna_account",
        "provider": "openai",
        "model": "o3",
        "tokens_input": 10_000,
        "tokens_output": 500,
    }
    [row] = record_responses([LedgerEntry(**{**facts, **changes})], at=at)
    return row


def seen(client: Client, address: str = "", *, page: str = "/costs/") -> str:
    response = client.get(page + address)
    assert response.status_code == 200, response.content.decode()
    return " ".join(response.content.decode().split())


def test_costs_are_shown_by_team_with_their_sum_and_lead_to_their_parts(
    sign_in: Callable[[User], Client], team: Team, agents: None, owner: User
) -> None:
    spend(team)
    spend(team, agent_id="agent-456")
    client = sign_in(owner)

    text = seen(client, BUSY)
    by_agent = seen(client, f"{BUSY}&team={team.pk}&group=agent")

    assert text.count("$0.0480") >= 3
    assert f"group=agent&amp;team={team.pk}" in text
    assert "Ada" in by_agent
    assert "Bela" in by_agent
    assert by_agent.count("$0.0240") >= 2


@pytest.mark.parametrize("group", ["team", "agent", "model", "day", "provider", "user", "payer", "key_type"])
def test_each_grouping_sums_up_to_the_same_whatever_it_is(
    sign_in: Callable[[User], Client], team: Team, owner: User, group: str
) -> None:
    spend(team, model="gpt-4o-mini", provider=None)
    spend(team, agent_id=HOSTILE, model=HOSTILE, provider=HOSTILE, team_name=HOSTILE)
    spend(team, at=NOON + dt.timedelta(days=2), started_by_id=None, payer_id=None)
    spend(team, team_id=None, team_name="")

    response = sign_in(owner).get(f"/costs/{BUSY}&group={group}")

    view = response.context["view"]
    assert sum((line.tally.cost_usd for line in view.lines), Decimal(0)) == view.overall.cost_usd
    assert sum(line.tally.responses for line in view.lines) == view.overall.responses == 4
    assert sum((bar.tally.cost_usd for bar in view.chart.bars), Decimal(0)) == view.overall.cost_usd
    assert b"<script>alert" not in response.content


def test_each_line_leads_to_exactly_the_answers_that_it_counts(
    sign_in: Callable[[User], Client], team: Team, owner: User
) -> None:
    for day in range(3):
        spend(team, at=NOON + dt.timedelta(days=day), agent_id=f"agent-{day}", model="o3" if day else "")
    spend(team, agent_id="agent-2", api_key_type="user_provided")
    client = sign_in(owner)

    for group in ("team", "agent", "model", "day", "provider", "user", "payer", "key_type"):
        for line in client.get(f"/costs/{BUSY}&group={group}").context["view"].lines:
            rows = client.get(f"/costs/rows/{line.rows}").context["rows"]
            assert len(rows) == line.tally.responses, (group, line)
            opened = client.get(f"/costs/{line.more}").context["view"]
            assert opened.overall == line.tally, (group, line)


def test_the_tables_for_spreadsheets_hold_what_the_page_shows(
    sign_in: Callable[[User], Client], team: Team, owner: User
) -> None:
    spend(team)
    spend(team, at=NOON + dt.timedelta(days=30))
    client = sign_in(owner)
    page = client.get(f"/costs/{BUSY}&group=model").context

    rows = b"".join(client.get(page["csv_rows"]).streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    sums = b"".join(client.get(page["csv_sums"]).streaming_content).decode().splitlines()  # type: ignore[attr-defined]

    assert (len(rows), len(sums)) == (2, 2)
    assert sums[1].startswith("o3,1,10000,500,")


def test_what_has_no_price_is_called_unknown_and_never_nothing(
    sign_in: Callable[[User], Client], team: Team, owner: User
) -> None:
    spend(team, model="nobody-knows-it", provider="nowhere")
    spend(team, tokens_input=None, tokens_output=None)
    client = sign_in(owner)

    text = seen(client, BUSY)

    assert "1 answer (10,500 tokens) has no known price" in text
    assert "Of 1 answer Suna reported no tokens" in text
    assert client.get(f"/costs/{BUSY}").context["view"].overall.is_known is False
    assert "<dt>Spent</dt><dd>unknown" in text
    assert len(client.get(f"/costs/rows/{BUSY}&pricing=unpriced").context["rows"]) == 1


def test_what_failed_attempts_cost_is_told_apart_and_listed(
    sign_in: Callable[[User], Client], team: Team, execution: Execution, owner: User
) -> None:
    steps = list(ExecutionStep.objects.filter(execution=execution).order_by("position"))
    ends: list[dict[str, Any]] = [
        {"status": "failed", "code": "run_failed"},
        {"status": "completed"},
        {"status": "stopped"},
    ]
    for step, columns in zip(steps, ends, strict=False):
        run: AgentRun = make_run(execution, step, finished_at=Now(), **columns)
        spend(team, execution_id=execution.pk, agent_run_id=run.pk, step_id=step.step_id)
    client = sign_in(owner)

    page = client.get(f"/costs/{BUSY}")
    rows = client.get(f"/costs/rows/{BUSY}&in_vain=1").context["rows"]

    told = client.get("/api/v1/usage/summary").json()
    assert page.context["wasted"].responses == len(steps) - 1
    assert told["in_vain"]["usage"]["responses"] == len(steps) - 1 == told["total"]["usage"]["responses"] - 1
    assert told["in_vain"]["cost"] == {"cost_usd": f"{page.context['wasted'].cost_usd:f}", "unpriced": 0}
    assert client.get("/api/v1/usage/summary?agent=nobody").json()["in_vain"]["usage"]["responses"] == 0
    assert {line["row"].step_id for line in rows} == {
        step.step_id for step, columns in zip(steps, ends, strict=False) if columns["status"] != "completed"
    }
    assert f"/executions/{execution.pk}/" in seen(client, f"{BUSY}&in_vain=1", page="/costs/rows/")


def test_nobody_sees_what_others_spent_or_what_they_are_called(
    sign_in: Callable[[User], Client], team: Team, owner: User, viewer: User, outsider: User
) -> None:
    secret = make_person("zeno-the-hidden")
    spend(team)
    client = sign_in(outsider)

    text = seen(client, f"{BUSY}&team={team.pk}&user={secret.pk}&payer={owner.pk}")

    assert "Nothing was spent yet" in text
    assert "Analysts" not in text
    assert "zeno" not in text
    assert owner.username not in text
    assert "$0.0240" in seen(sign_in(viewer), BUSY)


def test_a_team_that_is_gone_keeps_its_line(
    sign_in: Callable[[User], Client], team: Team, owner: User
) -> None:
    spend(team)
    delete_team(team=team, by=owner)

    text = seen(sign_in(owner), BUSY)

    assert "Analysts" in text
    assert "deleted" in text


@pytest.mark.parametrize(
    "query",
    [
        "period=century",
        "from=yesterday",
        "from=2026-02-30",
        "from=2026-11-20&to=2026-11-19",
        "from=0001-01-01",
        "to=9999-12-31",
        "group=mood",
        "team=17",
        "model=%00",
        "key_type=stolen",
        "agent=" + "a" * 200,
        "from=%F0%9F%98%80",
    ],
)
def test_an_address_that_cannot_be_is_answered_with_what_is_wrong(
    sign_in: Callable[[User], Client], team: Team, owner: User, query: str
) -> None:
    spend(team)
    for page in ("/costs/", "/costs/rows/"):
        response = sign_in(owner).get(f"{page}?{query}")

        assert response.status_code == 400
        assert 'id="problem"' in response.content.decode()


def test_more_groups_than_a_page_takes_are_refused_in_words(
    sign_in: Callable[[User], Client], team: Team, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for agent in range(4):
        spend(team, agent_id=f"agent-{agent}")
    monkeypatch.setattr("billing.ledger.summary.MAX_GROUPS", 3)

    response = sign_in(owner).get(f"/costs/{BUSY}&group=agent")

    assert response.status_code == 400
    assert "choose a shorter period" in response.content.decode()


def test_pages_of_answers_follow_each_other_without_a_gap(
    sign_in: Callable[[User], Client], team: Team, owner: User
) -> None:
    made = {spend(team).pk for _ in range(120)}
    client = sign_in(owner)

    found, address = [], BUSY
    while address:
        context = client.get(f"/costs/rows/{address}").context
        found += [line["row"].pk for line in context["rows"]]
        address = context["older"]

    assert len(found) == 120
    assert set(found) == made


def test_the_page_asks_the_database_as_often_for_many_rows_as_for_one(
    sign_in: Callable[[User], Client], team: Team, owner: User
) -> None:
    client = sign_in(owner)
    counts = []
    for more in (1, 60):
        for number in range(more):
            spend(team, agent_id=f"agent-{number}", model=f"model-{number % 7}")
        for address in (f"/costs/{BUSY}&group=agent", f"/costs/rows/{BUSY}"):
            with CaptureQueriesContext(connection) as asked:
                client.get(address)
            counts.append(len(asked))

    assert counts[0] + 1 >= counts[2]
    assert counts[1] == counts[3]
    assert max(counts) <= 14


def test_a_day_is_that_of_the_readers_zone(
    sign_in: Callable[[User], Client], team: Team, owner: User
) -> None:
    owner.time_zone = "America/Sao_Paulo"
    owner.save()
    spend(team, at=dt.datetime(2026, 11, 20, 2, 59, tzinfo=dt.UTC))
    spend(team, at=dt.datetime(2026, 11, 20, 3, 0, tzinfo=dt.UTC))
    client = sign_in(owner)

    for day in ("2026-11-19", "2026-11-20"):
        view = client.get(f"/costs/?from={day}&to={day}&group=day").context["view"]
        assert view.overall.responses == 1
        assert [bar.first.isoformat() for bar in view.chart.bars] == [day]


def test_numbers_money_and_days_are_written_as_in_portuguese(
    sign_in: Callable[[User], Client], team: Team, owner: User
) -> None:
    owner.language = "pt-br"
    owner.save()
    spend(team, tokens_input=1_234_567)

    text = seen(sign_in(owner), f"{BUSY}&group=day")

    assert "1.235.067" in text
    assert "US$ 2,4731" in text or "US$\xa02,4731" in text
    assert 'height="1000"' in text
    assert "Custos" in text


def test_a_day_without_23_hours_is_a_whole_day_all_the_same() -> None:
    zone = zoneinfo.ZoneInfo("America/Sao_Paulo")
    # Clocks went from 00:00 to 01:00 in the night to 4 November 2018.
    period = read_period({"from": "2018-11-03", "to": "2018-11-04"}, today=TODAY, zone=zone)

    assert period.days.since.astimezone(dt.UTC) == dt.datetime(2018, 11, 3, 3, tzinfo=dt.UTC)
    assert period.days.until.astimezone(dt.UTC) == dt.datetime(2018, 11, 5, 2, tzinfo=dt.UTC)
    assert period.days.count == 2


@pytest.mark.parametrize(
    ("preset", "today", "days", "before"),
    [
        ("month", "2026-11-23", ("2026-11-01", "2026-11-23"), ("2026-10-01", "2026-10-23")),
        ("month", "2026-03-31", ("2026-03-01", "2026-03-31"), ("2026-02-01", "2026-02-28")),
        ("last-month", "2026-01-10", ("2025-12-01", "2025-12-31"), ("2025-11-01", "2025-11-30")),
        ("7", "2026-11-23", ("2026-11-17", "2026-11-23"), ("2026-11-10", "2026-11-16")),
        ("year", "2028-02-29", ("2028-01-01", "2028-02-29"), ("2027-01-01", "2027-02-28")),
    ],
)
def test_a_period_is_compared_with_the_one_before(
    preset: str, today: str, days: tuple[str, str], before: tuple[str, str]
) -> None:
    period = preset_period(preset, today=dt.date.fromisoformat(today), zone=UTC)

    assert (period.days.first.isoformat(), period.days.last.isoformat()) == days
    assert (period.before.first.isoformat(), period.before.last.isoformat()) == before


def test_a_period_in_words_that_mean_nothing_is_refused() -> None:
    with timezone.override(UTC), translation.override("en"), pytest.raises(BadPeriod) as refused:
        read_period({"to": "2026-13-01"}, today=TODAY, zone=UTC)

    assert refused.value.field == "to"


def test_the_change_is_told_in_a_hundred_and_only_where_both_are_known(
    sign_in: Callable[[User], Client], team: Team, owner: User
) -> None:
    spend(team)
    spend(team)
    spend(team, at=NOON - dt.timedelta(days=30))
    client = sign_in(owner)

    known = client.get(f"/costs/{BUSY}").context["view"].change.percent
    spend(team, model="nobody-knows-it", provider="nowhere")

    assert known == 100
    assert client.get(f"/costs/{BUSY}").context["view"].change.percent is None


def test_bars_lie_in_their_picture_and_the_highest_fills_it() -> None:
    from billing.ledger import Tally

    first, last = dt.date(2026, 1, 1), dt.date(2026, 12, 31)
    tallies = {
        first + dt.timedelta(days=day): Tally(responses=1, cost_usd=Decimal(day)) for day in range(365)
    }

    months = build_chart(tallies, first=first, last=last)
    days = build_chart(tallies, first=first, last=dt.date(2026, 1, 31))

    assert (len(months.bars), len(days.bars)) == (12, 31)
    assert max(bar.height for bar in months.bars) == HEIGHT
    assert sum(bar.tally.responses for bar in months.bars) == 365
    assert all(bar.y + bar.height == HEIGHT and bar.y >= 0 for bar in (*months.bars, *days.bars))
    assert months.bars[-1].x + months.bars[-1].width <= months.width
