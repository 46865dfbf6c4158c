"""What the doctor says of connections to a Suna."""

import asyncio
import contextlib
import datetime as dt
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db.models.functions import Now

from renum_site.doctor.clocks import ClockReadings, compare_clocks
from renum_site.doctor.finding import State
from renum_site.doctor.suna import look_at_suna
from teams.models import SunaConnection
from tests.contract.raw_server import RawServer, Request, answer, json_answer, serve
from tests.fixtures.people import make_person
from tests.fixtures.site_rows import make_connection
from tests.integration.doctor.states import states


@contextlib.contextmanager
def serving(respond: Any) -> Iterator[RawServer]:
    """Run a raw server in a thread with a loop of its own."""
    started: list[RawServer] = []
    ready, stop = threading.Event(), threading.Event()

    async def run() -> None:
        async with serve(respond) as server:
            started.append(server)
            ready.set()
            await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    assert ready.wait(10)
    try:
        yield started[0]
    finally:
        stop.set()
        thread.join(10)


ROUTES = {"paths": {"/api/thread/{thread_id}/agent/start": {}, "/api/threads": {}}}
TOKEN = "CANARY-of-a-connection"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("reply", "check", "state"),
    [
        (json_answer(404, {"detail": "Agent run not found"}), "reach", State.OK),
        (json_answer(401, {"detail": f"Invalid token {TOKEN}"}), "credential", State.ERROR),
        (answer(302, b"", headers={"Location": "http://elsewhere.invalid"}), "address", State.ERROR),
        (answer(500, TOKEN.encode(), content_type="text/plain"), "reach", State.ERROR),
        (b"nonsense\r\n\r\n", "reach", State.ERROR),
    ],
)
def test_what_a_suna_answers_is_told_without_the_credential_that_it_repeats(
    reply: bytes, check: str, state: State
) -> None:
    async def respond(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(json_answer(200, ROUTES) if request.path == "/openapi.json" else reply)
        if reply.startswith(b"nonsense"):
            writer.close()

    with serving(respond) as server:
        row = make_connection()
        row.base_url = server.url
        row.set_credential(bearer=TOKEN)
        row.save()
        SunaConnection.objects.update(synced_at=Now())
        found = list(look_at_suna(ClockReadings()))

    assert states(found)[check] is state
    assert all(TOKEN not in one.seen + one.fix for one in found)
    assert {request.method for request in server.requests} == {"GET"}


@pytest.mark.django_db
def test_a_suna_of_another_version_clock_or_state_is_told() -> None:
    old = "Sat, 21 Nov 2026 10:00:00 GMT"

    async def respond(request: Request, writer: asyncio.StreamWriter) -> None:
        missing = json_answer(404, {"detail": "Agent run not found"}, headers={"Date": old})
        writer.write(json_answer(200, ROUTES) if request.path == "/openapi.json" else missing)

    with serving(respond) as server:
        row = make_connection()
        row.base_url, row.wire_profile, row.paused_code = server.url, "seed", "credential_refused"
        row.throttled_until = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
        row.set_credential(bearer=TOKEN)
        row.save()
        clocks = ClockReadings()
        found = states(look_at_suna(clocks))

    assert found == {
        "profile": State.WARNING,
        "paused": State.WARNING,
        "throttled": State.OK,
        "catalogue": State.WARNING,
    }
    assert [one.check for one in compare_clocks(clocks.take())] == ["suna_clock"]


@pytest.mark.django_db
def test_a_persons_address_that_leads_inside_is_not_asked(settings: Any) -> None:
    settings.SUNA_ALLOWED_HOSTS = []

    async def respond(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(json_answer(200, ROUTES))

    with serving(respond) as server:
        row = make_connection(make_person("olga"))
        row.base_url = server.url
        row.set_credential(bearer=TOKEN)
        row.save()
        found = states(look_at_suna(ClockReadings()))

    assert found["address"] is State.WARNING
    assert server.connections == 0
