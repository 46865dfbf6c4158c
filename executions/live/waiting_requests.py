"""Requests that wait for an execution's end: answered by the view at once, sent on when it is time.

A view cannot wait without its thread. It writes its wish into the connection's scope instead (`ask_to_wait`),
and its answer is held back here. When the execution has ended, the execution is asked for anew as the same
person would, through the whole application, so that whoever lost the right meanwhile is told nothing.
"""

import asyncio
import contextlib
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from executions.live.wait_for_end import watch_of_loop

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

ANEW_AT_ONCE = 8
"""Many may have waited for the same end: each that asks anew takes a connection to PostgreSQL."""
_WISH = "renum.wait"
_KEPT = (b"location", b"idempotent-replayed")
# They belong to the first request alone: its body, and what it was sent on condition of.
_DROPPED = (b"content-length", b"content-type", b"transfer-encoding", b"expect", b"idempotency-key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """To wait for that execution, whose detail is at `path`, up to `seconds`.

    With `is_fresh` the answer is made anew whether it ended or not.
    """

    execution_id: uuid.UUID
    path: str
    seconds: int
    is_fresh: bool


def ask_to_wait(scope: Message, wish: Wish) -> None:
    """Have the answer of this request held back."""
    scope[_WISH] = wish


class WaitingRequests:
    """An application that holds answers of another back where it was asked to."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._few = asyncio.Semaphore(ANEW_AT_ONCE)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        held: list[Message] = []

        async def send_or_hold(message: Message) -> None:
            if _WISH in scope:
                held.append(message)
            else:
                await send(message)

        await self._application(scope, receive, send_or_hold)
        if not held:
            return
        wish: Wish = scope.pop(_WISH)
        # A refusal has nothing to wait for.
        if held[0]["status"] < 300:
            has_ended = await _wait(wish, receive)
            if has_ended is None:
                return
            if has_ended or wish.is_fresh:
                async with self._few:
                    anew = await self._ask_anew(scope, wish, receive)
                if anew and (wish.is_fresh or anew[0]["status"] == 200):
                    held = _with_kept_headers(anew, held[0])
        for message in held:
            await send(message)

    async def _ask_anew(self, scope: Message, wish: Wish, receive: Receive) -> list[Message]:
        headers = [(name, value) for name, value in scope["headers"] if name not in _DROPPED]
        path = wish.path
        asked = {
            **scope,
            "method": "GET",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": headers,
        }
        messages: list[Message] = []
        has_begun = False

        async def no_body() -> Message:
            nonlocal has_begun
            if has_begun:
                return await receive()
            has_begun = True
            return {"type": "http.request", "body": b"", "more_body": False}

        async def keep(message: Message) -> None:
            messages.append(message)

        await self._application(asked, no_body, keep)
        return messages


async def _wait(wish: Wish, receive: Receive) -> bool | None:
    """Return whether the execution has ended; None where the client is gone."""
    watch = watch_of_loop()
    if watch.count >= settings.API.waiting:
        return False
    ending = asyncio.create_task(watch.wait(wish.execution_id, timeout_s=wish.seconds))
    leaving = asyncio.create_task(_hear_of_the_leave(receive))
    try:
        await asyncio.wait((ending, leaving), return_when=asyncio.FIRST_COMPLETED)
        return None if leaving.done() and not ending.done() else ending.result()
    finally:
        for task in (ending, leaving):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def _hear_of_the_leave(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


def _with_kept_headers(messages: list[Message], first: Message) -> list[Message]:
    kept = [(name, value) for name, value in first["headers"] if name.lower() in _KEPT]
    start = {**messages[0], "headers": [*messages[0]["headers"], *kept]}
    return [start, *messages[1:]]
