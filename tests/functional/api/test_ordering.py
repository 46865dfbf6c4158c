"""Order and filters of lists: from what is declared alone, whole and in order while rows come in."""

import base64
import datetime as dt
import json
import re
from urllib.parse import quote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from executions.actions.start_execution import start_execution
from executions.models import Execution
from teams.actions.create_team import create_team
from teams.models import Agent, Team, TeamRole
from tests.fixtures.people import SEQUENTIAL, make_member
from tests.fixtures.site_rows import set_execution
from tests.functional.api.conftest import NOW, assert_problem

EXECUTIONS = "/api/v1/executions"


def ids(api, path: str, *, between=lambda: None) -> list[str]:
    """Return the ids of all pages; `between` is called after each."""
    seen: list[str] = []
    page: str | None = path
    while page:
        answer = api.get(page)
        assert answer.status_code == 200, answer.content
        seen += [row["id"] for row in answer.json()["results"]]
        between()
        page = answer.json()["next"]
    return seen


@pytest.fixture
def ended(team, owner) -> list[Execution]:
    """Give seven executions that ended in another order than they began, two of them at the same moment."""
    made = [start_execution(team=team, by=owner, prompt="Go.").execution for _ in range(7)]
    for n, minute in enumerate((3, 1, 2, 2, 5, 4, 0)):
        end = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=minute)
        at = end.replace(second=0, microsecond=0) + dt.timedelta(minutes=1)
        cost = {"cost_usd": str(minute), "unpriced": 0} if minute else {}
        set_execution(made[n], status="completed", finished_at=at, cost_metrics=cost)
    return [Execution.objects.get(pk=execution.pk) for execution in made]


@pytest.mark.parametrize("turned", ["", "-"])
@pytest.mark.parametrize("name", ["finished_at", "cost", "created_at"])
def test_pages_in_every_order_hold_every_row_once_while_rows_come_in(
    name, turned, api, team, owner, ended
) -> None:
    ordering = turned + name
    running = start_execution(team=team, by=owner, prompt="Running.").execution
    keys = {
        "finished_at": lambda row: (row.finished_at, row.pk),
        "cost": lambda row: (int(row.cost_metrics.get("cost_usd", 0)), row.pk),
        "created_at": lambda row: row.pk,
    }
    shown = ended if name == "finished_at" else [*ended, Execution.objects.get(pk=running.pk)]
    expected = sorted(shown, key=keys[name], reverse=bool(turned))
    before = {str(row.pk) for row in shown}

    def come_in() -> None:
        row = start_execution(team=team, by=owner, prompt="Later.").execution
        set_execution(
            row, status="completed", finished_at=ended[2].finished_at, cost_metrics={"cost_usd": "2"}
        )

    seen = ids(api, f"{EXECUTIONS}?ordering={ordering}&limit=2", between=come_in)

    assert len(seen) == len(set(seen))
    assert [one for one in seen if one in before] == [str(row.pk) for row in expected]


def cursor(*parts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


ID = "01890a5d-ac96-774b-bcce-b302099a8057"


@pytest.mark.parametrize(
    "query",
    [
        "ordering=password",
        "ordering=started_by__password",
        "ordering=--cost",
        "ordering=cost,created_at",
        "ordering=",
        "ordering=cost&cursor=abc",
        f"ordering=cost&cursor={ID}",
        "ordering=cost&cursor=%00",
        "ordering=cost&cursor=%C3%A9",
        f"ordering=cost&cursor={'a' * 3000}",
        f"ordering=cost&cursor={cursor('-cost', '1', ID)}",
        f"ordering=cost&cursor={cursor('cost', 1, ID)}",
        f"ordering=cost&cursor={cursor('cost', 'NaN', ID)}",
        f"ordering=cost&cursor={cursor('cost', '1e400', ID)}",
        f"ordering=cost&cursor={cursor('cost', 'x', ID)}",
        f"ordering=cost&cursor={cursor('cost', '1', 'x')}",
        f"ordering=cost&cursor={cursor('cost', '1', None)}",
        f"ordering=cost&cursor={cursor('cost', '1')}",
        f"ordering=cost&cursor={cursor(['cost'], '1', ID)}",
        f"ordering=finished_at&cursor={cursor('finished_at', '2026-11-22T12:00:00', ID)}",
        f"ordering=created_at&cursor={cursor('created_at', '', 5)}",
        "ordering=cost&cursor=" + base64.urlsafe_b64encode(b"[" * 1000).decode(),
        "status=",
        "status=queued,",
        "status=queued,queued",
        "status=queued,done",
        "created_after=yesterday",
        "created_after=2026-11-22",
        "created_after=2026-11-22T12:00:00",
        "created_after=0001-01-01T00:00:00Z",
        "created_after=9999-12-31T23:59:59-12:00",
        "created_after=2026-02-30T00:00:00Z",
        "created_after=2026-11-22T12:00:00%2B99:00",
        "created_before=%D9%A1",
        "started_by=me",
    ],
)
def test_an_odd_order_cursor_or_filter_is_refused(query, api, db) -> None:
    assert_problem(api.get(f"{EXECUTIONS}?{query}"), 400, "invalid_parameter")


@pytest.mark.parametrize("path", ["/api/v1/teams", "/api/v1/agents"])
@pytest.mark.parametrize(
    "query",
    ["search=", "search=%20", f"search={'x' * 101}", "search=%00", "active=1", "missing=1", "ordering=slug"],
)
def test_an_odd_filter_of_teams_and_agents_is_refused(path, query, api) -> None:
    assert_problem(api.get(f"{path}?{query}"), 400, "invalid_parameter")


def test_a_name_in_a_cursor_may_hold_nothing_that_the_database_does_not_take(api) -> None:
    for name in ("\x00", "\ud800"):
        path = f"/api/v1/teams?ordering=name&cursor={cursor('name', name, ID)}"
        assert_problem(api.get(path), 400, "invalid_parameter")


def test_executions_are_narrowed_by_status_time_and_person_together(api, team, owner, ended) -> None:
    otto = make_member(team, "otto", TeamRole.OPERATOR)
    theirs = start_execution(team=team, by=otto, prompt="Go.").execution
    old = start_execution(team=team, by=owner, prompt="Go.").execution
    long_ago = NOW - dt.timedelta(days=700)
    set_execution(old, created_at=long_ago, deadline_at=NOW)
    day = quote((long_ago + dt.timedelta(days=1)).isoformat())

    assert ids(api, f"{EXECUTIONS}?status=queued,paused") == [str(old.pk), str(theirs.pk)]
    assert ids(api, f"{EXECUTIONS}?status=queued&started_by={otto.pk}") == [str(theirs.pk)]
    assert ids(api, f"{EXECUTIONS}?created_before={day}") == [str(old.pk)]
    assert str(old.pk) not in ids(api, f"{EXECUTIONS}?created_after={day}")
    assert len(ids(api, f"/api/v1/teams/{team.pk}/executions?created_after={day}&status=completed")) == 7
    shifted = quote(
        (long_ago + dt.timedelta(days=1)).astimezone(dt.timezone(dt.timedelta(hours=9))).isoformat()
    )
    assert ids(api, f"{EXECUTIONS}?created_before={shifted}") == [str(old.pk)]


def test_teams_are_found_by_a_part_of_their_name_and_by_whether_they_may_run(api, team, owner) -> None:
    names = ["Über", "alpha 100%", "Beta_1", "beta 2"]
    made = [create_team(owner=owner, name=one, definition=SEQUENTIAL, connection=None) for one in names]
    Team.objects.filter(name="beta 2").update(is_active=False)

    def found(query: str) -> list[str]:
        return [row["name"] for row in api.get(f"/api/v1/teams?{query}").json()["results"]]

    assert found("search=BETA&ordering=name") == ["beta 2", "Beta_1"]
    # Nothing in it is a pattern.
    assert found("search=%25") == ["alpha 100%"]
    assert found("search=a_1") == ["Beta_1"]
    assert found("search=beta&active=true") == ["Beta_1"]
    assert found("active=false") == ["beta 2"]
    by_name = ids(api, "/api/v1/teams?ordering=name&limit=2")
    assert sorted(by_name) == sorted([str(team.pk), *(str(one.pk) for one in made)])
    assert ids(api, "/api/v1/teams?ordering=-name&limit=2") == by_name[::-1]


def test_agents_are_found_by_name_id_and_whether_they_are_missing(api, team) -> None:
    for n, name in enumerate(("Researcher", "Writer", "Old writer")):
        Agent.objects.create(
            connection=team.connection,
            agent_id=f"agent-{n}",
            name=name,
            missing_since=NOW if n == 2 else None,
        )

    def found(query: str) -> list[str]:
        return [row["name"] for row in api.get(f"/api/v1/agents?ordering=name&{query}").json()["results"]]

    assert found("search=writer") == ["Old writer", "Writer"]
    assert found("search=AGENT-0") == ["Researcher"]
    assert found("missing=true") == ["Old writer"]
    assert found(f"missing=false&connection={team.connection_id}") == ["Researcher", "Writer"]


def test_an_order_shows_nobody_else_s_rows(api, outsider, as_person, ended) -> None:
    for ordering in ("cost", "finished_at", "created_at"):
        assert as_person(outsider).get(f"{EXECUTIONS}?ordering={ordering}").json()["results"] == []


MANY = 20_000


COPY = """
INSERT INTO renum_team_executions SELECT (jsonb_populate_record(e, jsonb_build_object(
    'id', gen_random_uuid(), 'finished_at', now() + n * interval '1 second'
))).* FROM renum_team_executions e, generate_series(1, %s) n WHERE e.id = %s
"""


def test_a_page_of_a_long_list_is_quick_in_every_order(api, ended, figure) -> None:
    with connection.cursor() as cursor:
        cursor.execute(COPY, [MANY, ended[0].pk])
        cursor.execute("ANALYZE renum_team_executions")
    for query in ("", "&status=failed", "&ordering=-finished_at", "&ordering=-cost"):
        with CaptureQueriesContext(connection) as queries:
            assert api.get(f"{EXECUTIONS}?limit=20{query}").status_code == 200
        took_ms = max(float(one["time"]) for one in queries.captured_queries) * 1000
        figure(f"list_of_20000{query}_ms", round(took_ms, 1))
        assert took_ms < 1_000
        [listed] = [one["sql"] for one in queries if "LIMIT 21" in one["sql"]]
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN " + listed)
            plan = "\n".join(row[0] for row in cursor.fetchall())
        if query in ("", "&ordering=-finished_at"):
            # The rows come in the order of an index; nothing is sorted but rows of one moment.
            assert re.search(r"Index Scan.* on renum_team_executions", plan), plan
