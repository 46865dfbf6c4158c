"""A web process works on so many requests at once; who waits too long is told so."""

import asyncio
import json
from typing import Any

import pytest

from renum_site import turns
from renum_site.turns import InTurns, Message, Receive, Send

SCOPE = {"type": "http", "path": "/api/v1/teams"}


class Counted:
    """An application that answers when it is told to, and counts how many requests it has at once."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self.may_answer = asyncio.Event()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await self.may_answer.wait()
        finally:
            self.now -= 1
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def ask(application: InTurns, path: str = "/api/v1/teams", *, is_whole: bool = True) -> list[Any]:
    sent: list[Any] = []

    async def receive() -> Message:
        if not is_whole:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await application({**SCOPE, "path": path}, receive, send)
    return sent


async def test_no_more_than_so_many_are_worked_on_at_once_and_all_are_answered(settings) -> None:
    settings.WEB_REQUESTS_AT_ONCE = 3
    counted = Counted()
    application = InTurns(counted)
    slow_senders = [asyncio.create_task(ask(application, is_whole=False)) for _ in range(5)]
    tasks = [asyncio.create_task(ask(application)) for _ in range(20)]
    await asyncio.sleep(0.05)
    assert counted.now == 3
    # Whether the process lives can always be asked.
    others = [asyncio.create_task(ask(application, path)) for path in ("/healthz",)]
    await asyncio.sleep(0.05)
    assert counted.now == 4

    counted.may_answer.set()
    answers = await asyncio.gather(*tasks, *others)

    assert counted.most == 4
    assert {answer[0]["status"] for answer in answers} == {200}
    for task in slow_senders:
        task.cancel()


@pytest.mark.parametrize("path", ["/api/v1/teams", "/teams/"])
async def test_who_waits_too_long_is_refused_with_a_time_to_come_back(
    settings, monkeypatch, path: str
) -> None:
    settings.WEB_REQUESTS_AT_ONCE = 1
    monkeypatch.setattr(turns, "PATIENCE_S", 0.05)
    counted = Counted()
    application = InTurns(counted)
    first = asyncio.create_task(ask(application))
    await asyncio.sleep(0)

    start, body = await ask(application, path)

    headers = dict(start["headers"])
    assert (start["status"], headers[b"retry-after"]) == (503, b"5")
    if path.startswith("/api"):
        assert headers[b"content-type"] == b"application/problem+json"
        assert json.loads(body["body"])["code"] == "too_busy"
    counted.may_answer.set()
    assert (await first)[0]["status"] == 200
    assert (await ask(application))[0]["status"] == 200


async def test_who_has_gone_gives_up_the_place_in_the_line(settings) -> None:
    settings.WEB_REQUESTS_AT_ONCE = 1
    counted = Counted()
    application = InTurns(counted)
    first = asyncio.create_task(ask(application))
    await asyncio.sleep(0)
    messages = [{"type": "http.request", "body": b"", "more_body": False}, {"type": "http.disconnect"}]

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        pytest.fail("nobody is there to be answered")

    async with asyncio.timeout(5):
        await application(SCOPE, receive, send)

    assert counted.now == 1
    counted.may_answer.set()
    assert (await first)[0]["status"] == 200
    # Its turn was not lost with it.
    assert (await ask(application))[0]["status"] == 200
