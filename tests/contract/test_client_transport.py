"""The client against servers that misbehave, over real sockets and with both transports."""

import asyncio
import gzip
import itertools
import socket
import time
import zlib

import pytest

from executions.agent_service import (
    BadResponse,
    CredentialRefused,
    RedirectRefused,
    Rejected,
    ResponseTooLarge,
    RunRequest,
    SecretText,
    StartUncertain,
    Unavailable,
)
from executions.suna.client import open_client
from tests.contract.clients import REQUEST, bearer, client_to
from tests.contract.raw_server import Request, always, answer, json_answer, serve

KEY = "sk-CANARY-4b1d9a77"
RUN = {"id": "r-1", "threadId": "t-1", "status": "running", "error": None}


@pytest.fixture(params=["aiohttp", "httpx"])
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_a_drip_feed_ends_at_the_total_deadline_although_each_read_succeeds(transport):
    async def drip(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10000\r\n\r\n")
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.05)

    async with (
        serve(drip) as server,
        client_to(server.url, transport=transport, call_deadline_s=0.5) as client,
    ):
        began = time.monotonic()
        with pytest.raises(Unavailable) as caught:
            await client.get_run("r-1")
        assert 0.4 < time.monotonic() - began < 20
        assert caught.value.sent is True


async def test_an_endless_body_is_cut_at_the_cap(transport):
    sent = 0

    async def pour(_request: Request, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        while True:
            writer.write(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")
            await writer.drain()
            sent += 0x4000

    async with (
        serve(pour) as server,
        client_to(server.url, transport=transport, max_response_bytes=100_000) as client,
    ):
        with pytest.raises(ResponseTooLarge):
            await client.get_run("r-1")
    assert sent < 20_000_000


@pytest.mark.parametrize("layers", [1, 2])
async def test_a_gzip_bomb_is_stopped_at_the_cap_of_decoded_bytes(transport, layers):
    bomb = gzip.compress(b"0" * 200_000_000)
    if layers == 2:
        bomb = gzip.compress(bomb)
    encoding = ", ".join(["gzip"] * layers)
    payload = answer(200, bomb, headers={"Content-Encoding": encoding})
    async with serve(always(payload)) as server, client_to(server.url, transport=transport) as client:
        with pytest.raises(ResponseTooLarge if layers == 1 else BadResponse):
            await client.get_run("r-1")


async def test_a_gzip_answer_within_the_cap_is_read(transport):
    body = gzip.compress(b'{"id": "r-1", "threadId": "t-1", "status": "completed"}')
    payload = answer(200, body, headers={"Content-Encoding": "gzip"})
    async with serve(always(payload)) as server, client_to(server.url, transport=transport) as client:
        assert (await client.get_run("r-1")).status == "completed"


async def test_a_broken_gzip_answer_is_a_bad_response(transport):
    body = gzip.compress(b'{"id": "r-1", "status": "completed"}')[:-12]
    payload = answer(200, body, headers={"Content-Encoding": "gzip"})
    async with serve(always(payload)) as server, client_to(server.url, transport=transport) as client:
        with pytest.raises(BadResponse):
            await client.get_run("r-1")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_to_another_origin_is_refused_and_the_other_origin_sees_nothing(transport, status):
    async with serve(always(json_answer(200, RUN))) as other:
        payload = answer(status, b"", headers={"Location": f"{other.url}/api/agent-run/r-1"})
        async with (
            serve(always(payload)) as server,
            client_to(server.url, transport=transport, profile="seed", sends_user_keys=True) as client,
        ):
            for call in (
                client.get_run("r-1"),
                client.start_run(
                    RunRequest(agent_id="a", prompt="p", user_keys={"openai": SecretText(KEY)}), place="t-1"
                ),
            ):
                with pytest.raises(RedirectRefused):
                    await call
            assert len(server.requests) == 2
        assert other.connections == 0


async def test_a_refused_connection_proves_that_nothing_was_sent(transport):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        async with client_to(url, transport=transport) as client:
            for call in (client.start_run(REQUEST, place="t-1"), client.get_run("r-1")):
                with pytest.raises(Unavailable) as caught:
                    await call
                assert caught.value.sent is False


async def test_a_name_that_does_not_exist_proves_that_nothing_was_sent(transport):
    async with client_to("http://suna.invalid", transport=transport) as client:
        with pytest.raises(Unavailable) as caught:
            await client.start_run(REQUEST, place="t-1")
        assert caught.value.sent is False


async def test_a_start_that_is_never_answered_is_uncertain_after_its_deadline(transport):
    async def hang(_request: Request, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    async with (
        serve(hang) as server,
        client_to(server.url, transport=transport, start_deadline_s=0.3) as client,
    ):
        with pytest.raises(StartUncertain):
            await client.start_run(REQUEST, place="t-1")
        assert len(server.requests) == 1


async def test_a_start_that_found_no_free_connection_was_surely_not_sent(transport):
    async def hang(_request: Request, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    async with (
        serve(hang) as server,
        client_to(server.url, transport=transport, max_connections=1, start_deadline_s=0.3) as client,
    ):
        blocker = asyncio.create_task(client.get_run("r-1"))
        while not server.requests:
            await asyncio.sleep(0.01)
        with pytest.raises(Unavailable) as caught:
            await client.start_run(REQUEST, place="t-1")
        assert caught.value.sent is False
        assert [request.method for request in server.requests] == ["GET"]
        blocker.cancel()
        await asyncio.gather(blocker, return_exceptions=True)


@pytest.mark.parametrize("answered", [b"", b"HTTP/1.1 200 OK\r\nContent-Le", b"nonsense\r\n\r\n"])
async def test_a_connection_lost_after_the_request_makes_a_start_uncertain(transport, answered):
    async def cut(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(answered)
        if answered:
            await writer.drain()
        writer.close()

    async with serve(cut) as server, client_to(server.url, transport=transport) as client:
        with pytest.raises(StartUncertain):
            await client.start_run(REQUEST, place="t-1")
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "payload",
    [
        answer(200, b"<!doctype html><p>Bad gateway", content_type="text/html"),
        answer(200, b""),
        answer(204, b"", content_type=""),
        json_answer(200, {"agent_run_id": 7}),
        json_answer(200, {"agent_run_id": ""}),
        json_answer(200, {"agent_run_id": "r" * 129}),
        json_answer(200, ["r-1"]),
        json_answer(200, {"agent_run_id": "r-1", "thread_id": "another"}),
        answer(200, b'{"agent_run_id": "' + b"x" * 2_000_000 + b'"}'),
        answer(500, b"Internal Server Error", content_type="text/plain"),
        json_answer(503, {"detail": "down"}),
        json_answer(408, {"error": "Request timeout"}),
        answer(200, b"[" * 200_000),
    ],
)
async def test_a_start_answered_with_what_proves_nothing_is_uncertain(transport, payload):
    async with (
        serve(always(payload)) as server,
        client_to(server.url, transport=transport, max_response_bytes=1_000_000) as client,
    ):
        with pytest.raises(StartUncertain):
            await client.start_run(REQUEST, place="t-1")


async def test_the_call_after_an_uncaught_500_uses_a_fresh_connection(transport):
    """As Suna does: after a text/plain 500 the connection is closed without a word (suna-contract §9.1)."""
    poisoned: set[int] = set()

    async def respond(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.connection in poisoned:
            writer.transport.abort()
        elif "bad" in request.path:
            poisoned.add(request.connection)
            writer.write(answer(500, b"Internal Server Error", content_type="text/plain"))
        else:
            writer.write(json_answer(200, {"agent_run_id": "r-1", "status": "running"}))

    async with serve(respond) as server, client_to(server.url, transport=transport) as client:
        for number in range(5):
            with pytest.raises(Unavailable):
                await client.get_run("bad")
            assert (await client.start_run(REQUEST, place="t-1")).run_id == "r-1"
            assert server.connections <= 2 * (number + 1)
        # A POST is never repeated by a transport, so each start came once.
        assert sum(request.method == "POST" for request in server.requests) == 5


async def test_connections_are_kept_while_answers_are_sound(transport):
    async with (
        serve(always(json_answer(200, RUN))) as server,
        client_to(server.url, transport=transport, max_connections=3) as client,
    ):
        await asyncio.gather(*(client.get_run("r-1") for _ in range(60)))
        assert len(server.requests) == 60
        assert server.connections <= 3


async def test_a_cookie_of_the_service_is_never_sent_back(transport):
    payload = json_answer(200, RUN, headers={"Set-Cookie": "session=1; Path=/"})
    async with serve(always(payload)) as server, client_to(server.url, transport=transport) as client:
        await client.get_run("r-1")
        await client.get_run("r-1")
        assert [request.headers.get("cookie") for request in server.requests] == [None, None]


async def test_a_call_under_way_ends_as_unavailable_when_the_client_is_closed(transport):
    async def hang(_request: Request, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    async with (
        serve(hang) as server,
        client_to(server.url, transport=transport, call_deadline_s=2.0) as client,
    ):
        call = asyncio.create_task(client.get_run("r-1"))
        while not server.requests:
            await asyncio.sleep(0.01)
        await client.aclose()
        with pytest.raises(Unavailable):
            await call
        with pytest.raises(Unavailable) as caught:
            await client.get_run("r-1")
        assert caught.value.sent is False


async def test_cancelling_a_call_is_not_swallowed_and_frees_its_place(transport):
    async def hang_once(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.path.endswith("hang"):
            await asyncio.sleep(60)
        writer.write(json_answer(200, RUN))

    async with (
        serve(hang_once) as server,
        client_to(server.url, transport=transport, max_connections=1) as client,
    ):
        call = asyncio.create_task(client.get_run("hang"))
        while not server.requests:
            await asyncio.sleep(0.01)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert (await client.get_run("r-1")).run_id == "r-1"


async def test_an_endless_error_answer_is_judged_by_its_status(transport):
    async def pour(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\n")
        writer.write(b"Transfer-Encoding: chunked\r\n\r\n")
        for _ in itertools.count():
            writer.write(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")
            await writer.drain()

    async with serve(pour) as server, client_to(server.url, transport=transport) as client:
        with pytest.raises(CredentialRefused):
            await client.get_run("r-1")


async def test_a_base_path_is_kept_and_ids_cannot_leave_their_place_in_a_path(transport):
    async with (
        serve(always(json_answer(200, {"id": "a/../b?c#d", "status": "running"}))) as server,
        client_to(f"{server.url}/suna/", transport=transport) as client,
    ):
        # What was asked for is one segment of the path; such an id in an answer is none.
        with pytest.raises(BadResponse):
            await client.get_run("a/../b?c#d")
        assert server.requests[0].target == "/suna/api/agent-run/a%2F..%2Fb%3Fc%23d"
        for bad in ("", ".", "..", "x" * 129, "half-\ud800"):
            with pytest.raises(Rejected):
                await client.get_run(bad)
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "url",
    [
        "ftp://host",
        "host:80",
        "http://",
        "http://user:pw@host",
        "http://host/?token=1",
        "http://host/#a",
        "",
        "http://host:99999",
        "javascript:alert(1)",
    ],
)
def test_a_base_url_that_is_none_or_holds_a_secret_is_refused(url):
    with pytest.raises(Rejected) as caught:
        open_client(base_url=url, profile="seed", credential=bearer(), sends_user_keys=False)
    assert "pw" not in str(caught.value)


def test_zlib_is_told_how_much_it_may_give():
    # What `read_body` rests on: a decoder that is asked for n bytes gives n, whatever is in the chunk.
    decoder = zlib.decompressobj(zlib.MAX_WBITS | 32)
    assert len(decoder.decompress(gzip.compress(b"0" * 1_000_000), 10)) == 10
