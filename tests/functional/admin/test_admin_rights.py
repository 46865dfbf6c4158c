"""Who may open which address of the admin."""

import pytest
from django.apps import apps
from django.contrib import admin as django_admin
from django.test import Client

from tests.fixtures.site_rows import CANARY, HOSTILE
from tests.functional.admin.conftest import Site, staff_with
from tests.functional.admin.routes import addresses

pytestmark = pytest.mark.django_db


def test_every_address_opens_for_the_superuser(admin: Client) -> None:
    opened = {address: admin.get(address).status_code for address in addresses()}
    forbidden = {address for address, status in opened.items() if status == 403}

    assert len(opened) > 60
    assert set(opened.values()) <= {200, 301, 302, 403}, opened
    # Rows that are never changed or added here refuse even the superuser, and so do verbs that are not legal
    # for an execution that is queued. Nothing else does.
    refusing = ("/add/", "/delete/", "/password/", "/release/", "/resume/", "/retry/", "/run-again/")
    refusing += ("/start-again/", "/give-up-start/")
    assert all(address.endswith(refusing) for address in forbidden), forbidden


@pytest.mark.parametrize("person", ["nobody", "user"])
def test_every_address_sends_to_the_log_in_when_the_person_is_not_staff(site: Site, person: str) -> None:
    client = Client()
    if person == "user":
        client.force_login(site.owner)

    for address in addresses():
        response = client.get(address)
        assert response.status_code == 302, address
        assert response["Location"].startswith("/admin/login/"), address


def test_no_model_opens_for_staff_without_permission(site: Site) -> None:
    client = staff_with("stella")

    for address in addresses():
        if address.count("/") > 3 and "password_change" not in address:
            assert client.get(address).status_code in (302, 403, 404), address


def test_staff_who_may_only_look_see_the_definition_and_no_way_to_write(site: Site) -> None:
    client = staff_with("vera", "teams.view_team", "teams.view_sunaconnection")

    team = client.get(f"/admin/teams/team/{site.team.pk}/change/")
    connection = client.get(f"/admin/teams/sunaconnection/{site.connection.pk}/change/")

    assert team.status_code == connection.status_code == 200
    assert b"agent-123" in team.content
    assert b'name="_save"' not in team.content
    assert b'name="bearer"' not in connection.content
    assert client.post(f"/admin/teams/team/{site.team.pk}/change/", {"name": "x"}).status_code == 403


def test_no_page_holds_a_secret_or_an_unescaped_answer(admin: Client) -> None:
    for address in addresses():
        body = admin.get(address, follow=True).content.decode()
        assert CANARY not in body, address
        assert HOSTILE not in body, address


def test_neither_the_queue_nor_knox_own_tokens_are_in_the_admin() -> None:
    labels = {model._meta.app_label for model in django_admin.site._registry}
    ours = {
        model for model in apps.get_models() if model._meta.app_label in ("teams", "billing", "executions")
    }

    assert labels == {"auth", "teams", "billing", "executions"}
    assert ours - set(
        django_admin.site._registry
    )  # memberships, steps and the like have no list of their own


def test_every_action_names_the_permission_that_it_needs(admin: Client, rf: object) -> None:
    for model, model_admin in django_admin.site._registry.items():
        for action in model_admin.actions or ():
            function = getattr(model_admin, action) if isinstance(action, str) else action
            assert function.allowed_permissions, f"{model}: {action}"
        for action in getattr(model_admin, "actions_detail", ()):
            assert getattr(model_admin, action).allowed_permissions, f"{model}: {action}"


def test_every_page_of_the_admin_says_which_scripts_may_run(admin: Client) -> None:
    policy = admin.get("/admin/")["Content-Security-Policy"]

    assert "object-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
