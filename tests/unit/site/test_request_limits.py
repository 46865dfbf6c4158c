"""A body is read whole before anybody else sees the request: in one piece, and not too many at once."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from renum_site.request_limits import Message, Receive, RequestLimits, Send

SCOPE = {"type": "http", "path": "/api/v1/teams", "http_version": "1.1"}


class Kept:
    """An application that keeps the messages it gets of a body."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        more = True
        while more:
            self.messages.append(await receive())
            more = self.messages[-1].get("more_body", False)
        await send({"type": "http.response.start", "status": 200, "headers": []})


class Client:
    """A client that sends its body in pieces of a byte, after the first when it may go on."""

    def __init__(self, body: bytes) -> None:
        self._length = len(body)
        self._left = list(body)
        self.has_begun, self.may_go_on = asyncio.Event(), asyncio.Event()
        self.answer: list[Any] = []

    async def ask(self, application: RequestLimits, path: str = SCOPE["path"]) -> list[Any]:
        headers = [(b"host", b"renum"), (b"content-length", str(self._length).encode())]
        await application({**SCOPE, "path": path, "headers": headers}, self._receive, self._send)
        return self.answer

    async def _receive(self) -> Message:
        if self.has_begun.is_set():
            await self.may_go_on.wait()
        self.has_begun.set()
        if not self._left:
            return {"type": "http.disconnect"}
        piece = bytes([self._left.pop(0)])
        return {"type": "http.request", "body": piece, "more_body": bool(self._left)}

    async def _send(self, message: Message) -> None:
        self.answer.append(message)


async def test_a_body_in_many_pieces_is_handed_on_in_one() -> None:
    kept = Kept()
    client = Client(b"x" * 10_000)
    client.may_go_on.set()

    await client.ask(RequestLimits(kept))

    assert kept.messages == [{"type": "http.request", "body": b"x" * 10_000, "more_body": False}]


@pytest.mark.parametrize("path", ["/api/v1/teams", "/teams/"])
async def test_one_body_too_many_is_refused_with_a_time_to_come_back(settings, path: str) -> None:
    settings.API = replace(settings.API, bodies=2)
    application = RequestLimits(Kept())
    slow = [Client(b"slow") for _ in range(2)]
    asking = [asyncio.create_task(client.ask(application)) for client in slow]
    for client in slow:
        await client.has_begun.wait()
    third = Client(b"{}")
    third.may_go_on.set()

    start, body, _ = await third.ask(application, path)

    headers = dict(start["headers"])
    assert (start["status"], headers[b"retry-after"]) == (503, b"5")
    if path.startswith("/api/"):
        assert json.loads(body["body"])["code"] == "too_busy"
    for client in slow:
        client.may_go_on.set()
    assert {answer[0]["status"] for answer in await asyncio.gather(*asking)} == {200}
    # Their places are free again.
    fourth = Client(b"{}")
    fourth.may_go_on.set()
    assert (await fourth.ask(application))[0]["status"] == 200
