"""Pages and queries: whole, in order, and with a number of queries that does not grow with the rows."""

import ast
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.actions.store_user_key import store_user_key
from executions.actions.start_execution import start_execution
from teams.actions.create_team import create_team
from teams.actions.save_version import save_version
from teams.models import Agent, SunaConnection, TeamMembership
from tests.fixtures.budget_rows import make_budget
from tests.fixtures.people import SEQUENTIAL, make_person
from tests.functional.api.conftest import NOW

ROOT = Path(__file__).resolve().parents[3]


def grow_teams(team, owner, n: int) -> None:
    # Other people's teams, shared with the owner: each has an owner and a membership of its own.
    other = make_person(f"other-{n}")
    shared = create_team(owner=other, name=f"Team {n}", definition=SEQUENTIAL, connection=team.connection)
    TeamMembership.objects.create(team=shared, user=owner, role="operator")
    start_execution(team=shared, by=owner, prompt="Go.")


def grow_executions(team, owner, n: int) -> None:
    start_execution(team=team, by=owner, prompt=f"Go {n}.")


def grow_versions(team, owner, n: int) -> None:
    save_version(team=team, by=owner, definition=SEQUENTIAL, note=str(n))


def grow_keys(team, owner, n: int) -> None:
    store_user_key(user=owner, service=f"service-{n}", key="sk-0123456789", now=NOW)


def grow_agents(team, owner, n: int) -> None:
    Agent.objects.create(connection=team.connection, agent_id=f"agent-{n}", name=f"Agent {n}")


def grow_budgets(team, owner, n: int) -> None:
    make_budget(owner, name=f"Budget {n}", team=team if n % 2 else None)


def grow_connections(team, owner, n: int) -> None:
    SunaConnection.objects.create(owner=owner, name=f"Suna {n}", base_url="https://suna.example.org")


LISTS = {
    "teams": ("/api/v1/teams", grow_teams, 3),
    "executions": ("/api/v1/executions", grow_teams, 2),
    "executions of a team": ("/api/v1/teams/{team}/executions", grow_executions, 4),
    "budgets": ("/api/v1/budgets", grow_budgets, 5),
    "versions": ("/api/v1/teams/{team}/versions", grow_versions, 4),
    "user keys": ("/api/v1/user-keys", grow_keys, 3),
    "agents": ("/api/v1/agents", grow_agents, 2),
    "connections": ("/api/v1/connections", grow_connections, 2),
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_takes_as_many_queries_for_twelve_rows_as_for_three(name, api, team, owner) -> None:
    path, grow, expected = LISTS[name]
    path = path.format(team=team.pk)
    api.get("/api/v1/user-keys")

    def count(rows: range) -> tuple[int, int]:
        for n in rows:
            grow(team, owner, n)
        with CaptureQueriesContext(connection) as queries:
            shown = api.get(path).json()["results"]
        return len(queries), len(shown)

    few, many = count(range(3)), count(range(3, 12))

    assert (few[0], many[0]) == (expected, expected)
    assert many[1] == few[1] + 9


DETAILS = {
    "/api/v1/teams/{team}": 4,
    "/api/v1/executions/{execution}": 5,
    "/api/v1/executions/{execution}/events": 3,
    "/api/v1/executions/{execution}/usage": 4,
    "/api/v1/executions/{execution}/steps/{step}": 7,
}


@pytest.mark.parametrize("path", DETAILS)
def test_a_single_thing_takes_a_known_number_of_queries(path, api, team, execution) -> None:
    step = execution.steps.get(position=0)
    api.get("/api/v1/user-keys")

    with CaptureQueriesContext(connection) as queries:
        response = api.get(path.format(team=team.pk, execution=execution.pk, step=step.step_id))

    assert response.status_code == 200
    assert len(queries) == DETAILS[path], [query["sql"][:200] for query in queries]


def test_pages_hold_every_row_once_newest_first_while_rows_come_in(api, team, owner) -> None:
    made = [str(start_execution(team=team, by=owner, prompt="Go.").execution.pk) for _ in range(7)]

    seen: list[str] = []
    page = "/api/v1/executions?limit=3"
    while page:
        body = api.get(page).json()
        seen += [row["id"] for row in body["results"]]
        start_execution(team=team, by=owner, prompt="Later.")
        page = body["next"]

    assert seen == made[::-1]


def test_a_page_that_ends_with_the_last_row_has_no_next_and_filters_go_along(api, team, owner) -> None:
    for _ in range(4):
        start_execution(team=team, by=owner, prompt="Go.")

    assert api.get("/api/v1/executions?limit=4").json()["next"] is None
    body = api.get(f"/api/v1/executions?limit=3&team={team.pk}&status=queued").json()
    assert f"team={team.pk}" in body["next"]
    assert "status=queued" in body["next"]
    assert len(api.get(body["next"]).json()["results"]) == 1


def test_endpoints_reach_rows_through_what_their_person_may_see_alone() -> None:
    allowed = {"for_user", "for_operator", "for_staff", "visible_to", "paid_by", "owned_by", "addressed_to"}
    sources = [
        path for app in ("teams", "billing", "executions") for path in (ROOT / app / "api").glob("*.py")
    ]

    found, strays = 0, []
    for path in sources:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Attribute)
                and node.value.attr == "objects"
            ):
                found += 1
                # A token is found by its hash, before anybody is known; whether drivers live is no secret.
                if node.attr not in allowed and path.name not in {"authentication.py", "health_endpoint.py"}:
                    strays.append(f"{path.name}:{node.lineno} {node.attr}")

    assert found >= 5
    assert strays == []
