"""Entity tags: what a client has seen is said back, and of two editors of one team exactly one wins."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from teams.actions.create_team import create_team
from teams.actions.edit_team import edit_team
from teams.actions.save_version import save_version
from teams.models import Agent, SunaConnection, Team, WorkflowVersion
from tests.fixtures.people import CONDITIONAL, SEQUENTIAL, make_person
from tests.functional.api.conftest import NOW, assert_problem, client_for


def tag_of(client, path: str) -> str:
    return client.get(path).headers["ETag"]


@pytest.fixture
def path(team) -> str:
    return f"/api/v1/teams/{team.pk}"


def test_a_team_and_a_version_have_strong_tags_that_a_change_changes(api, path) -> None:
    first, version = api.get(path), api.get(f"{path}/versions/1")
    again = api.get(path)
    changed = api.patch(path, {"description": "New."}, headers={"If-Match": first.headers["ETag"]})

    assert first.headers["ETag"].startswith('"')
    assert first.headers["ETag"] == again.headers["ETag"]
    assert version.headers["ETag"] not in ("", first.headers["ETag"])
    assert changed.status_code == 200
    assert changed.headers["ETag"] == tag_of(api, path) != first.headers["ETag"]
    assert tag_of(api, f"{path}/versions/1") == version.headers["ETag"]


@pytest.mark.parametrize("place", ["", "/versions"])
def test_a_change_without_if_match_is_428_and_nothing_is_changed(place, api, path, team) -> None:
    body = {"definition": SEQUENTIAL} if place else {"description": "New."}
    response = (api.post if place else api.patch)(path + place, body)

    assert_problem(response, 428, "precondition_required")
    team.refresh_from_db()
    assert (team.description, team.versions.count()) == ("", 1)


def test_a_stale_tag_is_412_with_the_present_one_and_nothing_is_changed(api, path, team) -> None:
    stale = tag_of(api, path)
    api.patch(path, {"description": "First."}, headers={"If-Match": stale})

    second = api.patch(path, {"description": "Second."}, headers={"If-Match": stale})

    assert_problem(second, 412, "changed_meanwhile")
    assert second.headers["ETag"] == tag_of(api, path)
    team.refresh_from_db()
    assert team.description == "First."
    retried = api.patch(path, {"description": "Second."}, headers={"If-Match": second.headers["ETag"]})
    assert retried.status_code == 200


def test_a_version_is_saved_on_the_team_s_tag_or_on_the_tag_of_the_version_it_replaces(api, path) -> None:
    versions = f"{path}/versions"
    by_team = api.post(versions, {"definition": CONDITIONAL}, headers={"If-Match": tag_of(api, path)})
    # The name is no part of what the editor of a workflow has seen.
    api.patch(path, {"name": "Renamed"}, headers={"If-Match": "*"})
    by_version = api.post(versions, {"definition": SEQUENTIAL}, headers={"If-Match": by_team.headers["ETag"]})
    stale = api.post(versions, {"definition": CONDITIONAL}, headers={"If-Match": by_team.headers["ETag"]})

    assert (by_team.status_code, by_version.status_code) == (201, 201)
    assert by_version.headers["ETag"] == tag_of(api, by_version.headers["Location"])
    assert_problem(stale, 412, "changed_meanwhile")
    assert stale.headers["ETag"] == tag_of(api, path)
    assert WorkflowVersion.objects.count() == 3


def test_the_tag_of_a_version_is_not_enough_to_change_the_team_itself(api, path) -> None:
    version = tag_of(api, f"{path}/versions/1")

    assert_problem(api.patch(path, {"name": "X"}, headers={"If-Match": version}), 412, "changed_meanwhile")


@pytest.mark.parametrize("template", ["*", " * ", '"other", {tag}', '{tag},"other"', ', {tag} ,, "x"'])
def test_if_match_takes_a_star_and_lists(template, api, path) -> None:
    header = template.format(tag=tag_of(api, path))

    assert api.patch(path, {"description": "New."}, headers={"If-Match": header}).status_code == 200


@pytest.mark.parametrize("template", ["W/{tag}", '"other"', '""', '"*"', 'W/"x", "y"'])
def test_a_weak_tag_or_another_one_never_matches(template, api, path) -> None:
    header = template.format(tag=tag_of(api, path))

    assert_problem(
        api.patch(path, {"description": "New."}, headers={"If-Match": header}), 412, "changed_meanwhile"
    )


@pytest.mark.parametrize("header", ["", "abc", '"a', '"a" "b"', "'a'", '*, "a"', '"a"' + ',"a"' * 2000])
def test_a_header_that_holds_no_tags_is_refused(header, api, path) -> None:
    assert_problem(
        api.patch(path, {"description": "New."}, headers={"If-Match": header}), 400, "invalid_header"
    )


@pytest.mark.parametrize("template", ["{tag}", "W/{tag}", '"x", {tag}', "*"])
def test_a_get_of_what_the_client_has_is_304_without_a_body(template, api, path) -> None:
    tag = tag_of(api, path)

    response = api.get(path, headers={"If-None-Match": template.format(tag=tag)})

    assert (response.status_code, response.content) == (304, b"")
    assert response.headers["ETag"] == tag
    assert api.get(path, headers={"If-None-Match": '"x"'}).status_code == 200
    assert_problem(api.get(path, headers={"If-None-Match": "x"}), 400, "invalid_header")


def test_what_a_sync_finds_is_shown_anew_but_takes_no_edit_away(api, path, team) -> None:
    before = tag_of(api, path)
    SunaConnection.objects.filter(pk=team.connection_id).update(synced_at=NOW)
    Agent.objects.create(connection=team.connection, agent_id="agent-123", missing_since=NOW)

    seen = api.get(path, headers={"If-None-Match": before})

    assert seen.status_code == 200
    assert "agent_missing" in json.dumps(seen.json()["warnings"])
    assert api.patch(path, {"description": "New."}, headers={"If-Match": before}).status_code == 200


def test_an_outsider_is_told_neither_304_nor_412(path, api, outsider) -> None:
    other, tag = client_for(outsider), tag_of(api, path)

    assert_problem(other.get(path, headers={"If-None-Match": tag}), 404, "not_found")
    assert_problem(other.patch(path, {"name": "X"}, headers={"If-Match": '"x"'}), 404, "not_found")


def test_a_viewer_s_stale_tag_is_403_and_tells_no_tag(path, viewer) -> None:
    answer = client_for(viewer).patch(path, {"name": "X"}, headers={"If-Match": '"x"'})

    assert_problem(answer, 403, "not_allowed")


def test_an_edit_keeps_what_somebody_else_changed_since_it_was_read(team, owner) -> None:
    Team.objects.filter(pk=team.pk).update(name="Renamed", slug="renamed")

    edit_team(team=team, by=owner, description="New.")

    team.refresh_from_db()
    assert (team.name, team.slug, team.description) == ("Renamed", "renamed", "New.")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["team", "version"])
def test_of_ten_who_saw_the_same_exactly_one_wins(what) -> None:
    owner = make_person("olga")
    team = create_team(owner=owner, name="Analysts", definition=SEQUENTIAL, connection=None)
    path = f"/api/v1/teams/{team.pk}"
    clients = [client_for(owner) for _ in range(10)]
    tag, together = tag_of(clients[0], path), Barrier(10)

    def change(n: int) -> tuple[int, str]:
        try:
            together.wait(timeout=30)
            headers = {"If-Match": tag}
            if what == "team":
                answer = clients[n].patch(path, {"description": str(n)}, headers=headers)
            else:
                body = {"definition": SEQUENTIAL, "note": str(n)}
                answer = clients[n].post(f"{path}/versions", body, headers=headers)
            return answer.status_code, str(n)
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=10) as pool:
        answers = list(pool.map(change, range(10)))

    won = [n for status, n in answers if status in (200, 201)]
    assert [status for status, n in answers if n not in won] == [412] * 9
    team.refresh_from_db()
    if what == "team":
        assert won == [team.description]
    else:
        assert won == [save.note for save in team.versions.filter(number__gt=1)]


def test_an_editor_in_the_admin_and_one_of_the_api_share_the_check(api, path, team, owner) -> None:
    begun_with = api.get(path).headers["ETag"]
    # What the admin's form does with what its editor began with.
    save_version(team=team, by=owner, definition=CONDITIONAL)

    late = api.post(f"{path}/versions", {"definition": SEQUENTIAL}, headers={"If-Match": begun_with})

    assert_problem(late, 412, "changed_meanwhile")
