"""Lists of the admin: how many queries they take, that they decrypt nothing, and hostile addresses."""

import pytest
from django.contrib import admin as django_admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing.actions.store_user_key import store_user_key
from teams.models import SunaConnection, User
from tests.fixtures.site_rows import NOW, bill, make_connection, make_run, make_team, set_step, start
from tests.functional.admin.conftest import Site

pytestmark = pytest.mark.django_db


def list_addresses() -> list[str]:
    return [
        reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        for model in django_admin.site._registry
    ]


def grow(site: Site) -> None:
    """Add three of everything, with people of their own, so that each row names others."""
    for number in range(3):
        owner = User.objects.create_user(f"grown-{number}", email=f"grown-{number}@example.org")
        own = make_connection(owner, name=f"Own {number}")
        execution = start(make_team(owner, name=f"Grown {number}", connection=own))
        step = set_step(execution, "agent-123", status="completed", result_text="Done.")
        make_run(execution, step)
        bill(execution, step)
        store_user_key(user=owner, service="openai", key=f"sk-{number}-of-a-test", now=NOW)


def test_lists_take_as_many_queries_for_many_rows_as_for_few(site: Site, admin: Client) -> None:
    counts: dict[str, list[int]] = {}
    for look in range(2):
        for address in list_addresses():
            admin.get(address)
            with CaptureQueriesContext(
                connection,
            ) as queries:
                assert admin.get(address).status_code == 200
            counts.setdefault(address, []).append(len(queries))
        if look == 0:
            grow(site)

    assert {address: pair for address, pair in counts.items() if pair[1] > pair[0]} == {}


def test_no_list_and_no_form_but_a_new_credential_reads_an_encrypted_column(
    site: Site, admin: Client
) -> None:
    pages = [
        *list_addresses(),
        f"/admin/teams/sunaconnection/{site.connection.pk}/change/",
        f"/admin/teams/team/{site.team.pk}/change/",
        f"/admin/billing/userapikey/{site.key.pk}/change/",
        f"/admin/executions/execution/{site.execution.pk}/change/",
        "/admin/teams/agent/add/",
        "/admin/teams/team/add/",
    ]
    for address in pages:
        with CaptureQueriesContext(connection) as queries:
            assert admin.get(address).status_code == 200
        read = [query["sql"] for query in queries if _reads_secret(query["sql"])]
        assert read == [], address


def test_lists_open_when_a_credential_no_longer_decrypts(site: Site, admin: Client) -> None:
    table = SunaConnection._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET sealed_credential = 'not a ciphertext'")  # noqa: S608

    for address in [*list_addresses(), f"/admin/teams/sunaconnection/{site.connection.pk}/change/"]:
        assert admin.get(address).status_code == 200, address


@pytest.mark.parametrize(
    "query",
    [
        "q=%00",
        "q=%25_%5C",
        "o=100000000000000000000",
        "o=x.y",
        "p=99999999999999999999",
        "p=-1",
        "id__exact=1000000000000000000000000000000",
        "_changelist_filters=%00",
        "e=1",
    ],
)
def test_no_list_fails_on_a_hostile_address(site: Site, admin: Client, query: str) -> None:
    for address in list_addresses():
        assert admin.get(f"{address}?{query}").status_code in (200, 302, 400), f"{address}?{query}"


@pytest.mark.parametrize(
    "query",
    [
        "created_at_from_0=x&created_at_from_1=y",
        "created_at_from_0=9999-99-99",
        "team__id__exact=null,null",
        "payer__id__exact=%00",
        "pricing__exact=%00",
    ],
)
def test_the_ledger_does_not_fail_on_a_hostile_filter(admin: Client, query: str) -> None:
    assert admin.get(f"/admin/billing/usagelog/?{query}").status_code in (200, 302, 400)


def _reads_secret(sql: str) -> bool:
    columns = sql.split(" FROM ")[0]
    named = '"sealed_credential"' in columns.replace('"sealed_credential" IS NOT NULL', "")
    return sql.startswith("SELECT") and (named or '"encrypted_key"' in columns)
