"""What staff change in the admin is in the audit trail under their own name, and undoes nobody's change."""

from typing import Any

import pytest
from django.test import Client

from teams.models import ApiToken, AuditEntry, Team, TeamMembership, User
from tests.fixtures.people import make_person
from tests.fixtures.site_rows import make_connection
from tests.functional.admin.conftest import Site
from tests.functional.admin.test_admin_forms import post_team, team_form

pytestmark = pytest.mark.django_db


def entries(act: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Return who did it, to what, and what is told of it."""
    rows = AuditEntry.objects.filter(act=act).order_by("id")
    return [(entry.actor_name, entry.thing_kind, entry.details) for entry in rows]


def test_a_changed_team_and_a_new_member_are_on_record_by_the_names_of_the_fields(
    site: Site, admin: Client
) -> None:
    mia = make_person("mia")
    member = {
        "memberships-TOTAL_FORMS": "1",
        "memberships-0-user": str(mia.pk),
        "memberships-0-role": "viewer",
        "memberships-0-team": str(site.team.pk),
    }
    status, body = post_team(admin, site.team, description="SECRET-9", **member)

    assert status == 302, body
    assert TeamMembership.objects.filter(team=site.team, user=mia).exists()
    [(who, kind, details)] = entries("admin_changed")
    assert (who, kind) == ("sam", "team")
    assert {"changed": {"fields": ["Description"]}} in details["what"]
    assert any("added" in part and "mia" in part["added"]["object"] for part in details["what"])
    assert "SECRET-9" not in str(details)


def test_rights_of_a_person_and_what_is_added_and_deleted_are_on_record(site: Site, admin: Client) -> None:
    olga = f"/admin/teams/user/{site.owner.pk}/change/"
    fields = {"username": "olga", "email": "olga@example.org", "is_active": "on", "is_staff": "on"}
    admin.post(olga, {**fields, "time_zone": "", "language": ""})
    admin.post("/admin/auth/group/add/", {"name": "Readers"})
    doomed = Team.objects.create(owner=site.owner, name="Doomed", slug="doomed")
    admin.post(f"/admin/teams/team/{doomed.pk}/delete/", {"post": "yes"})

    assert User.objects.get(pk=site.owner.pk).is_staff
    assert [(who, kind) for who, kind, _ in entries("admin_changed")] == [("sam", "user")]
    assert [(who, kind) for who, kind, _ in entries("admin_added")] == [("sam", "group")]
    assert [(who, kind) for who, kind, _ in entries("admin_deleted")] == [("sam", "team")]


def test_a_key_and_a_token_that_staff_end_are_on_record_as_theirs(site: Site, admin: Client) -> None:
    token, _ = ApiToken.objects.create(site.owner, name="script")
    admin.post(f"/admin/billing/userapikey/{site.key.pk}/delete/", {"post": "yes"})
    admin.post("/admin/teams/apitoken/", {"action": "revoke_selected", "_selected_action": [token.pk]})

    assert [(who, kind) for who, kind, _ in entries("key_deleted")] == [("sam", "user")]
    assert [(who, kind) for who, kind, _ in entries("token_revoked")] == [("sam", "user")]
    assert AuditEntry.objects.get(act="key_deleted").thing_name == "olga"


def test_a_form_that_was_opened_before_somebody_else_saved_undoes_nothing(site: Site, admin: Client) -> None:
    opened = team_form(site.team)
    post_team(admin, site.team, payer=str(site.superuser.pk))

    late = admin.post(f"/admin/teams/team/{site.team.pk}/change/", {**opened, "description": "Mine"})

    site.team.refresh_from_db()
    assert late.status_code == 200
    assert "Somebody changed the team meanwhile" in late.content.decode()
    assert (site.team.payer, site.team.description) == (site.superuser, opened["description"])


def test_a_connection_that_is_somebody_elses_own_is_not_put_on_a_team(site: Site, admin: Client) -> None:
    private = make_connection(make_person("otto"), name="Private")
    status, body = post_team(admin, site.team, connection=str(private.pk))
    own = make_connection(site.owner, name="Own")
    allowed, _ = post_team(admin, site.team, connection=str(own.pk))

    assert (status, allowed) == (200, 302)
    assert "somebody else&#x27;s" in body
    site.team.refresh_from_db()
    assert site.team.connection == own
