"""Who is in a team: invited without anybody being told who has an account, and gone at once."""

import threading
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now
from django.urls import reverse

from executions.actions.pause_execution import pause_execution
from executions.actions.remove_member import remove_member
from executions.actions.start_execution import start_execution
from executions.models import Execution
from teams.actions.invite_member import MAX_OPEN
from teams.actions.refusal import NotAllowed
from teams.models import AddressKind, TeamInvitation, TeamMembership, TeamRole
from tests.fixtures.locks import is_waited_for
from tests.fixtures.people import make_member, make_person
from tests.functional.api.conftest import API, assert_problem, client_for


def invite(client: Any, team: Any, **body: Any) -> Any:
    return client.post(f"{API}/teams/{team.pk}/invitations", body)


def members_of(client: Any, team: Any) -> dict[str, str]:
    rows = client.get(f"{API}/teams/{team.pk}/members").json()["results"]
    return {row["user"]["username"]: row["role"] for row in rows}


def test_an_invitation_becomes_a_membership_once_it_is_accepted(api, team, outsider) -> None:
    made = invite(api, team, username="oscar", role="operator").json()
    theirs = client_for(outsider)
    [found] = theirs.get(f"{API}/invitations").json()["results"]

    assert found["id"] == made["id"]
    assert (found["team"]["name"], found["role"], found["invited_by"]["username"]) == (
        "Analysts",
        "operator",
        "olga",
    )
    assert_problem(theirs.get(f"{API}/teams/{team.pk}"), 404, "not_found")
    assert members_of(api, team) == {}

    accepted = theirs.post(f"{API}/invitations/{made['id']}/accept")

    assert accepted.status_code == 200
    assert accepted.json() | {"created_at": None} == {
        "user": {"id": str(outsider.pk), "username": "oscar"},
        "role": "operator",
        "created_at": None,
        "team": str(team.pk),
    }
    assert members_of(api, team) == members_of(theirs, team) == {"oscar": "operator"}
    assert theirs.get(f"{API}/invitations").json()["results"] == []
    assert_problem(theirs.post(f"{API}/invitations/{made['id']}/accept"), 404, "not_found")


@pytest.mark.parametrize(
    ("held", "offered", "kept"),
    [("editor", "viewer", "editor"), ("operator", "operator", "operator"), ("viewer", "editor", "editor")],
)
def test_accepting_never_makes_a_role_less(api, team, held, offered, kept) -> None:
    made = invite(api, team, username="mia", role=offered).json()
    member = make_member(team, "mia", TeamRole(held))

    accepted = client_for(member).post(f"{API}/invitations/{made['id']}/accept")

    assert (accepted.status_code, accepted.json()["role"]) == (200, kept)
    assert members_of(api, team) == {"mia": kept}
    assert not TeamInvitation.objects.exists()


@pytest.mark.parametrize(
    ("there", "absent"),
    [
        ({"username": "oscar"}, {"username": "nobody"}),
        ({"email": "oscar@example.org"}, {"email": "no@example.org"}),
    ],
)
def test_nobody_learns_by_inviting_whether_there_is_such_a_person(api, team, outsider, there, absent) -> None:
    answers = [invite(api, team, **body) for body in (there, absent)]
    listed = api.get(f"{API}/teams/{team.pk}/invitations").json()["results"]

    bodies = [answer.json() for answer in answers]
    assert [answer.status_code for answer in answers] == [201, 201]
    same = {"id": "", "address": "", "created_at": "", "expires_at": ""}
    assert bodies[0] | same == bodies[1] | same
    assert {row["address"] for row in listed} == {*there.values(), *absent.values()}
    assert [set(row) for row in listed] == [set(bodies[0])] * 2


@pytest.mark.parametrize(
    ("stored", "typed", "is_same"),
    [
        ("Oscar@Example.org", "oscar@example.ORG", True),
        ("o\u212aar@example.org", "okar@example.org", False),
        ("o\u017fcar@example.org", "oscar@example.org", False),
    ],
)
def test_an_address_is_the_same_in_any_case_and_never_by_another_letter(
    api, team, outsider, stored, typed, is_same
) -> None:
    outsider.email = stored
    outsider.save()
    assert invite(api, team, email=typed).status_code == 201

    found = client_for(outsider).get(f"{API}/invitations").json()["results"]

    assert len(found) == is_same


def test_a_user_name_that_looks_like_an_address_gets_nobodys_invitation(api, team) -> None:
    mallory = make_person("victim@example.org")
    mallory.email = ""
    mallory.save()
    invite(api, team, email="victim@example.org")

    assert client_for(mallory).get(f"{API}/invitations").json()["results"] == []


def test_inviting_again_renews_the_one_that_is_there(api, team, outsider) -> None:
    first = invite(api, team, username="oscar", role="viewer")
    again = invite(api, team, username="oscar", role="editor")

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert TeamInvitation.objects.get().role == "editor"


def test_an_invitation_ends_with_its_time_and_by_either_side(api, team, outsider) -> None:
    theirs = client_for(outsider)
    for ends in (api, theirs):
        made = invite(api, team, username="oscar").json()
        assert ends.delete(f"{API}/invitations/{made['id']}").status_code == 204
        assert not TeamInvitation.objects.exists()
    late = invite(api, team, username="oscar").json()
    TeamInvitation.objects.update(expires_at=Now())

    assert theirs.get(f"{API}/invitations").json()["results"] == []
    assert api.get(f"{API}/teams/{team.pk}/invitations").json()["results"] == []
    assert_problem(theirs.post(f"{API}/invitations/{late['id']}/accept"), 404, "not_found")


def test_a_member_is_not_invited_again_and_neither_is_the_owner(api, team, viewer) -> None:
    for username in ("vera", "olga"):
        assert_problem(invite(api, team, username=username), 409, "already_member")


def test_a_team_has_only_so_many_open_invitations(api, team, owner) -> None:
    TeamInvitation.objects.bulk_create(
        TeamInvitation(team=team, kind=AddressKind.USERNAME, address=f"u{n}", expires_at="2100-01-01T00:00Z")
        for n in range(MAX_OPEN)
    )

    assert_problem(invite(api, team, username="one-more"), 409, "too_many_invitations")
    assert invite(api, team, username="u7").status_code == 200
    TeamInvitation.objects.filter(address="u3").update(expires_at=Now())
    assert invite(api, team, username="one-more").status_code == 201


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({}, "", "required"),
        ({"username": "a", "email": "a@example.org"}, "", "required"),
        ({"username": " "}, "/username", "required"),
        ({"username": " oscar"}, "/username", "invalid_value"),
        ({"username": "a\u202eb"}, "/username", "invalid_value"),
        ({"email": "oscar"}, "/email", "invalid_value"),
        ({"email": "a@b@example.org"}, "/email", "invalid_value"),
        ({"email": "a b@example.org"}, "/email", "invalid_value"),
        ({"username": "a" * 151}, "/username", "too_large"),
        ({"username": "a", "role": "owner"}, "/role", "invalid_value"),
    ],
)
def test_an_invitation_that_cannot_be_is_refused(api, team, body, pointer, code) -> None:
    [error] = assert_problem(invite(api, team, **body), 400, "validation_error")["errors"]

    assert (error["pointer"], error["code"]) == (pointer, code)


def test_a_removed_member_is_shut_out_at_once_and_what_they_queued_is_cancelled(
    api, team, operator, owner
) -> None:
    theirs = client_for(operator)
    queued = start_execution(team=team, by=operator, prompt="Mine.").execution
    paused = start_execution(team=team, by=operator, prompt="Mine, paused.").execution
    pause_execution(execution=paused, by=operator)
    begun = start_execution(team=team, by=operator, prompt="Mine, begun.").execution
    Execution.objects.filter(pk=begun.pk).update(status="running")
    owners = start_execution(team=team, by=owner, prompt="The owner's.").execution

    gone = api.delete(f"{API}/teams/{team.pk}/members/{operator.pk}")

    assert gone.status_code == 204
    asked = Execution.objects.exclude(cancel_requested_at=None).values_list("pk", flat=True)
    assert set(asked) == {queued.pk, paused.pk}
    event = queued.events.get(kind="cancel_requested")
    assert (event.actor, event.data) == (f"user:{owner.pk}", {"because": "right_lost"})
    for path in (f"teams/{team.pk}", f"executions/{queued.pk}", f"executions/{queued.pk}/live"):
        assert_problem(theirs.get(f"{API}/{path}"), 404, "not_found")
    assert owners.cancel_requested_at is None
    assert_problem(api.delete(f"{API}/teams/{team.pk}/members/{operator.pk}"), 404, "not_found")


def test_an_operator_made_a_viewer_loses_what_they_queued_an_editor_made_an_operator_does_not(
    api, team, operator, editor
) -> None:
    queued = start_execution(team=team, by=operator, prompt="Mine.").execution
    kept = start_execution(team=team, by=editor, prompt="Mine.").execution

    answers = [
        api.patch(f"{API}/teams/{team.pk}/members/{person.pk}", {"role": role})
        for person, role in ((operator, "viewer"), (editor, "operator"))
    ]

    assert [answer.json()["role"] for answer in answers] == ["viewer", "operator"]
    queued.refresh_from_db()
    kept.refresh_from_db()
    assert queued.cancel_requested_at is not None
    assert kept.cancel_requested_at is None
    assert_problem(
        client_for(operator).post(f"{API}/teams/{team.pk}/executions", {"prompt": "Go."}), 403, "not_allowed"
    )


def test_everybody_may_leave(api, team, viewer) -> None:
    assert client_for(viewer).delete(f"{API}/teams/{team.pk}/members/{viewer.pk}").status_code == 204
    assert members_of(api, team) == {}


def test_the_owner_is_no_member_and_cannot_leave(api, team, owner) -> None:
    path = reverse("api:team-member", args=[team.pk, owner.pk])

    assert_problem(api.delete(path), 404, "not_found")
    assert_problem(api.patch(path, {"role": "viewer"}), 404, "not_found")


@pytest.mark.django_db(transaction=True)
def test_a_start_under_way_and_a_removal_end_one_after_the_other(team, owner) -> None:
    """Without the lock on the role the removal would not see the start, which is not committed yet."""
    operator = make_member(team, "otto", TeamRole.OPERATOR)
    removed = threading.Event()

    def remove() -> None:
        try:
            remove_member(team=team, by=owner, user_id=operator.pk)
        finally:
            removed.set()
            connection.close()

    thread = threading.Thread(target=remove)
    with transaction.atomic():
        started = start_execution(team=team, by=operator, prompt="Go.").execution
        thread.start()
        assert is_waited_for()
        assert not removed.is_set()
    thread.join(10)

    started.refresh_from_db()
    assert started.cancel_requested_at is not None
    assert not TeamMembership.objects.exists()
    with pytest.raises(NotAllowed):
        start_execution(team=team, by=operator, prompt="Go.")
