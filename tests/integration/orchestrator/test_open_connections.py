"""A driver's clients: one for each connection as it stands, another as soon as that changes."""

import asyncio
import gc
import time
import uuid
from typing import Any

import pytest
from django.db import connection, connections

from executions.agent_service import CredentialRefused, Unavailable
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
    of_site_again = opened._read_next(row.pk).client
    assert of_site_again not in (of_site, of_person)
    assert opened._read_next(row.pk).client is of_site_again


@pytest.mark.django_db(transaction=True)
async def test_the_client_of_a_connection_that_was_edited_is_closed_after_its_last_call(
    transactional_db, settings
):
    settings.SUNA_ALLOWED_HOSTS = ["127.0.0.1"]
    may_answer, asked = asyncio.Event(), asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await may_answer.wait()
        writer.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        # Only the client ends the connection.
        ended.set_result(await reader.read())
        writer.close()

    ended: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    row = SunaConnection(name="Site", base_url=url, wire_profile="2025-08")
    row.set_credential(bearer="a-token")
    await row.asave()
    told: list[uuid.UUID] = []
    opened = make_open(replaced=told.append, retires_after_s=0)
    old = (await opened.read(row.pk)).client
    calling = asyncio.create_task(old.get_run("run-1"))
    await asked.wait()

    await SunaConnection.objects.filter(pk=row.pk).aupdate(sends_user_keys=True)
    new = (await opened.read(row.pk)).client
    assert new is not old
    await asyncio.sleep(0.1)
    assert told == [row.pk]
    assert not calling.done()
    may_answer.set()
    with pytest.raises(CredentialRefused):
        await calling

    async with asyncio.timeout(5):
        assert await ended == b""
    with pytest.raises(Unavailable) as refused:
        await old.get_run("run-1")
    assert refused.value.sent is False
    assert "SunaClient" not in {type(held).__name__ for held in gc.get_referents(vars(old))}
    assert old.traits == new.traits
    assert opened._retiring == {}
    await opened.aclose()
    server.close()
    await server.wait_closed()
    await in_driver_thread(connections.close_all)


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


def make_open(**options: Any) -> OpenConnections:
    return OpenConnections(Gates(uuid.uuid4(), now=time.time, died=lambda: None), **options)
