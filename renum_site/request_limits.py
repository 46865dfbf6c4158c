"""What a request may weigh and how long its body may take, decided before anybody else sees it.

The framework reads a body whole, onto the disk where it is large, before it asks who sends it (reliability
H8). Here its bytes are counted as they come: the request that brings too many, or brings them too slowly, is
answered at once, and its connection is closed. What is left of it is thrown away for a moment, because a
client that is still writing would not read the answer of a closed connection.
"""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from django.conf import settings

from renum_site.api_errors import is_of_the_api, words_about
from renum_site.error_pages import error_page, language_of_headers
from renum_site.turns import BUSY, RETRY_AFTER_S, TOO_BUSY
from teams.api.json_parser import MAX_BODY_BYTES
from teams.api.problems import CONTENT_TYPE, problem_body
from teams.models.uuid7 import new_id

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

MAX_HEADERS = 100
MAX_HEADER_BYTES = 32 * 1024
# Of two lines the framework would make one value, which is neither's.
ONCE = (b"idempotency-key", b"last-event-id")
LINGER_S = 1.0
LINGER_BYTES = 4 * 1024 * 1024


class RequestLimits:
    """An application that lets through to another what is within the limits."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._reading = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        refused = _refused_headers(scope)
        if refused is None and _has_body(scope["headers"]):
            found = await self._read(receive, _most_bytes(scope))
            if isinstance(found, int):
                refused = found
            else:
                receive = _replay(found, receive)
        if refused is None:
            await self._application(scope, receive, send)
        elif refused:
            await _refuse(refused, scope, receive, send)

    async def _read(self, receive: Receive, most_bytes: int) -> bytes | int:
        if self._reading >= settings.API.bodies:
            return 503
        self._reading += 1
        try:
            return await _read(receive, most_bytes)
        finally:
            self._reading -= 1


def _refused_headers(scope: Message) -> int | None:
    headers = scope["headers"]
    if len(headers) > MAX_HEADERS or sum(len(n) + len(v) for n, v in headers) > MAX_HEADER_BYTES:
        return 431
    hosts = _values(headers, b"host")
    # HTTP/1.0 knows none; every later request names exactly one (RFC 9112 §3.2).
    if len(hosts) > 1 or (not hosts and scope.get("http_version") == "1.1"):
        return 400
    if is_of_the_api(scope["path"]) and any(len(_values(headers, name)) > 1 for name in ONCE):
        return 400
    lengths = _values(headers, b"content-length")
    if len(lengths) > 1 or any(not length.isdigit() for length in lengths):
        return 400
    if not lengths and _values(headers, b"transfer-encoding") and is_of_the_api(scope["path"]):
        return 411
    if lengths and int(lengths[0][:20]) > _most_bytes(scope):
        return 413
    return None


def _values(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> list[bytes]:
    return [value for key, value in headers if key == name]


def _has_body(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(
        key == b"transfer-encoding" or (key == b"content-length" and value != b"0") for key, value in headers
    )


def _most_bytes(scope: Message) -> int:
    return MAX_BODY_BYTES if is_of_the_api(scope["path"]) else settings.DATA_UPLOAD_MAX_MEMORY_SIZE


async def _read(receive: Receive, most_bytes: int) -> bytes | int:
    """Return the whole body, or the status that it is refused with; 0 for a client gone."""
    # A client chooses how many pieces it sends: they are joined as they come.
    body = bytearray()
    try:
        async with asyncio.timeout(settings.API.body_s):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    return 0
                body += message.get("body", b"")
                if len(body) > most_bytes:
                    return 413
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        return 408


def _replay(body: bytes, receive: Receive) -> Receive:
    left = deque[Message]([{"type": "http.request", "body": body, "more_body": False}])

    async def next_message() -> Message:
        return left.popleft() if left else await receive()

    return next_message


async def _refuse(status: int, scope: Message, receive: Receive, send: Send) -> None:
    code, detail = (TOO_BUSY, BUSY) if status == 503 else words_about(status)
    request_id = str(new_id())
    headers = [(b"connection", b"close"), (b"x-content-type-options", b"nosniff")]
    if is_of_the_api(scope["path"]):
        problem = problem_body(status=status, code=code, detail=detail, request_id=request_id)
        body, kind = json.dumps(problem).encode(), CONTENT_TYPE.encode()
        headers += [(b"x-request-id", request_id.encode()), (b"cache-control", b"no-store")]
    else:
        page = error_page(status, language_of_headers(scope["headers"]))
        body, kind = page.encode(), b"text/html; charset=utf-8"
        headers.append((b"content-security-policy", b"default-src 'self'"))
    headers += [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    if status == 503:
        headers.append((b"retry-after", str(RETRY_AFTER_S).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": True})
    await _throw_away(receive)
    await send({"type": "http.response.body", "body": b""})


async def _throw_away(receive: Receive) -> None:
    try:
        async with asyncio.timeout(LINGER_S):
            left = LINGER_BYTES
            while left > 0 and (message := await receive())["type"] == "http.request":
                left -= len(message.get("body", b"")) or 1
    except TimeoutError:
        return
