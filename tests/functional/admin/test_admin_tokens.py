"""API tokens in the admin: listed and revoked, and their hash stands in no address."""

import datetime as dt

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import NoReverseMatch, reverse

from teams.models import ApiToken
from tests.functional.admin.conftest import Site, staff_with

pytestmark = pytest.mark.django_db

LIST = "/admin/teams/apitoken/"


@pytest.fixture
def token(site: Site) -> ApiToken:
    row, _ = ApiToken.objects.create(site.owner, expiry=dt.timedelta(days=1), name="laptop")
    return row


def revoke(client: Client, token: ApiToken) -> int:
    body = {"action": "revoke_selected", "_selected_action": [token.pk]}
    return client.post(LIST, body, follow=True).status_code


def test_a_token_is_listed_without_a_link_that_holds_its_hash(admin: Client, token: ApiToken) -> None:
    body = admin.get(LIST).content.decode()

    assert "laptop" in body
    assert f"/{token.pk}" not in body


@pytest.mark.parametrize("page", ["change", "delete", "history", "add"])
def test_there_is_no_page_for_one_token(admin: Client, token: ApiToken, page: str) -> None:
    with pytest.raises(NoReverseMatch):
        reverse(f"admin:teams_apitoken_{page}", args=[] if page == "add" else [token.pk])
    assert admin.get(f"{LIST}{token.pk}/{page}/").status_code == 404


def test_a_revoked_token_is_gone_and_the_log_says_who_did_it_without_the_hash(
    site: Site, admin: Client, token: ApiToken
) -> None:
    other, _ = ApiToken.objects.create(site.owner, expiry=dt.timedelta(days=1), name="phone")

    assert revoke(admin, token) == 200

    assert [row.pk for row in ApiToken.objects.all()] == [other.pk]
    [entry] = LogEntry.objects.all()
    assert (entry.user, entry.object_repr, entry.is_deletion()) == (site.superuser, "olga laptop", True)
    assert token.pk not in f"{entry.object_id} {entry.change_message}"
    assert token.pk not in admin.get("/admin/").content.decode()


def test_staff_who_may_only_look_cannot_revoke(token: ApiToken) -> None:
    client = staff_with("vera", "teams.view_apitoken")

    assert client.get(LIST).status_code == 200
    revoke(client, token)

    assert ApiToken.objects.filter(pk=token.pk).exists()


def test_nobody_deletes_tokens_behind_the_action(admin: Client, token: ApiToken) -> None:
    admin.post(LIST, {"action": "delete_selected", "_selected_action": [token.pk], "post": "yes"})

    assert ApiToken.objects.filter(pk=token.pk).exists()


def test_a_person_with_tokens_can_still_be_deleted(admin: Client) -> None:
    from teams.models import User

    leaver = User.objects.create_user("lea", email="lea@example.org")
    token, _ = ApiToken.objects.create(leaver, expiry=dt.timedelta(days=1))

    response = admin.post(f"/admin/teams/user/{leaver.pk}/delete/", {"post": "yes"})

    assert response.status_code == 302
    assert not User.objects.filter(pk=leaver.pk).exists()
    assert not ApiToken.objects.filter(pk=token.pk).exists()
