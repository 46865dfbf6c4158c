"""Who may open and do what with versions, people, documents and settings."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from teams.actions.invite_member import invite_member
from teams.actions.save_version import save_version
from teams.actions.team_mark import version_mark
from teams.models import AddressKind, Team, TeamRole
from tests.fixtures.people import CONDITIONAL, make_member
from tests.functional.pages.shared_routes import FORMS, PAGES

pytestmark = pytest.mark.django_db


def prepare(name: str, team: Team) -> tuple[str, dict[str, Any]]:
    """Make what the address is about; return the address and what its form sends."""
    if name in ("document-import", "invitation-list", "team-new"):
        return reverse(name), {}
    if name in ("team-check", "team-drawing", "team-dry-run", "new-team-dry-run"):
        said = {"definition": json.dumps(CONDITIONAL), "prompt": "Look into it."}
        return reverse(name, args=[team.pk] if name == "team-dry-run" else []), said
    if name.startswith("invitation") or name == "team-withdraw":
        kind, role = AddressKind.USERNAME, TeamRole.VIEWER
        made, _ = invite_member(team=team, by=team.owner, kind=kind, address="ina", role=role)
        return reverse(name, args=[team.pk, made.pk] if name == "team-withdraw" else [made.pk]), {}
    if name.startswith("team-member"):
        member = make_member(team, "mia", TeamRole.VIEWER)
        return reverse(name, args=[team.pk, member.pk]), {"role": "operator"}
    if name == "team-hand-over":
        return reverse(name, args=[team.pk]), {"user": str(make_member(team, "mia", TeamRole.VIEWER).pk)}
    if name.startswith("team-version-") or name == "team-version":
        save_version(team=team, by=team.owner, definition=CONDITIONAL)
        return reverse(name, args=[team.pk, 1]), {"mark": version_mark(team.published_version_id)}
    return reverse(name, args=[team.pk]), {"who": "ina", "role": "operator", "name": team.name}


def client_of(person: str, request: pytest.FixtureRequest) -> Client:
    client = Client()
    if person != "nobody":
        client.force_login(request.getfixturevalue(person))
    return client


@pytest.mark.parametrize(("name", "expected"), PAGES.items())
def test_each_page_opens_for_whom_it_should(
    request: pytest.FixtureRequest, team: Team, name: str, expected: dict[str, int]
) -> None:
    address, _ = prepare(name, team)

    got = {person: client_of(person, request).get(address).status_code for person in expected}

    assert got == expected


@pytest.mark.parametrize(("name", "expected"), FORMS.items())
def test_each_form_does_it_for_whom_it_should_and_by_post_alone(
    request: pytest.FixtureRequest, team: Team, name: str, expected: dict[str, int]
) -> None:
    address, said = prepare(name, team)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(team.owner)

    assert strict.get(address).status_code == 405
    assert strict.post(address, said).status_code == 403
    # The owner comes last: after them there may be nothing left to do.
    got = {person: client_of(person, request).post(address, said).status_code for person in expected}

    if name == "team-version-restore":
        # The editor has restored it before the owner, who has not seen that: sent back to look.
        assert got["editor"] == got["owner"] == 302
    assert got == expected
