"""What an action refuses while staff use the admin: said on the page, and nothing is saved."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.contrib.admin.models import DELETION, LogEntry
from django.db import connection as database
from django.test import Client

from executions.actions.create_connection import create_connection
from teams.models import SunaConnection, Team
from tests.functional.admin.conftest import Site, staff_with
from tests.functional.admin.test_admin_forms import connection_form

pytestmark = pytest.mark.django_db

LIST = "/admin/teams/sunaconnection/"


@contextmanager
def just_before(words: str, *, act: object) -> Iterator[None]:
    """Do something once, right before the first statement that holds these words: as somebody else would."""
    done = False

    def watch(execute, sql, params, many, context):  # type: ignore[no-untyped-def]
        nonlocal done
        if words in sql and not done:
            done = True
            act()  # type: ignore[operator]
        return execute(sql, params, many, context)

    with database.execute_wrapper(watch):
        yield
    assert done


def test_a_name_that_was_taken_meanwhile_is_told_and_nothing_is_saved(site: Site, admin: Client) -> None:
    address = f"{LIST}{site.connection.pk}/change/"

    def take_the_name() -> None:
        create_connection(by=site.superuser, owner=None, name="Wanted", base_url="http://127.0.0.1:8")

    with just_before("FOR UPDATE", act=take_the_name):
        response = admin.post(address, connection_form(site.connection, name="Wanted"), follow=True)

    assert response.status_code == 200
    assert "There is one of that name already" in response.content.decode()
    assert SunaConnection.objects.get(pk=site.connection.pk).name == site.connection.name


def test_staff_who_may_only_add_connections_add_one_with_its_credential(site: Site) -> None:
    client = staff_with("ada", "teams.add_sunaconnection", "teams.view_sunaconnection")
    form = connection_form(site.connection, name="New", wire_profile="", bearer="a-token-0123456789")

    assert client.post(f"{LIST}add/", form).status_code == 302

    made = SunaConnection.objects.with_credential().get(name="New")
    assert made.credential()["bearer"] == "a-token-0123456789"
    # What was learned elsewhere takes the right to change: nothing is made without it.
    form = connection_form(site.connection, name="Newer", wire_profile="2025-08")
    response = client.post(f"{LIST}add/", form, follow=True)
    assert "does not allow that" in response.content.decode()
    assert not SunaConnection.objects.filter(name="Newer").exists()


def test_staff_who_may_delete_but_not_change_connections_are_not_offered_it(site: Site) -> None:
    client = staff_with("dan", "teams.delete_sunaconnection", "teams.view_sunaconnection")
    row = create_connection(by=site.superuser, owner=None, name="Spare", base_url="http://127.0.0.1:8")

    assert client.post(f"{LIST}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": str(row.pk), "post": "yes"}
    client.post(LIST, chosen)

    assert SunaConnection.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("way", ["one", "selected"])
def test_a_connection_that_a_team_takes_meanwhile_is_not_deleted(site: Site, admin: Client, way: str) -> None:
    row = create_connection(by=site.superuser, owner=None, name="Spare", base_url="http://127.0.0.1:8")
    other = create_connection(by=site.superuser, owner=None, name="Other", base_url="http://127.0.0.1:8")

    def take_it() -> None:
        Team.objects.filter(pk=site.team.pk).update(connection=row)

    address, given = f"{LIST}{row.pk}/delete/", {"post": "yes"}
    if way == "selected":
        chosen = [str(other.pk), str(row.pk)]
        address, given = LIST, {"action": "delete_selected", "_selected_action": chosen, "post": "yes"}
    # Once the framework has looked what is in the way.
    with just_before('INSERT INTO "django_admin_log"', act=take_it):
        response = admin.post(address, given, follow=True)

    assert "Teams or executions need this connection" in response.content.decode()
    # Nor does the log say that they were.
    assert not LogEntry.objects.filter(action_flag=DELETION).exists()
    assert SunaConnection.objects.filter(pk__in=[row.pk, other.pk]).count() == 2
