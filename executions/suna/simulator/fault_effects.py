"""What a fault makes of an answer.

Each answer here is sent by hand, because most of them are things that no framework would send.
"""

import asyncio
import zlib
from functools import lru_cache
from typing import Any

import msgspec
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from executions.suna.simulator.answers import Refusal
from executions.suna.simulator.connection import abort_connection
from executions.suna.simulator.faults import Effect
from executions.suna.simulator.profiles.operation import Wire
from executions.suna.simulator.run import RUNNING

_CHUNK = 64 * 1024


class HangingAnswer:
    """Never answers; ends when the caller leaves."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait."""
        while (await receive())["type"] != "http.disconnect":
            pass


class BrokenConnection:
    """Breaks the connection instead of answering."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Break it."""
        await abort_connection(scope, receive)


class HugeAnswer:
    """A JSON text of so many bytes, sent piece by piece so that it costs no memory here."""

    def __init__(self, megabytes: float) -> None:
        self._pieces = max(1, int(megabytes * 1024 * 1024 / _CHUNK))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"filler": "', "more_body": True})
        piece = b"x" * _CHUNK
        for _ in range(self._pieces):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await asyncio.sleep(0)
        await send({"type": "http.response.body", "body": b'"}', "more_body": False})


def replacement(effect: Effect, wire: Wire) -> ASGIApp | None:
    """Return the answer that stands in for the real one, or None where the effect is of another sort.

    Raises Refusal where the fault is one that Suna itself words.
    """
    kind = effect.kind
    headers = {"Retry-After": effect.retry_after} if effect.retry_after is not None else None
    if kind == "too_many":
        running = wire.world.running_runs()
        limit = wire.world.settings.parallel_limit or len(running)
        refusal = wire.limit_reached(running, limit)
        raise Refusal(refusal.status, refusal.detail, headers=headers)
    if kind == "payment":
        raise Refusal(402, wire.payment_required(effect.error_code))
    if kind == "status":
        raise Refusal(effect.status, effect.body if effect.body is not None else "Refused", headers=headers)
    if kind == "hang":
        return HangingAnswer()
    if kind == "drop":
        return BrokenConnection()
    if kind == "huge":
        return HugeAnswer(effect.megabytes)
    answers = {
        "malformed": (200, b'{"agent_run_id": "', "application/json", {}),
        "html": (200, b"<!doctype html><title>Bad gateway</title>", "text/html; charset=utf-8", {}),
        "empty": (200, b"", "application/json", {}),
        "redirect": (307, b"", "text/plain", {"Location": effect.to}),
        "gzip_bomb": (200, b"", "application/json", {"Content-Encoding": "gzip"}),
    }
    if kind not in answers:
        return None
    status, body, content_type, more = answers[kind]
    if kind == "gzip_bomb":
        body = _bomb(effect.megabytes)
    return Response(body, status_code=status, headers={**more, "Content-Type": content_type})


def falsified(effect: Effect, answer: ASGIApp) -> ASGIApp:
    """Return a JSON answer with its types, fields or status changed; any other answer as it is."""
    if not isinstance(answer, Response):
        return answer
    body: Any = msgspec.json.decode(bytes(answer.body))
    if effect.kind == "wrong_types":
        body = {name: _other_type(value) for name, value in body.items()}
    elif effect.kind == "replace":
        body = {**body, **effect.fields}
    elif effect.kind == "unknown_status":
        body = _with_status(body, effect.word)
    return Response(msgspec.json.encode(body), status_code=answer.status_code, media_type="application/json")


def _other_type(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes"
    if isinstance(value, str):
        return 12345
    if isinstance(value, int | float):
        return [value]
    if isinstance(value, list):
        return "none"
    if isinstance(value, dict):
        return []
    return {"unexpected": True}


def _with_status(body: dict[str, Any], word: str) -> dict[str, Any]:
    if "agent_runs" in body:
        return {**body, "agent_runs": [_with_status(row, word) for row in body["agent_runs"]]}
    # Only a run under way is in a state that we have no word for.
    return {**body, "status": word} if body.get("status") == RUNNING else body


@lru_cache(maxsize=4)
def _bomb(megabytes: float) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    piece = b"0" * (1024 * 1024)
    packed = [packer.compress(b'{"filler": "')]
    packed.extend(packer.compress(piece) for _ in range(max(1, int(megabytes))))
    return b"".join([*packed, packer.compress(b'"}'), packer.flush()])
