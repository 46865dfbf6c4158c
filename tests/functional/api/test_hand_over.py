"""Giving a team to a member through the API, and applying a team only where it is as it was seen."""

import pytest

from teams.models import Team, TeamRole
from tests.fixtures.people import CONDITIONAL, SEQUENTIAL, make_member
from tests.functional.api.conftest import API, assert_problem


def test_a_member_becomes_the_owner_and_the_old_one_an_editor(api, team, owner) -> None:
    heir = make_member(team, "edda", TeamRole.VIEWER)

    given = api.post(f"{API}/teams/{team.pk}/hand-over", {"user": str(heir.pk)})

    assert given.status_code == 200
    assert given.headers["ETag"] == api.get(f"{API}/teams/{team.pk}").headers["ETag"]
    team.refresh_from_db()
    assert (team.owner, team.is_active) == (heir, False)
    assert team.memberships.get().user == owner
    assert team.memberships.get().role == TeamRole.EDITOR
    again = api.post(f"{API}/teams/{team.pk}/hand-over", {"user": str(heir.pk)})
    assert_problem(again, 403, "not_allowed")


def test_a_team_that_is_busy_or_is_not_for_a_member_stays_where_it_is(api, team, execution, outsider) -> None:
    heir = make_member(team, "edda", TeamRole.VIEWER)
    path = f"{API}/teams/{team.pk}/hand-over"

    assert_problem(api.post(path, {"user": str(heir.pk)}), 409, "team_busy")
    assert_problem(api.post(path, {"user": str(outsider.pk)}), 404, "not_found")
    assert_problem(api.post(path, {"user": "edda"}), 400, "validation_error")
    assert_problem(api.post(path, {}), 400, "validation_error")
    team.refresh_from_db()
    assert team.owner.username == "olga"


def test_applying_with_if_match_changes_only_what_was_seen(api, team) -> None:
    path = f"{API}/teams/by-slug/{team.slug}"
    seen = api.get(path).headers["ETag"]

    first = api.put(path, {"definition": CONDITIONAL}, headers={"If-Match": seen})
    late = api.put(path, {"definition": SEQUENTIAL}, headers={"If-Match": seen})

    assert first.status_code == 200
    assert_problem(late, 412, "changed_meanwhile")
    assert late.headers["ETag"] == api.get(path).headers["ETag"]
    assert team.versions.count() == 2
    assert api.put(path, {"definition": SEQUENTIAL}, headers={"If-Match": "*"}).status_code == 200


@pytest.mark.parametrize(
    ("tag", "status", "code"),
    [
        ('"seen"', 412, "changed_meanwhile"),
        ("*", 412, "changed_meanwhile"),
        ("seen", 400, "invalid_header"),
    ],
)
def test_applying_with_a_tag_makes_no_team(tag, status, code, api, team) -> None:
    answer = api.put(f"{API}/teams/by-slug/fresh", {"definition": SEQUENTIAL}, headers={"If-Match": tag})

    assert_problem(answer, status, code)
    assert "ETag" not in answer.headers
    assert not Team.objects.filter(slug="fresh").exists()
