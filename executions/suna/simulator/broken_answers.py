"""Answers that no framework would send: none at all, half of one, far too much of one."""

import asyncio
import zlib
from functools import lru_cache

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from executions.suna.simulator.connection import abort_connection

STREAM_TYPE, JSON_TYPE = "text/event-stream", "application/json"
_CHUNK = 64 * 1024


class HangingAnswer:
    """Never answers; ends when the caller leaves."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait."""
        await wait_until_gone(receive)


class BrokenConnection:
    """Breaks the connection instead of answering."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Break it."""
        await abort_connection(scope, receive)


class HugeAnswer:
    """One JSON text, or one event, of so many bytes, sent piece by piece so that it costs no memory here."""

    def __init__(self, megabytes: float, *, is_stream: bool) -> None:
        self._pieces = max(1, int(megabytes * 1024 * 1024 / _CHUNK))
        self._is_stream = is_stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        content_type = STREAM_TYPE if self._is_stream else JSON_TYPE
        headers = [(b"content-type", content_type.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        begin, end = (b'data: {"filler": "', b'"}\n\n') if self._is_stream else (b'{"filler": "', b'"}')
        await send({"type": "http.response.body", "body": begin, "more_body": True})
        piece = b"x" * _CHUNK
        for _ in range(self._pieces):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await asyncio.sleep(0)
        await send({"type": "http.response.body", "body": end, "more_body": False})


class HalfAnswer:
    """Sends the head and half of the body, and then neither the rest nor an end."""

    def __init__(self, whole: Response) -> None:
        self._whole = whole

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send half."""
        await send(_head(self._whole))
        body = bytes(self._whole.body)
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        await wait_until_gone(receive)


class TricklingAnswer:
    """Sends a whole answer, byte by byte, with a pause before each."""

    def __init__(self, whole: Response, *, pause_s: float) -> None:
        self._whole = whole
        self._pause_s = pause_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it slowly, unless the caller leaves."""
        await send(_head(self._whole))
        gone = asyncio.ensure_future(wait_until_gone(receive))
        body = bytes(self._whole.body)
        for position in range(len(body)):
            await asyncio.wait({gone}, timeout=self._pause_s)
            if gone.done():
                return
            await send(
                {"type": "http.response.body", "body": body[position : position + 1], "more_body": True}
            )
        gone.cancel()
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def wait_until_gone(receive: Receive) -> None:
    """Return when the caller has left."""
    while (await receive())["type"] != "http.disconnect":
        pass


@lru_cache(maxsize=4)
def packed_bomb(megabytes: float) -> bytes:
    """Return a gzip text that unpacks to so many megabytes of JSON."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    piece = b"0" * (1024 * 1024)
    packed = [packer.compress(b'{"filler": "')]
    packed.extend(packer.compress(piece) for _ in range(max(1, int(megabytes))))
    return b"".join([*packed, packer.compress(b'"}'), packer.flush()])


def _head(answer: Response) -> dict[str, object]:
    return {"type": "http.response.start", "status": answer.status_code, "headers": answer.raw_headers}
