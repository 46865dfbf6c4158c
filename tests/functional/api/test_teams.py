"""Teams through the API: made, changed, versioned; and the workflow language as a service."""

import json
from typing import Any

import pytest

from executions.actions.start_execution import start_execution
from teams.models import Agent, SunaConnection, Team, TeamRole, WorkflowVersion
from teams.workflow.schema import workflow_schema
from tests.fixtures.people import CONDITIONAL, SEQUENTIAL, make_member
from tests.functional.api.conftest import ANY_STATE, assert_problem, client_for
from tests.unit.workflow.test_ten_mistakes import TEN_MISTAKES

TEAMS = "/api/v1/teams"


def make(api, **members: Any):
    return api.post(TEAMS, {"name": "Support", "definition": CONDITIONAL, **members})


def test_a_team_is_made_with_its_first_version_and_shown_where_location_says(
    api, owner, suna_connection
) -> None:
    response = make(api, description="Routes questions.", connection=str(suna_connection.pk))

    body = response.json()
    assert response.status_code == 201
    assert (body["name"], body["description"], body["role"]) == ("Support", "Routes questions.", "owner")
    assert (body["version"], body["connection"]) == (1, str(suna_connection.pk))
    assert body["owner"] == {"id": str(owner.pk), "username": "olga"}
    assert body["workflow"]["definition"] == CONDITIONAL
    assert body["problems"] == []
    assert api.get(response.headers["Location"]).json() == body
    assert body["links"]["self"] == response.headers["Location"]


def test_the_order_of_a_definition_s_keys_is_kept(api, team) -> None:
    sent = json.dumps(SEQUENTIAL)

    body = api.get(f"{TEAMS}/{team.pk}").content.decode()

    assert sent in json.dumps(json.loads(body))


def test_a_team_without_a_connection_gets_the_person_s_own_and_else_the_site_s(
    api, outsider, suna_connection
) -> None:
    site = SunaConnection.objects.create(
        name="Site", base_url="https://suna.example.org", wire_profile="2025-08"
    )

    assert make(api).json()["connection"] == str(suna_connection.pk)
    assert make(client_for(outsider)).json()["connection"] == str(site.pk)


def test_ten_mistakes_are_ten_problems_with_ten_codes_when_judged(api) -> None:
    body = api.post("/api/v1/workflows/validate", {"definition": TEN_MISTAKES}).json()

    assert body["valid"] is False
    assert len(body["problems"]) == len({problem["code"] for problem in body["problems"]}) == 10
    assert body["problems"][0]["pointer"] == "/limits/max_parallel"


def test_ten_mistakes_are_ten_errors_with_ten_codes_when_a_team_is_made_of_them(api) -> None:
    body = assert_problem(make(api, definition=TEN_MISTAKES), 422, "invalid_workflow")

    assert len(body["errors"]) == len({error["code"] for error in body["errors"]}) == 10
    assert body["errors"][0]["pointer"] == "/definition/limits/max_parallel"
    assert not Team.objects.exists()


@pytest.mark.parametrize("definition", [None, [], "text", 5, True, {}])
def test_what_is_no_workflow_is_refused_and_judged_as_such(definition, api) -> None:
    body = {"definition": definition}

    judged = api.post("/api/v1/workflows/validate", body, format="json").json()
    made = make(api, definition=definition)

    assert judged["valid"] is False
    assert {error["pointer"] for error in assert_problem(made, 422, "invalid_workflow")["errors"]} == {
        "/definition" + problem["pointer"] for problem in judged["problems"]
    }


def test_a_good_workflow_is_valid_and_nothing_is_saved(api) -> None:
    response = api.post("/api/v1/workflows/validate", {"definition": SEQUENTIAL})

    assert response.json()["valid"] is True
    assert response.json()["problems"] == []
    assert not WorkflowVersion.objects.exists()


def test_a_team_s_catalogue_adds_warnings_and_another_s_team_is_not_there(
    api, outsider, team, suna_connection
) -> None:
    Agent.objects.create(connection=suna_connection, agent_id="somebody-else", name="Somebody")
    body = {"definition": SEQUENTIAL, "team": str(team.pk)}

    judged = api.post("/api/v1/workflows/validate", body).json()

    assert {warning["code"] for warning in judged["warnings"]} == {"unknown_agent"}
    assert api.get(f"{TEAMS}/{team.pk}").json()["warnings"] == judged["warnings"]
    assert_problem(client_for(outsider).post("/api/v1/workflows/validate", body), 404, "not_found")


def test_the_schema_is_published_to_anybody(anonymous) -> None:
    response = anonymous.get("/api/v1/workflows/schema")

    assert json.loads(response.content) == workflow_schema()
    assert response.headers["Content-Type"] == "application/schema+json"


def test_a_saved_version_is_published_and_the_earlier_ones_stay(api, team, owner) -> None:
    response = api.post(
        f"{TEAMS}/{team.pk}/versions", {"definition": CONDITIONAL, "note": "routes"}, headers=ANY_STATE
    )

    assert response.status_code == 201
    assert (response.json()["number"], response.json()["note"]) == (2, "routes")
    saved = response.json()
    assert [warning["code"] for warning in saved.pop("warnings")] == ["not_exhaustive"]
    assert api.get(response.headers["Location"]).json() == saved
    assert api.get(f"{TEAMS}/{team.pk}").json()["workflow"]["definition"] == CONDITIONAL
    assert api.get(f"{TEAMS}/{team.pk}/versions/1").json()["definition"] == SEQUENTIAL
    listed = api.get(f"{TEAMS}/{team.pk}/versions").json()["results"]
    assert [(row["number"], row["author"]["username"]) for row in listed] == [(2, "olga"), (1, "olga")]


def test_a_bad_version_is_refused_and_the_published_one_stays(api, team) -> None:
    response = api.post(f"{TEAMS}/{team.pk}/versions", {"definition": TEN_MISTAKES}, headers=ANY_STATE)

    assert_problem(response, 422, "invalid_workflow")
    assert api.get(f"{TEAMS}/{team.pk}").json()["version"] == 1


def test_a_change_keeps_what_it_does_not_name(api, team) -> None:
    body = api.patch(f"{TEAMS}/{team.pk}", {"description": "New."}, headers=ANY_STATE).json()

    assert (body["name"], body["description"], body["is_active"]) == ("Analysts", "New.", True)


def test_a_team_takes_no_name_that_its_owner_uses_already(api, team) -> None:
    make(api, name="Support")

    renamed = api.patch(f"{TEAMS}/{team.pk}", {"name": "support"}, headers=ANY_STATE).json()
    assert (renamed["name"], renamed["slug"]) == ("support", "analysts")
    odd = api.patch(f"{TEAMS}/{team.pk}", {"slug": "Not a slug"}, headers=ANY_STATE)
    assert_problem(odd, 400, "validation_error")
    response = api.patch(f"{TEAMS}/{team.pk}", {"slug": "support"}, headers=ANY_STATE)

    assert_problem(response, 409, "name_taken")
    assert api.get(f"{TEAMS}/{team.pk}").json()["slug"] == "analysts"


def test_names_of_other_scripts_do_not_stand_in_each_other_s_way(api) -> None:
    names = ["研究", "開発", "Análise", "Analise ы", "Analise э"]

    assert [make(api, name=name).status_code for name in names] == [201] * 5
    assert_problem(make(api, name="研究"), 409, "name_taken")


def test_an_editor_may_rename_a_team_but_only_its_owner_switches_it_off(api, editor, team) -> None:
    by_editor = client_for(editor)

    assert (
        by_editor.patch(f"{TEAMS}/{team.pk}", {"name": "Thinkers"}, headers=ANY_STATE).json()["name"]
        == "Thinkers"
    )
    assert_problem(
        by_editor.patch(f"{TEAMS}/{team.pk}", {"is_active": False}, headers=ANY_STATE), 403, "not_allowed"
    )
    assert (
        api.patch(f"{TEAMS}/{team.pk}", {"is_active": False}, headers=ANY_STATE).json()["is_active"] is False
    )


def test_a_list_shows_own_and_shared_teams_with_the_role_in_each(team, owner, outsider) -> None:
    make(client_for(outsider), name="Elsewhere")
    member = make_member(team, "mia", TeamRole.OPERATOR)
    make(client_for(member), name="Her own")

    listed = client_for(member).get(TEAMS).json()["results"]

    assert [(row["name"], row["role"]) for row in listed] == [("Her own", "owner"), ("Analysts", "operator")]


def test_a_credential_never_leaves_and_the_site_s_address_neither(api, suna_connection) -> None:
    SunaConnection.objects.create(name="Site", base_url="https://inside.example.org", wire_profile="2025-08")

    response = api.get("/api/v1/connections")

    by_name = {row["name"]: row for row in response.json()["results"]}
    assert by_name["Nowhere"]["base_url"] == "http://127.0.0.1:9"
    assert (by_name["Site"]["base_url"], by_name["Site"]["shared"]) == (None, True)
    assert "canary" not in response.content.decode()
    assert "sealed" not in response.content.decode()


def test_a_connection_whose_credential_cannot_be_read_is_listed_all_the_same(api, team, settings) -> None:
    settings.RENUM_ENCRYPTION_KEYS = ["another-key-another-key-another-key-1"]

    assert api.get("/api/v1/connections").status_code == 200
    assert api.get(f"{TEAMS}/{team.pk}").status_code == 200


def test_agents_of_another_s_connection_are_not_listed(api, outsider, suna_connection) -> None:
    theirs = SunaConnection.objects.create(owner=outsider, name="Theirs", base_url="https://suna.example.org")
    Agent.objects.create(connection=theirs, agent_id="secret", name="Secret")
    Agent.objects.create(connection=suna_connection, agent_id="known", name="Known")

    assert [row["agent_id"] for row in api.get("/api/v1/agents").json()["results"]] == ["known"]
    assert api.get(f"/api/v1/agents?connection={theirs.pk}").json()["results"] == []
    assert_problem(make(api, connection=str(theirs.pk)), 400, "validation_error")


def test_an_editor_chooses_among_the_owner_s_connections_and_what_runs_keeps_its_own(
    api, editor, operator, outsider, owner, team, suna_connection
) -> None:
    def make_connection(name: str, of: Any) -> SunaConnection:
        fields = {"base_url": "https://suna.example.org", "wire_profile": "2025-08"}
        return SunaConnection.objects.create(owner=of, name=name, **fields)

    site, second = make_connection("Site", None), make_connection("Second", owner)
    hers, foreign = make_connection("The editor's own", editor), make_connection("Foreign", outsider)
    running = start_execution(team=team, by=owner, prompt="Go.").execution
    by_editor, address = client_for(editor), f"{TEAMS}/{team.pk}"

    for chosen in (site, second):
        body = by_editor.patch(address, {"connection": str(chosen.pk)}, headers=ANY_STATE).json()
        assert body["connection"] == str(chosen.pk)
    for other in (str(hers.pk), str(foreign.pk), "00000000-0000-0000-0000-000000000000"):
        problem = assert_problem(
            by_editor.patch(address, {"connection": other}, headers=ANY_STATE), 400, "validation_error"
        )
        assert problem["errors"][0]["pointer"] == "/connection"
    assert by_editor.patch(address, {"connection": None}, headers=ANY_STATE).status_code == 400
    refused = client_for(operator).patch(address, {"connection": str(site.pk)}, headers=ANY_STATE)
    assert_problem(refused, 403, "not_allowed")
    # What is not named stays, also what somebody else chose since.
    assert by_editor.patch(address, {"name": "Thinkers"}, headers=ANY_STATE).json()["connection"] == str(
        second.pk
    )
    running.refresh_from_db()
    assert running.connection == suna_connection
    assert start_execution(
        team=Team.objects.get(pk=team.pk), by=owner, prompt="Go."
    ).execution.connection == (second)
