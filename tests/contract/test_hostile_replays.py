"""What a run left is a stream in some versions: one that is cut, hangs, never ends, or holds nonsense.

Each is read through the client as a result, over both transports: of Suna to July 2025, which has nothing
else, and of Suna of October 2025, where an API key alone is shown nothing else (suna-contract §1.2).
"""

import asyncio
import contextlib
import gzip
import json
import time
import tracemalloc
from collections.abc import AsyncIterator

import pytest

from executions.agent_service import (
    AgentServiceError,
    BadResponse,
    ResponseTooLarge,
    ResultExpired,
    Unavailable,
)
from executions.suna.client import SunaClient
from tests.contract.clients import client_to
from tests.contract.hostile_answers import BODIES, MEGABYTE
from tests.contract.raw_server import Request, Respond, answer, json_answer, serve
from tests.contract.recordings import load_stream
from tests.contract.test_hostile_answers import nothing_left

pytestmark = pytest.mark.parametrize(
    ("profile", "transport"), [("2025-07", "aiohttp"), ("2025-07", "httpx"), ("2025-10", "aiohttp")]
)
RUN, THREAD = "fbb589d2-0c6e-4910-abf8-2d0fbeef54df", "5e15e3ce-5ba6-4c5b-95da-483c6cbebdad"
EVENTS = "text/event-stream"
COMPLETED = b'data: {"type": "status", "status": "completed"}\n\n'
WHOLE = {
    "2025-07": load_stream("2025-07", "text-stream-late"),
    "2025-10": load_stream("2025-10", "text-stream-late"),
}
NO_OBJECTS = {"empty", "cut JSON", "no JSON", "HTML", "null", "a number", "a text", "a list", "invalid UTF-8"}
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
PIECE = (
    b'data: {"sequence": 1, "message_id": null, "type": "assistant", '
    b'"content": "{\\"role\\": \\"assistant\\", \\"content\\": \\"x\\"}", '
    b'"metadata": "{\\"stream_status\\": \\"chunk\\"}"}\n\n'
)


def event(kind: str, text: str) -> bytes:
    content = json.dumps({"role": "assistant", "content": text})
    return b"data: " + json.dumps({"message_id": kind, "type": kind, "content": content}).encode() + b"\n\n"


def with_stream(respond_stream: Respond) -> Respond:
    """Return a Suna that shows a run's stream and nothing else of it."""

    async def respond(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.path.endswith("/stream"):
            await respond_stream(request, writer)
        elif request.path.endswith("/messages"):
            writer.write(json_answer(403, {"detail": "Authentication required for private threads"}))
        elif request.path.endswith("/usage-logs"):
            writer.write(json_answer(200, {"logs": [], "has_more": False}))
        else:
            writer.write(json_answer(404, {"detail": "Agent run not found"}))

    return respond


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


class Stage:
    """A client whose server answers for a stream what the test says."""

    client: SunaClient
    respond: Respond

    async def read(self, payload: bytes | None = None) -> object:
        """Return the run's result or the port's error; with a payload, of exactly that answer."""
        if payload is not None:

            async def send(_request: Request, writer: asyncio.StreamWriter) -> None:
                writer.write(payload)

            self.respond = send
        try:
            return await self.client.get_result(RUN, place=THREAD)
        except AgentServiceError as error:
            return error


@contextlib.asynccontextmanager
async def staged(profile: str, transport: str) -> AsyncIterator[Stage]:
    """Give a stage, and fail where anything is left of it."""
    stage = Stage()

    async def respond(request: Request, writer: asyncio.StreamWriter) -> None:
        await stage.respond(request, writer)

    options = {"profile": profile, "transport": transport, "call_deadline_s": 0.25}
    async with (
        nothing_left(),
        serve(with_stream(respond)) as server,
        client_to(server.url, max_response_bytes=2 * MEGABYTE, **options) as client,
    ):
        stage.client = client
        yield stage


async def test_a_whole_stream_is_read_however_its_type_and_encoding_are_written(profile, transport) -> None:
    async with staged(profile, transport) as stage:
        read = [
            await stage.read(answer(200, WHOLE[profile], content_type=written, headers=headers))
            for written, headers in (
                (EVENTS, {}),
                ("Text/Event-Stream; charset=utf-8", {}),
                (EVENTS, {"Content-Encoding": "identity"}),
            )
        ]

        assert read[0] == read[1] == read[2]
        assert read[0].text


async def test_what_is_no_stream_of_events_is_a_bad_response(profile, transport) -> None:
    async with staged(profile, transport) as stage:
        for payload in (
            answer(200, WHOLE[profile], content_type="application/json"),
            answer(200, b"<!doctype html><title>Bad gateway</title>", content_type="text/html"),
            answer(
                200, gzip.compress(WHOLE[profile]), content_type=EVENTS, headers={"Content-Encoding": "gzip"}
            ),
            answer(
                200,
                gzip.compress(b"0" * 50 * MEGABYTE),
                content_type=EVENTS,
                headers={"Content-Encoding": "gzip"},
            ),
        ):
            assert isinstance(await stage.read(payload), BadResponse)


async def test_nonsense_in_every_event_is_a_bad_response_and_beside_good_ones_it_is_left_out(
    profile, transport
) -> None:
    async with staged(profile, transport) as stage:
        whole = await stage.read(answer(200, WHOLE[profile], content_type=EVENTS))
        for name, body in BODIES.items():
            nonsense = b"data: " + body.replace(b"\n", b" ") + b"\n\n"
            alone = await stage.read(answer(200, nonsense + COMPLETED, content_type=EVENTS))
            # What is an object, if a strange one, is an event of a kind that nobody knows.
            wanted = BadResponse if name in NO_OBJECTS else (BadResponse, ResultExpired)
            assert isinstance(alone, wanted), (name, alone)
            first, rest = WHOLE[profile].split(b"\n\n", 1)
            among = await stage.read(answer(200, first + b"\n\n" + nonsense + rest, content_type=EVENTS))
            assert among == whole, name


async def test_a_stream_that_closes_or_hangs_before_its_end_is_unavailable(profile, transport) -> None:
    async with staged(profile, transport) as stage:
        events = WHOLE[profile].split(b"\n\n")
        for kept in (0, 1, len(events) // 2):
            half = b"\n\n".join(events[:kept]) + b'\n\ndata: {"type": "status", "sta'
            assert isinstance(await stage.read(answer(200, half, content_type=EVENTS)), Unavailable)

        async def hang(_request: Request, writer: asyncio.StreamWriter) -> None:
            writer.write(HEAD + chunk(WHOLE[profile][:2000]))
            await asyncio.sleep(60)

        stage.respond = hang
        began = time.monotonic()
        assert isinstance(await stage.read(), Unavailable)
        # A replay has twice the time of a call.
        assert time.monotonic() - began < 10


async def test_a_stream_without_end_ends_at_its_deadline_in_little_memory_while_others_are_served(
    profile, transport, figure, request
) -> None:
    async with staged(profile, transport) as stage:
        burst = chunk(PIECE * 400)

        async def pour(_request: Request, writer: asyncio.StreamWriter) -> None:
            writer.write(HEAD)
            while True:
                writer.write(burst)
                await writer.drain()

        stage.respond = pour
        longest = 0.0

        async def live() -> None:
            nonlocal longest
            while True:
                before = time.monotonic()
                await asyncio.sleep(0)
                longest = max(longest, time.monotonic() - before)

        living = asyncio.create_task(live())
        tracemalloc.start()
        outcome = await stage.read()
        peak = tracemalloc.get_traced_memory()[1] / MEGABYTE
        tracemalloc.stop()
        living.cancel()

        assert isinstance(outcome, Unavailable)
        assert peak < 16
        figure(f"endless_replay_longest_block_s_{request.node.callspec.id}", longest)
        assert longest < 2


async def test_an_event_without_end_is_too_large_and_what_a_tool_gave_is_left_out(
    profile, transport, monkeypatch
) -> None:
    async with staged(profile, transport) as stage:
        monkeypatch.setattr("executions.suna.wire.replay.MAX_LINE_BYTES", MEGABYTE)
        long = "x" * (2 * MEGABYTE)

        overlong = await stage.read(answer(200, event("assistant", long) + COMPLETED, content_type=EVENTS))
        beside = await stage.read(
            answer(
                200,
                event("tool", long + '"type": "assistant"' + long)
                + event("assistant", "Forty-two.")
                + COMPLETED,
                content_type=EVENTS,
            )
        )

        assert isinstance(overlong, ResponseTooLarge)
        assert beside.text == "Forty-two."
