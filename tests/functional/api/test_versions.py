"""Versions compared and published again; teams deleted, found by slug, and what their owner may set."""

import json

import pytest
from django.db import transaction

from executions.actions.accept_execution import TeamGone
from executions.actions.start_execution import start_execution
from executions.models import Execution
from teams.actions.create_team import create_team
from teams.actions.delete_team import delete_team
from teams.actions.save_version import save_version
from teams.models import Team, TeamInvitation, WorkflowVersion
from tests.fixtures.people import CONDITIONAL, SEQUENTIAL
from tests.functional.api.conftest import ANY_STATE, API, assert_problem, client_for


def test_a_version_is_compared_with_the_one_before_it_or_with_any(api, team, editor) -> None:
    other = {**SEQUENTIAL, "agents": SEQUENTIAL["agents"][:-1]}
    save_version(team=team, by=editor, definition=other, note="shorter")
    save_version(team=team, by=editor, definition=SEQUENTIAL)
    path = f"{API}/teams/{team.pk}/versions"

    second, back, first = (
        api.get(f"{path}/{place}").json() for place in ("2/diff", "3/diff?against=1", "1/diff")
    )

    assert (second["before"]["number"], second["after"]["note"]) == (1, "shorter")
    assert second["after"]["author"]["username"] == "edda"
    [gone] = second["steps"]
    assert (gone["step"], gone["kind"], gone["before"]) == ("agent-789", "removed", "/agents/2")
    assert second["text"].startswith("--- version 1\n+++ version 2\n")
    assert (back["is_same"], back["steps"], back["document"]) == (True, [], [])
    assert first["before"] is None
    assert {step["kind"] for step in first["steps"]} == {"added"}
    assert_problem(api.get(f"{path}/2/diff?against=9"), 404, "not_found")
    assert_problem(api.get(f"{path}/9/diff"), 404, "not_found")
    assert_problem(api.get(f"{path}/2/diff?against=0"), 400, "invalid_parameter")


def test_an_older_version_is_published_again_byte_for_byte_as_a_new_one(team, editor) -> None:
    theirs = client_for(editor)
    source = json.dumps(SEQUENTIAL, indent=7)
    save_version(team=team, by=editor, source=source)
    save_version(team=team, by=editor, definition=CONDITIONAL)
    path = f"{API}/teams/{team.pk}/versions"

    again = theirs.post(f"{path}/2/publish", {"note": "It was better."}, headers=ANY_STATE)
    unsaid = theirs.post(f"{path}/3/publish", headers={**ANY_STATE, "Accept-Language": "pt-br"})

    assert again.status_code == 201
    assert again.headers["Location"].endswith("/versions/4")
    assert (again.json()["number"], again.json()["note"]) == (4, "It was better.")
    assert team.versions.get(number=4).source == source
    assert unsaid.json()["note"] == "Versão 3 de novo"
    assert theirs.get(f"{API}/teams/{team.pk}").json()["version"] == 5
    assert_problem(theirs.post(f"{path}/5/publish", headers=ANY_STATE), 409, "already_published")
    assert team.versions.count() == 5


def test_a_version_that_the_language_takes_no_more_is_not_published(api, team, owner) -> None:
    broken = WorkflowVersion.objects.create(
        team=team, number=2, source='{"type": "odd", "agents": []}', author=owner
    )

    body = assert_problem(
        api.post(f"{API}/teams/{team.pk}/versions/{broken.number}/publish", headers=ANY_STATE),
        422,
        "validation_error",
    )

    assert {"/type", "/agents"} <= {error["pointer"] for error in body["errors"]}
    assert team.versions.count() == 2


def test_a_team_that_never_ran_is_deleted_with_all_that_is_its_own(api, team, viewer) -> None:
    save_version(team=team, by=team.owner, definition=CONDITIONAL)
    api.post(f"{API}/teams/{team.pk}/invitations", {"username": "nobody"})

    assert api.delete(f"{API}/teams/{team.pk}").status_code == 204

    assert not Team.objects.exists()
    assert not WorkflowVersion.objects.exists()
    assert not TeamInvitation.objects.exists()
    assert_problem(api.delete(f"{API}/teams/{team.pk}"), 404, "not_found")


def test_a_team_that_ran_stays_whole_and_can_be_switched_off(api, team, execution) -> None:
    before = api.get(f"{API}/teams/{team.pk}").json()

    body = assert_problem(api.delete(f"{API}/teams/{team.pk}"), 409, "team_in_use")

    assert "is_active" in body["detail"]
    assert api.get(f"{API}/teams/{team.pk}").json() == before
    api.patch(f"{API}/teams/{team.pk}", {"is_active": False}, headers=ANY_STATE)
    refused = api.post(f"{API}/teams/{team.pk}/executions", {"prompt": "Go."})
    assert_problem(refused, 409, "team_inactive")
    assert api.get(f"{API}/executions/{execution.pk}").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_start_that_its_team_is_deleted_under_is_refused_and_no_error(team, owner, monkeypatch) -> None:
    from executions.actions import accept_execution

    insert = accept_execution._insert

    def delete_first(*args: object, **kwargs: object) -> Execution:
        made = insert(*args, **kwargs)
        with transaction.atomic():
            # As the other transaction does that commits first: PostgreSQL looks at the end of this one.
            team.published_version = None
            Execution.objects.filter(pk=made.pk).update(team_id="00000000-0000-7000-8000-000000000000")
        return made

    monkeypatch.setattr(accept_execution, "_insert", delete_first)

    with pytest.raises(TeamGone) as refused:
        start_execution(team=Team.objects.get(pk=team.pk), by=owner, prompt="Go.")

    assert refused.value.status == 404
    assert not Execution.objects.exists()
    monkeypatch.undo()
    delete_team(team=team, by=owner)
    assert not Team.objects.exists()


def test_teams_are_found_by_slug_the_own_one_by_its_address(api, team, operator) -> None:
    mine = create_team(owner=operator, name="Analysts", definition=SEQUENTIAL)
    theirs = client_for(operator)

    found = theirs.get(f"{API}/teams?slug=analysts").json()["results"]

    assert {row["id"] for row in found} == {str(team.pk), str(mine.pk)}
    assert theirs.get(f"{API}/teams?slug=analyst").json()["results"] == []
    assert theirs.get(f"{API}/teams/by-slug/analysts").json()["id"] == str(mine.pk)
    assert api.get(f"{API}/teams/by-slug/analysts").json()["id"] == str(team.pk)
    assert_problem(theirs.get(f"{API}/teams?slug=a%00"), 400, "invalid_parameter")
    assert_problem(api.get(f"{API}/teams/by-slug/ANALYSTS"), 404, "not_found")


def test_whether_texts_are_recorded_is_for_the_owner_to_say_and_who_pays_for_nobody(
    api, team, editor
) -> None:
    path = f"{API}/teams/{team.pk}"

    assert_problem(
        client_for(editor).patch(path, {"record_content": True}, headers=ANY_STATE), 403, "not_allowed"
    )
    changed = api.patch(path, {"record_content": True}, headers=ANY_STATE).json()

    assert changed["record_content"] is True
    assert changed["payer"]["username"] == "olga"
    assert_problem(api.patch(path, {"payer": str(editor.pk)}, headers=ANY_STATE), 400, "validation_error")
