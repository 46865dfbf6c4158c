"""Teams as documents: out and in again, with the agents that are there, and applied as often as one likes."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import yaml
from django.db import connections
from django.db.models.functions import Now

from teams.actions.apply_team import Wanted, apply_team
from teams.actions.team_document import TeamDocument
from teams.models import Agent, SunaConnection, Team, WorkflowVersion
from tests.fixtures.people import SEQUENTIAL
from tests.functional.api.conftest import API, assert_problem, client_for

IDS = ["agent-123", "agent-456", "agent-789"]
IMPORT = f"{API}/teams/import"
BY_SLUG = f"{API}/teams/by-slug/analysts"


def list_agents(connection: SunaConnection, *agents: tuple[str, str]) -> None:
    """Make the catalogue hold these agents, by id and name."""
    Agent.objects.filter(connection=connection).delete()
    Agent.objects.bulk_create(
        Agent(connection=connection, agent_id=agent_id, name=name) for agent_id, name in agents
    )
    SunaConnection.objects.filter(pk=connection.pk).update(synced_at=Now())


def test_an_export_holds_the_team_and_nothing_else(api, team, suna_connection) -> None:
    list_agents(suna_connection, ("agent-123", "Ada"))

    answer = api.get(f"{API}/teams/{team.pk}/export")

    document = answer.json()
    assert answer.headers["Content-Disposition"] == 'attachment; filename="analysts.json"'
    assert document["definition"].pop("$schema").endswith("/api/v1/workflows/schema")
    assert document == {
        "renum": "team/v1",
        "name": "Analysts",
        "slug": "analysts",
        "description": "",
        "agents": [
            {"agent_id": "agent-123", "name": "Ada"},
            {"agent_id": "agent-456", "name": None},
            {"agent_id": "agent-789", "name": None},
        ],
        "definition": SEQUENTIAL,
    }
    for secret in ("bearer-canary", str(team.pk), str(suna_connection.pk), str(team.owner_id)):
        assert secret not in answer.content.decode()


def test_an_export_as_yaml_is_the_same_document(api, team) -> None:
    document = api.get(f"{API}/teams/{team.pk}/export").json()

    asked = api.get(f"{API}/teams/{team.pk}/export?format=yaml")
    taken = api.get(f"{API}/teams/{team.pk}/export", HTTP_ACCEPT="application/yaml")

    for answer in (asked, taken):
        assert answer.headers["Content-Type"] == "application/yaml; charset=utf-8"
        assert answer.headers["Content-Disposition"] == 'attachment; filename="analysts.yaml"'
        assert yaml.safe_load(answer.content) == document
    assert_problem(api.get(f"{API}/teams/{team.pk}/export?format=xml"), 400, "invalid_parameter")
    assert_problem(api.get(f"{API}/teams/{uuid.uuid4()}/export?format=yaml"), 404, "not_found")


def test_an_export_is_imported_as_it_is_and_exports_the_same(api, team, outsider) -> None:
    theirs = client_for(outsider)
    document = api.get(f"{API}/teams/{team.pk}/export").json()

    made = theirs.post(IMPORT, document)

    assert made.status_code == 201, made.content
    body = made.json()
    assert (body["owner"]["username"], body["slug"], body["agents_replaced"]) == ("oscar", "analysts", {})
    assert made.headers["Location"].endswith(body["id"])
    assert theirs.get(f"{API}/teams/{body['id']}/export").json() == document
    assert_problem(theirs.post(IMPORT, document), 409, "name_taken")


def test_an_agent_is_found_by_id_else_by_name_else_by_what_is_said(api, team, suna_connection) -> None:
    list_agents(suna_connection, ("agent-123", "Ada"), ("agent-456", "Bela"), ("agent-789", "Chico"))
    document = api.get(f"{API}/teams/{team.pk}/export").json() | {"name": "Elsewhere"}
    list_agents(suna_connection, ("agent-123", "Somebody"), ("new-b", "BELA"), ("new-c", "Carlos"))

    body = assert_problem(api.post(IMPORT, document), 422, "agents_missing")
    made = api.post(IMPORT, document | {"agent_ids": {"agent-789": "new-c"}})

    [missing] = body["errors"]
    assert (missing["pointer"], missing["code"]) == ("/definition/agents/2/agent_id", "unknown_agent")
    assert missing["params"] == {"agent_id": "agent-789", "name": "Chico", "candidates": []}
    assert made.status_code == 201, made.content
    assert made.json()["agents_replaced"] == {"agent-456": "new-b", "agent-789": "new-c"}
    steps = made.json()["workflow"]["definition"]["agents"]
    assert [(step.get("id"), step["agent_id"]) for step in steps] == [
        (None, "agent-123"),
        ("agent-456", "new-b"),
        ("agent-789", "new-c"),
    ]


def test_of_two_agents_of_one_name_neither_is_guessed_and_a_missing_one_is_none(api, suna_connection) -> None:
    list_agents(suna_connection, ("x", "Ada"), ("y", "ada"), ("gone", "Gone"))
    Agent.objects.filter(agent_id="gone").update(missing_since=Now())
    document = {
        "renum": "team/v1",
        "name": "Two",
        "agents": [{"agent_id": "a", "name": "Ada"}],
        "definition": {"type": "parallel", "agents": [{"agent_id": "a"}, {"agent_id": "gone"}]},
    }

    errors = assert_problem(api.post(IMPORT, document), 422, "agents_missing")["errors"]

    assert [(error["params"]["agent_id"], error["params"]["candidates"]) for error in errors] == [
        ("a", ["x", "y"]),
        ("gone", []),
    ]
    insisted = document | {"agent_ids": {"a": "y", "gone": "gone"}}
    assert api.post(IMPORT, insisted).status_code == 201


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"renum": "team/v2"}, "/renum", "invalid_value"),
        ({"renum": None}, "/renum", "wrong_type"),
        ({"agents": {}}, "/agents", "wrong_type"),
        ({"agents": ["a"]}, "/agents/0", "wrong_type"),
        ({"agents": [{"agent_id": "a", "name": 5}]}, "/agents/0/name", "wrong_type"),
        ({"agents": [{"agent_id": "a", "key": "sk"}]}, "/agents/0", "wrong_type"),
        ({"agent_ids": []}, "/agent_ids", "wrong_type"),
        ({"agent_ids": {"agent-123": None}}, "/agent_ids/agent-123", "wrong_type"),
        ({"agent_ids": {"nobody": "x"}}, "/agent_ids/nobody", "unknown_reference"),
        ({"name": ""}, "/name", "required"),
        ({"owner": "me"}, "/owner", "unknown_field"),
    ],
)
def test_a_document_that_cannot_be_read_is_refused(api, changes, pointer, code) -> None:
    document = {"renum": "team/v1", "name": "Another", "definition": SEQUENTIAL} | changes

    [error] = assert_problem(api.post(IMPORT, document), 400, "validation_error")["errors"]

    assert (error["pointer"], error["code"]) == (pointer, code)
    assert not Team.objects.exists()


@pytest.mark.parametrize("definition", [None, [], 5, {"agents": 5}, {"agents": [None, {"agent_id": {}}]}])
def test_a_definition_that_is_none_is_refused_with_its_problems(api, definition) -> None:
    document = {"renum": "team/v1", "name": "Another", "definition": definition, "agent_ids": {}}

    for answer in (api.post(IMPORT, document), api.put(BY_SLUG, {"definition": definition})):
        errors = assert_problem(answer, 422, "invalid_workflow")["errors"]
        assert all(error["pointer"].startswith("/definition") for error in errors)
    assert not Team.objects.exists()


def test_applying_makes_a_team_then_leaves_it_alone_then_changes_it(api) -> None:
    wanted = {"name": "Market analysts", "description": "As code.", "definition": SEQUENTIAL}

    made = api.put(BY_SLUG, wanted)
    again = api.put(BY_SLUG, wanted | {"definition": {"$schema": "x", **SEQUENTIAL}})
    shorter = {**SEQUENTIAL, "agents": SEQUENTIAL["agents"][:2]}
    tried = api.put(f"{BY_SLUG}?dry_run=true", {"definition": shorter, "description": "Tried."})
    changed = api.put(BY_SLUG, {"definition": shorter, "note": "from the repository"})
    renamed = api.put(BY_SLUG, {"name": "  Analysts of  markets ", "definition": shorter})

    assert (made.status_code, made.json()["outcome"], made.json()["diff"]) == (201, "created", None)
    assert (made.json()["team"]["slug"], made.json()["team"]["name"]) == ("analysts", "Market analysts")
    assert (again.status_code, again.json()["outcome"], again.json()["changed"]) == (200, "unchanged", [])
    assert again.json()["diff"]["is_same"]
    assert (tried.json()["outcome"], tried.json()["changed"], tried.json()["dry_run"]) == (
        "changed",
        ["description"],
        True,
    )
    assert tried.json()["diff"]["steps"][0]["kind"] == "removed"
    assert (tried.json()["team"]["description"], tried.json()["team"]["version"]) == ("As code.", 1)
    assert (changed.json()["outcome"], changed.json()["changed"]) == ("changed", [])
    assert (changed.json()["team"]["version"], changed.json()["team"]["workflow"]["note"]) == (
        2,
        "from the repository",
    )
    assert changed.json()["team"]["description"] == "As code."
    assert (renamed.json()["changed"], renamed.json()["team"]["name"]) == (["name"], "Analysts of markets")
    assert renamed.json()["team"]["slug"] == "analysts"
    assert WorkflowVersion.objects.count() == 2


def test_a_dry_run_makes_no_team_and_finds_every_problem(api) -> None:
    would = api.put(f"{BY_SLUG}?dry_run=true", {"definition": SEQUENTIAL})

    assert (would.status_code, would.json()["outcome"], would.json()["team"]) == (200, "created", None)
    assert not Team.objects.exists()
    bad = api.put(f"{BY_SLUG}?dry_run=true", {"definition": {"type": "odd", "agents": []}})
    assert_problem(bad, 422, "invalid_workflow")
    for query in ("dry_run=yes", "dry_run=", "dryrun=true", "dry_run=true&dry_run=true"):
        assert_problem(api.put(f"{BY_SLUG}?{query}", {"definition": SEQUENTIAL}), 400, "invalid_parameter")


def test_what_a_team_uses_already_is_applied_although_suna_lists_it_no_more(
    api, team, suna_connection
) -> None:
    list_agents(suna_connection, ("agent-123", "Ada"))

    assert api.put(BY_SLUG, {"definition": SEQUENTIAL}).json()["outcome"] == "unchanged"
    more = {**SEQUENTIAL, "agents": [*SEQUENTIAL["agents"], {"agent_id": "new"}]}
    assert_problem(api.put(BY_SLUG, {"definition": more}), 422, "agents_missing")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("exists", [False, True])
def test_equal_applies_at_once_make_one_team_and_one_version(owner, suna_connection, exists) -> None:
    first = {"type": "sequential", "agents": [{"agent_id": "agent-123"}]}
    if exists:
        apply_team(owner=owner, slug="raced", wanted=Wanted(document=TeamDocument(definition=first)))
    wanted = Wanted(document=TeamDocument(definition=SEQUENTIAL), name="Raced", description="Once.")

    def apply(_: int) -> str:
        try:
            return apply_team(owner=owner, slug="raced", wanted=wanted).outcome
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        outcomes: list[Any] = list(pool.map(apply, range(8)))

    done = "changed" if exists else "created"
    assert sorted(outcomes) == sorted([done, *["unchanged"] * 7])
    team = Team.objects.get()
    assert (team.name, team.description) == ("Raced", "Once.")
    assert team.versions.count() == 1 + exists
    assert team.published_version is not None
    assert team.published_version.definition == SEQUENTIAL
