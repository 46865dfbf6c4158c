"""What drivers tell each other of a connection's starts, and what is kept on its row."""

import asyncio
import datetime as dt
import json
import uuid
from collections.abc import Callable

import pytest
from django.db import connection as database
from django.db import connections
from django_redis import get_redis_connection

from executions.agent_service import CredentialRefused, Throttled
from executions.orchestrator.connections import OpenConnections
from executions.orchestrator.database_calls import in_driver_thread
from executions.orchestrator.gate import Gate
from executions.orchestrator.gate_shares import Demand
from executions.orchestrator.gates import Gates
from executions.orchestrator.gates_shared import COUNTS_FOR_S, GateShares, SharedCap, key_of
from executions.orchestrator.gates_stored import clear_pause, store_limit, store_pause
from executions.orchestrator.start_line import Wish
from teams.models import SunaConnection

FIRST, SECOND = uuid.uuid4(), uuid.uuid4()
NOW = 1_800_000_000.0
NOTHING = Demand(in_flight=0, waiting=0)


def cap(number: int, *, at: float) -> SharedCap:
    return SharedCap(cap=number, told=True, until=NOW, at=at)


@pytest.fixture
def connection(db: None, owner: object) -> SunaConnection:
    return SunaConnection.objects.create(owner=owner, name="Shared", base_url="https://suna.example.org")


def test_each_driver_sees_what_the_others_have_and_the_newest_limit(clean_redis: object) -> None:
    place = uuid.uuid4()
    first, second = GateShares(FIRST), GateShares(SECOND)
    had = Demand(in_flight=2, waiting=5)

    alone = first.exchange(place, had, cap=cap(4, at=NOW), now=NOW)
    both = second.exchange(place, NOTHING, cap=cap(9, at=NOW - 1), now=NOW)

    assert alone is not None
    assert (alone.demands, alone.cap) == ({}, cap(4, at=NOW))
    assert both is not None
    assert (both.demands, both.cap) == ({FIRST: had}, cap(4, at=NOW))
    newer = second.exchange(place, NOTHING, cap=cap(9, at=NOW + 1), now=NOW)
    assert newer is not None
    assert newer.cap == cap(9, at=NOW + 1)


def test_what_a_driver_said_counts_for_some_seconds_and_until_it_takes_it_back(clean_redis: object) -> None:
    place = uuid.uuid4()
    first, second = GateShares(FIRST), GateShares(SECOND)
    first.exchange(place, Demand(in_flight=2, waiting=5), cap=None, now=NOW)

    late = second.exchange(place, NOTHING, cap=None, now=NOW + COUNTS_FOR_S + 1)

    assert late is not None
    assert late.demands == {}
    assert str(FIRST).encode() not in get_redis_connection("default").hkeys(key_of(place))
    first.exchange(place, Demand(in_flight=2, waiting=5), cap=None, now=NOW)
    first.take_back([place])
    after = second.exchange(place, NOTHING, cap=None, now=NOW)
    assert after is not None
    assert after.demands == {}
    assert 0 < get_redis_connection("default").ttl(key_of(place)) <= 900


@pytest.mark.parametrize(
    "said",
    [
        "",
        "{",
        "7",
        '{"n": -1, "w": 0, "until": 1800000001}',
        '{"n": 1, "w": 1, "until": 1e300}',
        '{"n": "x"}',
        '{"n": 1e999, "w": 0, "until": 1800000001, "cap": 1e999, "told": true, "at": 0}',
        '{"cap": 3, "told": true, "until": 1e999, "at": 0}',
        '{"cap": 3, "told": true, "until": 0, "at": 1800000061}',
        "[" * 100_000,
    ],
)
def test_what_makes_no_sense_in_redis_is_as_good_as_nothing(clean_redis: object, said: str) -> None:
    place = uuid.uuid4()
    client = get_redis_connection("default")
    client.hset(key_of(place), mapping={str(FIRST): said, "cap": said, "nobody": said})

    found = GateShares(SECOND).exchange(place, NOTHING, cap=None, now=NOW)

    assert found is not None
    assert (found.demands, found.cap) == ({}, None)
    client.hset(key_of(place), "cap", json.dumps({"cap": 0, "told": True, "until": 0, "at": 0}))
    found = GateShares(SECOND).exchange(place, NOTHING, cap=None, now=NOW)
    assert found is not None
    assert found.cap is None


def test_what_was_learned_is_kept_on_the_row_beside_what_stood_there(connection: SunaConnection) -> None:
    SunaConnection.objects.filter(pk=connection.pk).update(limits={"other": 1})

    store_limit(connection.pk, parallel_runs=3)
    store_pause(connection.pk, code="payment_required")
    clear_pause(connection.pk, code="credential_refused")

    connection.refresh_from_db()
    assert connection.limits == {"other": 1, "parallel_runs": 3}
    assert connection.paused_code == "payment_required"
    clear_pause(connection.pk, code="payment_required")
    connection.refresh_from_db()
    assert connection.paused_code == ""
    # No row is written where nothing changes.
    before = version_of(connection)
    store_limit(connection.pk, parallel_runs=3)
    clear_pause(connection.pk, code="payment_required")
    assert version_of(connection) == before


def version_of(connection: SunaConnection) -> str:
    with database.cursor() as cursor:
        cursor.execute("SELECT xmin::text FROM teams_sunaconnection WHERE id = %s", [connection.pk])
        return str(cursor.fetchone())


def wish(number: int, wake: Callable[[], None] = lambda: None) -> Wish:
    return Wish(key=(uuid.UUID(int=number), "a"), user="ann", under_way=False, position=0, wake=wake)


def make_gates(driver_id: uuid.UUID) -> Gates:
    return Gates(driver_id, now=lambda: dt.datetime.now(dt.UTC), died=lambda: pytest.fail("it died"))


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.02)


async def close(all_gates: list[Gates]) -> None:
    for gates in all_gates:
        await gates.aclose()
    # The thread's own connection would keep the test's database from being dropped.
    await in_driver_thread(connections.close_all)


def clock() -> float:
    return asyncio.get_running_loop().time()


async def row(connection: SunaConnection) -> SunaConnection:
    return await SunaConnection.objects.aget(pk=connection.pk)


@pytest.mark.django_db(transaction=True)
async def test_a_limit_that_one_driver_learned_holds_for_the_others_and_is_shared_among_them(
    transactional_connection: SunaConnection, clean_redis: object
) -> None:
    connection = transactional_connection
    both = [make_gates(driver_id) for driver_id in (FIRST, SECOND)]
    gates = [each.gate_of(connection) for each in both]
    for each in both:
        each.start()
    try:
        first, second = gates
        assert first.ask(wish(1), now=clock()) is None
        assert first.ask(wish(2), now=clock()) is None
        first.started(wish(1).key, now=clock())
        first.refused(wish(2).key, Throttled(limit=2), now=clock())
        first.give_back(wish(2).key, now=clock())
        assert second.ask(wish(11), now=clock()) is None
        second.started(wish(11).key, now=clock())
        second.limit.learn(5, told=False)

        await until(lambda: first.others and second.others)
        assert {first.limit.cap, second.limit.cap} <= {2, 5}
        await until(lambda: first.limit.cap == second.limit.cap)
        assert first.others == {SECOND: Demand(in_flight=1, waiting=0)}
    finally:
        await close(both)
    assert await asyncio.to_thread(get_redis_connection("default").hkeys, key_of(connection.pk)) == [b"cap"]


@pytest.mark.django_db(transaction=True)
async def test_a_pause_is_kept_on_the_row_and_ends_for_every_driver_when_the_row_says_so(
    transactional_connection: SunaConnection, clean_redis: object
) -> None:
    connection = transactional_connection
    both = [make_gates(driver_id) for driver_id in (FIRST, SECOND)]
    first, second = (each.gate_of(connection) for each in both)
    called: list[int] = []
    for each in both:
        each.start()
    try:
        for gate in (first, second):
            gate.ask(wish(1), now=clock())
        assert first.refused(wish(1).key, CredentialRefused(), now=clock()) is True
        first.give_back(wish(1).key, now=clock())
        first.ask(wish(2, wake=lambda: called.append(2)), now=clock())

        await until(lambda: second.is_paused_for("credential_refused"))
        assert (await row(connection)).paused_code == "credential_refused"
        later = make_gates(uuid.uuid4()).gate_of(await row(connection))
        assert later.is_paused_for("credential_refused")
        assert called == []

        await SunaConnection.objects.filter(pk=connection.pk).aupdate(paused_code="")

        await until(lambda: not first.pause and not second.pause)
        assert called == [2]
        assert (await row(connection)).paused_code == ""
    finally:
        await close(both)


@pytest.mark.django_db(transaction=True)
async def test_a_pause_ends_when_the_credential_is_another_whatever_the_row_says(
    transactional_connection: SunaConnection, clean_redis: object
) -> None:
    connection = transactional_connection
    gates = make_gates(FIRST)
    clients = OpenConnections(gates)
    await clients.read(connection.pk)
    gate = gates.gate_of(connection)
    gates.start()
    try:
        gate.ask(wish(1), now=clock())
        gate.refused(wish(1).key, CredentialRefused(), now=clock())
        await until(lambda: gate.pause is None or gate.pause.is_stored)
        assert gate.pause is not None

        # By a way that knows nothing of pauses.
        connection.set_credential(bearer="another one")
        await connection.asave(update_fields=["sealed_credential"])

        await until(lambda: gate.pause is None)
        async with asyncio.timeout(20):
            while (await row(connection)).paused_code:
                await asyncio.sleep(0.02)
        await clients.read(connection.pk)
    finally:
        await clients.aclose()
        await close([gates])


@pytest.mark.django_db(transaction=True)
async def test_a_new_driver_begins_with_what_the_row_says(transactional_connection: SunaConnection) -> None:
    connection = transactional_connection
    connection.limits = {"parallel_runs": 3}
    connection.throttled_until = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=30)

    gate: Gate = make_gates(FIRST).gate_of(connection)

    assert gate.limit.cap == 3
    assert 25 < gate.limit.until - clock() <= 30
    assert gate.ask(wish(1), now=clock()) is not None
    assert gate.ask(wish(1), now=clock() + 31) is None
    connection.pk, connection.limits = uuid.uuid4(), {"parallel_runs": "many"}
    connection.throttled_until = None
    assert make_gates(FIRST).gate_of(connection).ask(wish(1), now=clock()) is None


@pytest.fixture
def transactional_connection(transactional_db: None) -> SunaConnection:
    from teams.models import User

    owner = User.objects.create_user("gate-owner", email="gate@example.org")
    return SunaConnection.objects.create(owner=owner, name="Gate", base_url="https://suna.example.org")


@pytest.mark.django_db(transaction=True)
async def test_a_connection_that_cannot_be_looked_after_stops_neither_the_driver_nor_the_others(
    transactional_connection: SunaConnection, clean_redis: object
) -> None:
    odd = transactional_connection
    other = await SunaConnection.objects.acreate(
        owner_id=odd.owner_id, name="Other", base_url="https://other.example.org"
    )
    died: list[bool] = []
    gates = Gates(FIRST, now=lambda: dt.datetime.now(dt.UTC), died=lambda: died.append(True))
    # No column of PostgreSQL takes this number.
    gates.gate_of(odd).limit.learn(10**12, told=True)
    gates.gate_of(other).limit.learn(3, told=True)
    gates.start()
    try:
        async with asyncio.timeout(20):
            while not died and (await row(other)).limits != {"parallel_runs": 3}:
                await asyncio.sleep(0.02)
        assert died == []
        assert (await row(odd)).limits == {}
    finally:
        await close([gates])


def test_limits_on_a_row_that_are_no_object_are_as_good_as_none(connection: SunaConnection) -> None:
    SunaConnection.objects.filter(pk=connection.pk).update(limits=7)
    connection.refresh_from_db()

    assert make_gates(FIRST).gate_of(connection).limit.cap is None
    store_limit(connection.pk, parallel_runs=3)

    connection.refresh_from_db()
    assert connection.limits == {"parallel_runs": 3}
