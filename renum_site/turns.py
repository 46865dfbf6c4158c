"""How many requests a web process works on at once; the others wait for their turn, for a while.

Under ASGI each request has a thread and a connection to PostgreSQL of its own: a thousand clients that come
back together would use up both. A turn begins when the body is there and ends when the answer begins, so that
nobody who sends or reads slowly has one. A stream that was handed over needs none
(executions/live/hand_over.py).
"""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from weakref import WeakKeyDictionary

from django.conf import settings

from renum_site.error_pages import error_page, language_of_headers
from teams.api.problems import CONTENT_TYPE, problem_body
from teams.models.uuid7 import new_id

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

PATIENCE_S = 30.0
"""Long enough for a thousand streams that come back together after a deploy."""
RETRY_AFTER_S = 5
TOO_BUSY = "too_busy"
ALWAYS_SERVED = ("/healthz",)
BUSY = "More requests are under way than this server takes at once. Try again in a few seconds."


class Turn:
    """One request's turn. Giving it back twice is no harm."""

    def __init__(self, turns: asyncio.Semaphore) -> None:
        self._turns = turns
        self._is_held = False

    @property
    def is_free(self) -> bool:
        """Whether it can be taken without a wait."""
        return not self._turns.locked()

    async def take(self) -> None:
        """Wait for the turn. Raises TimeoutError after PATIENCE_S."""
        async with asyncio.timeout(PATIENCE_S):
            await self._turns.acquire()
        self._is_held = True

    def give_back(self) -> None:
        """Let the next one have it."""
        if self._is_held:
            self._is_held = False
            self._turns.release()


class InTurns:
    """An ASGI application that serves another one, so many requests at a time."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["path"] in ALWAYS_SERVED:
            await self._application(scope, receive, send)
            return
        turn = Turn(self._turns_of_loop())
        is_refused = False
        # What came while the turn was waited for.
        early: deque[Message] = deque()

        async def receive_in_turn() -> Message:
            nonlocal is_refused
            message = early.popleft() if early else await receive()
            if message["type"] == "http.request" and not message.get("more_body", False):
                try:
                    heard = await _take_while_there(turn, receive)
                except TimeoutError:
                    is_refused = True
                    await _refuse(scope, send)
                    return {"type": "http.disconnect"}
                if heard is not None and heard["type"] == "http.disconnect":
                    return heard
                early.extend([] if heard is None else [heard])
            return message

        async def send_and_end_turn(message: Message) -> None:
            turn.give_back()
            if not is_refused:
                await send(message)

        try:
            await self._application(scope, receive_in_turn, send_and_end_turn)
        finally:
            turn.give_back()

    def _turns_of_loop(self) -> asyncio.Semaphore:
        made = asyncio.Semaphore(settings.WEB_REQUESTS_AT_ONCE)
        return self._turns.setdefault(asyncio.get_running_loop(), made)


async def _receive(receive: Receive) -> Message:
    return await receive()


async def _take_while_there(turn: Turn, receive: Receive) -> Message | None:
    """Wait for the turn, but no longer than until the client has gone; return what was received meanwhile.

    Raises TimeoutError as `Turn.take` does.
    """
    if turn.is_free:
        await turn.take()
        return None
    taking, hearing = asyncio.create_task(turn.take()), asyncio.create_task(_receive(receive))
    try:
        await asyncio.wait({taking, hearing}, return_when=asyncio.FIRST_COMPLETED)
        heard = hearing.result() if hearing.done() else None
        if heard is None or heard["type"] != "http.disconnect":
            await taking
        return heard
    finally:
        taking.cancel()
        hearing.cancel()
        await asyncio.gather(taking, hearing, return_exceptions=True)


async def _refuse(scope: Message, send: Send) -> None:
    if scope["path"].startswith("/api/"):
        request_id = str(new_id())
        problem = problem_body(status=503, code=TOO_BUSY, detail=BUSY, request_id=request_id)
        body, kind = json.dumps(problem).encode(), CONTENT_TYPE
        headers = [(b"x-request-id", request_id.encode())]
    else:
        page = error_page(503, language_of_headers(scope.get("headers", [])))
        body, kind = page.encode(), "text/html; charset=utf-8"
        headers = [(b"content-security-policy", b"default-src 'self'")]
    headers += [
        (b"content-type", kind.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"retry-after", str(RETRY_AFTER_S).encode()),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": body})
