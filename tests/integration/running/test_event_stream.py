"""The timeline as server-sent events from a real web server: whole, in order, once, and only to who may."""

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now
from django.test import Client

from executions.models import Execution, ExecutionEvent
from executions.orchestrator.append import append_events
from executions.orchestrator.changes import Event
from teams.models import ApiToken, TeamMembership, User
from tests.fixtures.event_streams import EventSource, new_session
from tests.fixtures.live import headers_of
from tests.fixtures.people import make_member, make_person
from tests.fixtures.running import wait_until
from tests.fixtures.site_rows import make_connection, make_team, start
from tests.fixtures.web import RunningWeb, running_web

Serve = Callable[..., RunningWeb]


@pytest.fixture
def serve(
    transactional_db: None, clean_redis: object, child_env: dict[str, str], tmp_path: Path
) -> Iterator[Serve]:
    """Give a function that serves the product over uvicorn until the test ends."""
    with ExitStack() as stack:
        yield lambda **env: stack.enter_context(
            running_web({**child_env, "RENUM_VAR_DIR": str(tmp_path), **env}, tmp_path / "web.log")
        )


def events_url(web: RunningWeb, execution: Execution) -> str:
    return f"{web.url}/api/v1/executions/{execution.pk}/events"


def an_execution(name: str = "olga") -> Execution:
    return start(make_team(make_person(name), connection=make_connection()))


def append(execution: Execution, count: int) -> None:
    append_events(execution.pk, [Event(kind="pause_requested", actor="user:1") for _ in range(count)])


def finish(execution: Execution) -> None:
    with transaction.atomic():
        Execution.objects.filter(pk=execution.pk).update(status="completed", finished_at=Now())
        append(execution, 1)


async def in_thread(call: Callable[..., Any], *args: Any) -> Any:
    """Call it in a thread and leave no connection there."""

    def call_alone() -> Any:
        try:
            return call(*args)
        finally:
            connection.close()

    return await asyncio.to_thread(call_alone)


def seqs_of(execution: Execution) -> list[int]:
    return list(
        ExecutionEvent.objects.filter(execution=execution).order_by("seq").values_list("seq", flat=True)
    )


def reading(client: EventSource, *, connections: int = 1000) -> EventSource:
    """Follow in this thread, to the end."""

    async def follow() -> EventSource:
        async with new_session() as session:
            return await client.follow(session, connections=connections)

    return asyncio.run(follow())


def test_all_events_come_once_and_in_order_from_any_number_on_and_the_stream_ends_with_the_execution(
    serve: Serve,
):
    execution = an_execution()
    headers = headers_of(execution.started_by)
    append(execution, 350)
    web = serve()
    url = events_url(web, execution)

    async def follow() -> list[EventSource]:
        clients = [
            EventSource(url, headers),
            EventSource(f"{url}?after=349", headers),
            EventSource(url, {**headers, "Accept-Language": "pt-br"}),
            # From nowhere: what comes is not hidden by it.
            EventSource(url, {**headers, "Last-Event-ID": "999"}),
        ]
        async with new_session() as session:
            tasks = [asyncio.create_task(client.follow(session)) for client in clients]
            while not all(client.statuses for client in clients):
                await asyncio.sleep(0.02)
            await in_thread(append, execution, 120)
            await in_thread(finish, execution)
            return list(await asyncio.gather(*tasks))

    whole, late, translated, lost = asyncio.run(follow())

    seqs = seqs_of(execution)
    assert whole.seqs == translated.seqs == seqs == list(range(1, len(seqs) + 1))
    assert late.seqs == [seq for seq in seqs if seq > 349]
    assert lost.seqs == [seq for seq in seqs if seq > 351]
    listed = httpx.get(f"{url}?limit=100", headers=headers).json()["results"]
    assert whole.data[:100] == listed
    assert translated.data[0]["message"] != whole.data[0]["message"]
    for client in (whole, late, translated, lost):
        assert client.end["status"] == "completed"
        assert client.statuses == [200, 204]
    assert "Traceback" not in web.log.read_text()


def test_strangers_and_slips_are_refused_before_a_stream_begins_and_places_run_out_with_a_clear_word(
    serve: Serve,
):
    execution = an_execution()
    web = serve(RENUM_EVENT_CLIENTS="2", RENUM_EVENT_CLIENTS_PER_USER="1")
    url, headers = events_url(web, execution), headers_of(execution.started_by)
    wanted = {"Accept": "text/event-stream"}
    refused = {
        "anonymous": httpx.get(url, headers=wanted),
        "stranger": httpx.get(url, headers={**wanted, **headers_of(make_person("mallory"))}),
        "limit": httpx.get(f"{url}?limit=5", headers={**wanted, **headers}),
        "id": httpx.get(url, headers={**wanted, **headers, "Last-Event-ID": "x"}),
    }
    assert {name: answer.status_code for name, answer in refused.items()} == {
        "anonymous": 401,
        "stranger": 404,
        "limit": 400,
        "id": 400,
    }
    assert {answer.headers["content-type"] for answer in refused.values()} == {"application/problem+json"}

    member, third = (make_member(execution.team, name, "viewer") for name in ("mia", "tom"))
    with httpx.Client() as client, ExitStack() as stack:
        for person in (execution.started_by, member):
            stack.enter_context(client.stream("GET", url, headers={**wanted, **headers_of(person)}))
        mine = httpx.get(url, headers={**wanted, **headers})
        full = httpx.get(url, headers={**wanted, **headers_of(third)})
        assert (mine.status_code, mine.json()["code"], mine.headers["retry-after"]) == (
            429,
            "too_many_live",
            "15",
        )
        assert (full.status_code, full.json()["code"], full.headers["retry-after"]) == (
            503,
            "live_full",
            "15",
        )
        # A list is no stream.
        assert httpx.get(url, headers=headers).status_code == 200
        assert httpx.head(url, headers={**wanted, **headers}).status_code == 200
    # Whoever goes gives the place back.
    wait_until(
        lambda: reading(EventSource(url, headers_of(third), cut_each_s=1), connections=1).statuses == [200]
    )


def test_streams_end_within_five_seconds_after_the_right_to_them_is_gone(serve: Serve, figure):
    execution = an_execution()
    people = {
        lost: make_member(execution.team, lost, "viewer") for lost in ("token", "member", "person", "session")
    }
    signed_in = Client()
    signed_in.force_login(people["session"])
    headers = {lost: headers_of(person) for lost, person in people.items()}
    headers["session"] = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={signed_in.session.session_key}"}
    headers["nothing"] = headers_of(execution.started_by)
    web = serve()
    url = events_url(web, execution)

    def take_away() -> None:
        ApiToken.objects.filter(user=people["token"]).delete()
        TeamMembership.objects.filter(user=people["member"]).delete()
        User.objects.filter(pk=people["person"].pk).update(is_active=False)
        # Another password ends the sessions of the old one.
        people["session"].set_password("another-password-1")
        people["session"].save()

    async def follow() -> tuple[dict[str, EventSource], float]:
        clients = {lost: EventSource(url, header) for lost, header in headers.items()}
        async with new_session() as session:
            tasks = {lost: asyncio.create_task(client.follow(session)) for lost, client in clients.items()}
            while not all(client.seqs for client in clients.values()):
                await asyncio.sleep(0.02)
            await in_thread(take_away)
            began = time.monotonic()
            await asyncio.wait([task for lost, task in tasks.items() if lost != "nothing"], timeout=20)
            took_s = time.monotonic() - began
            await in_thread(append, execution, 1)
            while len(clients["nothing"].seqs) < 2:
                await asyncio.sleep(0.02)
            for task in tasks.values():
                task.cancel()
        return clients, took_s

    clients, took_s = asyncio.run(follow())

    figure("event_stream_ends_after_lost_right_s", took_s)
    assert took_s < 5.5
    assert {lost: client.statuses for lost, client in clients.items()} == {
        "token": [200, 401],
        "member": [200, 404],
        "person": [200, 401],
        "session": [200, 401],
        "nothing": [200],
    }
    assert {lost: client.seqs for lost, client in clients.items()} == {
        **{lost: [1] for lost in people},
        "nothing": [1, 2],
    }


def test_an_idle_stream_holds_no_thread_and_no_connection_and_a_stop_ends_all_at_once(serve: Serve, figure):
    execution = an_execution()
    headers = headers_of(execution.started_by)
    web = serve(RENUM_EVENT_CLIENTS_PER_USER="100")
    before = threads_of(web)

    async def follow() -> tuple[int, int, float, list[EventSource]]:
        async with new_session() as session:
            clients = [EventSource(events_url(web, execution), headers) for _ in range(100)]
            tasks: list[asyncio.Task[EventSource]] = []
            for start_of_ten in range(0, 100, 10):
                ten = clients[start_of_ten : start_of_ten + 10]
                tasks += [asyncio.create_task(client.follow(session, connections=1)) for client in ten]
                while not all(client.seqs for client in ten):
                    await asyncio.sleep(0.02)
            await asyncio.sleep(0.3)
            threads, connections = threads_of(web), await in_thread(web_connections)
            took_s = await asyncio.to_thread(web.stop)
            await asyncio.gather(*tasks)
            return threads, connections, took_s, clients

    threads, connections, took_s, clients = asyncio.run(follow())

    figure("event_streams_100_more_threads", threads - before)
    figure("event_streams_100_connections", connections)
    figure("event_streams_100_stop_s", took_s)
    assert threads - before < 15
    assert connections <= 3
    assert took_s < 4
    assert all(len(client.retries_ms) == 2 and client.end is None for client in clients)
    assert "Traceback" not in web.log.read_text()


def test_a_reader_that_never_reads_costs_bounded_memory_and_is_cut_off(serve: Serve, figure):
    execution = an_execution()
    token = headers_of(execution.started_by)["Authorization"]
    append_events(execution.pk, [Event(kind="long", data={"text": "y" * 4000}) for _ in range(1500)])
    web = serve(RENUM_STREAM_WRITE_S="2")
    port = int(web.url.rpartition(":")[2])
    request = (
        f"GET /api/v1/executions/{execution.pk}/events HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Accept: text/event-stream\r\nAuthorization: {token}\r\n\r\n"
    )
    url, headers = events_url(web, execution), {"Authorization": token}
    # The first of all loads what every one needs.
    reading(EventSource(url, headers, cut_each_s=2), connections=1)
    before = rss_kb(web)
    with ExitStack() as stack:
        for _ in range(10):
            deaf = stack.enter_context(socket.socket())
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.connect(("127.0.0.1", port))
            deaf.sendall(request.encode())
        # A client that reads is served meanwhile.
        finish(execution)
        healthy = reading(EventSource(url, headers))
        most = rss_kb(web)
        wait_until(lambda: established(port) == 0, timeout_s=20)
    figure("event_stream_ten_deaf_readers_rss_growth_kb", most - before)
    # For each of them 6 MB lie there.
    assert most - before < 25_000
    assert healthy.seqs == seqs_of(execution)
    assert "without completing response" not in web.log.read_text()
    assert "Traceback" not in web.log.read_text()


def threads_of(web: RunningWeb) -> int:
    return len(list(Path(f"/proc/{web.popen.pid}/task").iterdir()))


def rss_kb(web: RunningWeb) -> int:
    status = Path(f"/proc/{web.popen.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def established(port: int) -> int:
    """Return how many connections the server's side holds."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(
        int(row[1].rpartition(":")[2], 16) == port and row[3] != "0A" and row[9] != "0" for row in rows
    )


def web_connections() -> int:
    with psycopg.connect(settings.TEST_DATABASE_URL) as asking:
        row = asking.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND application_name = 'renum'"
        ).fetchone()
    assert row is not None
    return int(row[0])
