"""Invitations in the admin: looked at by staff, revoked by those who may, changed by nobody."""

import datetime as dt

import pytest
from django.contrib.admin.models import LogEntry
from django.db.models.functions import Now
from django.test import Client

from teams.models import AddressKind, TeamInvitation
from tests.functional.admin.conftest import Site, staff_with

pytestmark = pytest.mark.django_db

LIST = "/admin/teams/teaminvitation/"


def invite(site: Site, name: str, *, days: int = 14) -> TeamInvitation:
    return TeamInvitation.objects.create(
        team=site.team,
        kind=AddressKind.USERNAME,
        address=name,
        invited_by=site.owner,
        expires_at=Now() + dt.timedelta(days=days),
    )


def revoke(client: Client, invitation: TeamInvitation) -> int:
    body = {"action": "revoke_selected", "_selected_action": [str(invitation.pk)]}
    return client.post(LIST, body, follow=True).status_code


def test_invitations_are_listed_with_who_invited_and_whether_they_are_open(site: Site, admin: Client) -> None:
    invite(site, "ina")
    invite(site, "ivo", days=-1)

    page = admin.get(LIST)

    body = page.content.decode()
    assert all(word in body for word in ("ina", "ivo", site.team.name, "olga"))
    open_now = {row.address: row.still_open for row in page.context["cl"].queryset}
    assert open_now == {"ina": True, "ivo": False}
    assert [row.address for row in admin.get(f"{LIST}?q=ivo").context["cl"].queryset] == ["ivo"]


def test_one_invitation_is_shown_and_not_changed(site: Site, admin: Client) -> None:
    row = invite(site, "ina")
    address = f"{LIST}{row.pk}/change/"

    shown = admin.get(address)
    assert shown.status_code == 200
    assert b'name="_save"' not in shown.content
    assert admin.post(address, {"address": "eve", "role": "editor"}).status_code == 403
    assert admin.get(f"{LIST}add/").status_code == 403
    assert admin.post(f"{LIST}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert TeamInvitation.objects.get().address == "ina"


def test_a_revoked_invitation_is_gone_and_the_log_says_who_did_it(site: Site, admin: Client) -> None:
    row, other = invite(site, "ina"), invite(site, "ivo")

    assert revoke(admin, row) == 200

    assert list(TeamInvitation.objects.all()) == [other]
    [entry] = LogEntry.objects.all()
    assert (entry.user, entry.object_id, entry.is_deletion()) == (site.superuser, str(row.pk), True)
    assert entry.object_repr == f"{site.team.name}: ina (viewer)"


def test_staff_who_may_only_look_cannot_revoke_and_who_may_revoke_can(site: Site) -> None:
    row = invite(site, "ina")
    looks = staff_with("vera", "teams.view_teaminvitation")
    revokes = staff_with("rita", "teams.view_teaminvitation", "teams.delete_teaminvitation")

    assert looks.get(LIST).status_code == 200
    revoke(looks, row)
    assert TeamInvitation.objects.exists()
    revoke(revokes, row)
    assert not TeamInvitation.objects.exists()
