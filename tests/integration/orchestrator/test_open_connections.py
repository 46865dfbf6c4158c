"""A driver's clients: one for each connection as it stands, another as soon as that changes."""

import asyncio
import time
import uuid

import pytest
from django.db import connection, connections

from executions.orchestrator.connections import Current, OpenConnections
from executions.orchestrator.database_calls import in_driver_thread
from executions.orchestrator.gates import Gates
from teams.models import SunaConnection
from tests.fixtures.people import make_person


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_becomes_a_persons_gets_a_client_that_reaches_public_addresses_only(
    transactional_db, settings
):
    settings.SUNA_ALLOWED_HOSTS = []
    row = SunaConnection(name="Site", base_url="https://127.0.0.1:9", wire_profile="2025-08")
    row.set_credential(bearer="a-token")
    row.save()
    opened = make_open()

    of_site = opened._read_next(row.pk).client
    assert opened._read_next(row.pk).client is of_site
    SunaConnection.objects.filter(pk=row.pk).update(owner=make_person("olga"))
    of_person = opened._read_next(row.pk).client

    assert of_person is not of_site
    SunaConnection.objects.filter(pk=row.pk).update(owner=None)
    assert opened._read_next(row.pk).client is of_site


@pytest.mark.django_db
def test_a_read_of_a_connection_is_one_query_whatever_can_be_read_of_it(django_assert_num_queries):
    row = SunaConnection.objects.create(name="Site", base_url="https://127.0.0.1:9", sends_user_keys=True)
    opened = make_open()

    with django_assert_num_queries(1):
        found = opened._read_next(row.pk)

    assert found.columns == {
        "base_url": "https://127.0.0.1:9",
        "wire_profile": "",
        "sends_user_keys": True,
        "moved_at": None,
    }
    with connection.cursor() as cursor:
        cursor.execute("UPDATE teams_sunaconnection SET sealed_credential = 'none' WHERE id = %s", [row.pk])
    assert opened._read_next(row.pk).columns == found.columns


@pytest.mark.django_db(transaction=True)
async def test_all_who_ask_before_a_read_begins_share_it_and_who_asks_later_has_the_newest(transactional_db):
    row = await SunaConnection.objects.acreate(name="Site", base_url="https://127.0.0.1:9")
    opened = make_open()
    reads = 0
    really = opened._read_next

    def counted(connection_id: uuid.UUID) -> Current:
        nonlocal reads
        reads += 1
        return really(connection_id)

    opened._read_next = counted  # type: ignore[method-assign]
    first = [asyncio.create_task(opened.read(row.pk)) for _ in range(200)]
    await asyncio.sleep(0)
    # Who asked first is broken off, and the others have what they asked for all the same.
    first[0].cancel()
    found = await asyncio.gather(*first, return_exceptions=True)
    assert isinstance(found[0], asyncio.CancelledError)
    assert all(isinstance(one, Current) for one in found[1:])
    assert reads < 5
    await SunaConnection.objects.filter(pk=row.pk).aupdate(sends_user_keys=True)
    assert (await opened.read(row.pk)).columns["sends_user_keys"] is True
    await opened.aclose()
    await in_driver_thread(connections.close_all)


def make_open() -> OpenConnections:
    return OpenConnections(Gates(uuid.uuid4(), now=time.time, died=lambda: None))
