"""Answers that no Suna should give: what a broken proxy, a stranger or an enemy may send instead."""

import asyncio
import functools
import gzip
import json
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from tests.contract.raw_server import Request, Respond, always, answer

RUN_ID = "run-1"
PLACE = "thread-1"
DEEP = 10_000
MEGABYTE = 1024 * 1024
BOMB_BYTES = 200 * MEGABYTE

GOOD_RUN = {
    "id": RUN_ID, "threadId": PLACE, "thread_id": PLACE, "status": "completed", "error": None,
    "startedAt": "2026-11-22T10:00:00+00:00", "completedAt": None, "agent_run_id": RUN_ID,
}  # fmt: skip


def deflated(data: bytes, *, window: int) -> bytes:
    """Return data packed as deflate (window 15), gzip (31) or raw (-15)."""
    packer = zlib.compressobj(9, zlib.DEFLATED, window)
    return packer.compress(data) + packer.flush()


BROTLI_BOMB = b"\x5b\xff\xff\xff\x80" + b"\x00" * 4096
"""Nobody here can unpack brotli, and nobody asked for it: what it holds does not matter."""

BODIES: Mapping[str, bytes] = {
    "empty": b"",
    "cut JSON": b'{"agent_run_id": "',
    "no JSON": b"not json at all",
    "HTML": b"<!doctype html><title>Bad gateway</title>",
    "null": b"null",
    "a number": b"7",
    "a text": b'"completed"',
    "a list": b"[]",
    "an empty object": b"{}",
    "NaN": b'{"id": NaN, "agent_run_id": -Infinity, "thread_id": 1e999, "agents": NaN, "messages": NaN}',
    "a list nested 10,000 deep": b"[" * DEEP + b"]" * DEEP,
    "an object nested 10,000 deep": b'{"messages":' * DEEP + b"1" + b"}" * DEEP,
    "an open nest of 200,000": b"[" * 200_000,
    "invalid UTF-8": b'{"id": "\xff\xfe\x80", "status": "\xc3\x28"}',
    "UTF-16": '{"id": "run-1"}'.encode("utf-16"),
    "a lone surrogate as an id": b'{"id": "\\ud800", "agent_run_id": "\\udfff", "thread_id": "\\ud800"}',
    "an id of 10 kB": json.dumps(dict.fromkeys(GOOD_RUN, "x" * 10000)).encode(),
    "an id with a slash": json.dumps(dict.fromkeys(GOOD_RUN, "../../admin")).encode(),
    "an id with control characters": json.dumps(dict.fromkeys(GOOD_RUN, "run\r\n\x00\x1b[31m")).encode(),
    "numbers for texts": json.dumps(dict.fromkeys(GOOD_RUN, 7)).encode(),
    "objects for texts": json.dumps({key: {"a": 1} for key in GOOD_RUN}).encode(),
    "lists for texts": json.dumps({key: [None] for key in GOOD_RUN}).encode(),
    "null for everything": json.dumps(
        dict.fromkeys([*GOOD_RUN, "agent_runs", "messages", "agents", "pagination", "output", "usage"])
    ).encode(),
    "null for objects": b'{"agent_runs": [null], "messages": [null], "agents": [null], '
    b'"active_runs": [null], "output": 7}',
    "objects for lists": b'{"agent_runs": {}, "messages": {}, "agents": {}, "active_runs": {}, "usage": {}}',
    "another run's answer": json.dumps(
        {**GOOD_RUN, "id": "run-2", "agent_run_id": "run-2", "threadId": "t-2", "thread_id": "t-2"}
    ).encode(),
    "a number of a million digits": b'{"id": ' + b"9" * 1_000_000 + b"}",
}
"""As the body of a 200 that says it is JSON. Not one of them is an answer to anything."""

DUPLICATE_KEYS = (
    b'{"id": "run-2", "id": "run-1", "threadId": "thread-1", "thread_id": "thread-1", '
    b'"status": "failed", "status": "completed", "status": "running"}'
)


def whole(body: bytes, **options: Any) -> Callable[[], Respond]:
    """Return a maker of a responder that sends a body as a 200."""
    return lambda: always(answer(200, body, **options))


def packed(body: bytes, encoding: str) -> Callable[[], Respond]:
    """Return a maker of a responder that sends a packed body."""
    return lambda: always(answer(200, body, headers={"Content-Encoding": encoding}))


def raw(payload: bytes, *, then_close: bool = False, then_hang: bool = False) -> Callable[[], Respond]:
    """Return a maker of a responder that sends exactly these bytes and closes, hangs or reads on."""

    async def respond(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(payload)
        await writer.drain()
        if then_hang:
            await asyncio.sleep(60)
        if then_close:
            writer.close()

    return lambda: respond


def pouring(head: bytes, piece: bytes, *, every_s: float = 0.0) -> Callable[[], Respond]:
    """Return a maker of a responder that begins with a head and never ends."""

    async def respond(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(every_s)

    return lambda: respond


JSON_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

BOMBS: Mapping[str, Callable[[], Respond]] = {
    "gzip": lambda: always(_bomb("gzip", 31)),
    "deflate": lambda: always(_bomb("deflate", 15)),
    "raw deflate": lambda: always(_bomb("deflate", -15)),
    "brotli": packed(BROTLI_BOMB, "br"),
    "gzip in gzip": lambda: always(
        answer(200, gzip.compress(_packed_zeros(31)), headers={"Content-Encoding": "gzip, gzip"})
    ),
    "endless": pouring(
        JSON_HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    ),
    "twice the cap": whole(b'{"filler": "' + b"x" * (4 * MEGABYTE) + b'"}'),
}
"""Each many times larger than the cap, packed or not."""

TRAVELS: Mapping[str, Callable[[], Respond]] = {
    "a cut head": raw(b"HTTP/1.1 200 OK\r\nContent-Le", then_close=True),
    "no HTTP": raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n", then_close=True),
    "closed without a word": raw(b"", then_close=True),
    "too short a body": raw(JSON_HEAD + b"Content-Length: 100\r\n\r\n{}", then_close=True),
    "a negative length": raw(JSON_HEAD + b"Content-Length: -1\r\n\r\n{}", then_close=True),
    "two lengths": raw(JSON_HEAD + b"Content-Length: 2\r\nContent-Length: 200\r\n\r\n{}", then_close=True),
    "a broken chunk": raw(JSON_HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n", then_close=True),
    "a head of 4 MB": raw(JSON_HEAD + b"X: " + b"x" * (4 * MEGABYTE) + b"\r\n\r\n", then_close=True),
    "100,000 headers": raw(
        JSON_HEAD + b"".join(b"X-%d: y\r\n" % n for n in range(100_000)) + b"\r\n", then_close=True
    ),
    "a broken encoding": packed(gzip.compress(b'{"id": "run-1"}')[:-9], "gzip"),
    "an unknown encoding": packed(b"{}", "zstd, br"),
}
"""Answers that do not arrive whole."""

HANGS: Mapping[str, Callable[[], Respond]] = {
    "half a head": raw(b"HTTP/1.1 200 OK\r\nContent-Type: app", then_hang=True),
    "half a body": raw(JSON_HEAD + b'Content-Length: 1000\r\n\r\n{"id": "', then_hang=True),
    "nothing": raw(b"", then_hang=True),
    "endless headers": pouring(b"HTTP/1.1 200 OK\r\n", b"X-More: y\r\n", every_s=0.02),
    "a trickled body": pouring(JSON_HEAD + b"Content-Length: 100000\r\n\r\n", b" ", every_s=0.02),
    "endless interim answers": pouring(b"", b"HTTP/1.1 102 Processing\r\n\r\n", every_s=0.02),
}
"""Answers that never end; only a deadline does."""


def _bomb(encoding: str, window: int) -> bytes:
    return answer(200, _packed_zeros(window), headers={"Content-Encoding": encoding})


@functools.cache
def _packed_zeros(window: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, window)
    piece = b"0" * MEGABYTE
    return b"".join([packer.compress(piece) for _ in range(BOMB_BYTES // MEGABYTE)]) + packer.flush()
