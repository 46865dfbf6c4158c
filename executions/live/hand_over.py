"""Streams that outlive their request: Django answers with the headers, and what follows is sent without it.

A request under Django holds a thread, and whatever it opened, until its answer's last byte. So a view that
has checked everything hands its stream over to the server's application, and Django is done with the request.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import aclosing, suppress
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from executions.live.streams import Stream, follow

logger = logging.getLogger(__name__)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

SLOT = "renum.stream"
CUT_S = 5.0


class Slot:
    """Where a view puts the stream of its request."""

    def __init__(self) -> None:
        self.stream: Stream | None = None


def slot_of(request: HttpRequest) -> Slot | None:
    """Return the place for a request's stream; None under a server that takes none, such as runserver."""
    slot = getattr(request, "scope", {}).get(SLOT)
    return slot if isinstance(slot, Slot) else None


class HandedOver:
    """An ASGI application that serves another one, and the streams that it hands over."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        slot = scope[SLOT] = Slot()
        head: Message | None = None

        async def send_or_keep(message: Message) -> None:
            nonlocal head
            if message["type"] == "http.response.start" and slot.stream and message["status"] == 200:
                head = message
            elif head is None:
                await send(message)

        try:
            await self._application(scope, receive, send_or_keep)
            if slot.stream is not None and head is not None:
                await _send_stream(slot.stream, head, receive, send)
        finally:
            if slot.stream is not None:
                slot.stream.place.give_back()


async def _send_stream(stream: Stream, head: Message, receive: Receive, send: Send) -> None:
    gone = asyncio.create_task(_wait_until_gone(receive), name="stream: client")
    writing = asyncio.create_task(_write(stream, head, send), name="stream: writer")
    try:
        await asyncio.wait({gone, writing}, return_when=asyncio.FIRST_COMPLETED)
        writing.cancel()
        await asyncio.wait({writing})
        is_whole = not writing.cancelled() and writing.exception() is None
        if not is_whole and not gone.done():
            _note_end(writing)
            _break_off(send)
            await asyncio.wait({gone}, timeout=CUT_S)
    finally:
        for task in (gone, writing):
            task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await task


async def _write(stream: Stream, head: Message, send: Send) -> None:
    patience_s = settings.ORCHESTRATOR.stream_write_s
    # The empty body that Django had to send may have a length.
    headers = [(name, value) for name, value in head["headers"] if name.lower() != b"content-length"]
    await send({**head, "headers": headers})
    async with aclosing(follow(stream)) as frames:
        async for data in frames:
            async with asyncio.timeout(patience_s):
                await send({"type": "http.response.body", "body": data, "more_body": True})
    async with asyncio.timeout(patience_s):
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _wait_until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _note_end(writing: "asyncio.Task[None]") -> None:
    if writing.cancelled() or isinstance(writing.exception(), TimeoutError):
        logger.info("a client that does not read is cut off")
    else:
        logger.error("a stream ended by a fault of ours", exc_info=writing.exception())


def _break_off(send: Send) -> None:
    # An orderly close waits for a reader that never reads, with all that is written kept in memory. ASGI has
    # no word for anything else; uvicorn's `send` is a method of what holds the connection.
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()
