"""Event streams of one connection to a Suna: beside its calls, without their turns and without their limit.

A stream lasts as long as its run. It is read for the hint that the run is over, and by who watches the run
for what it does; nothing of it is kept here. Always over aiohttp: a thousand streams are too many for httpx's
own pool (orchestrator.md §4.1).
"""

import asyncio
import contextlib
from collections.abc import Callable

import httpx

from executions.agent_service import AgentServiceError, BadResponse, RedirectRefused, Unavailable
from executions.suna.body import UnreadableBody, read_body
from executions.suna.connection import (
    CLOSE_TIMEOUT_S,
    EVENT_STREAM,
    MAX_ERROR_BYTES,
    build_request,
    is_event_stream,
    name_failure,
)
from executions.suna.credential import SunaCredential, reveal_headers
from executions.suna.transport import FAILURES, build_http_client, never_left
from executions.suna.wire.call import Answer, Call
from executions.suna.wire.stream import EndFinder


class Streams:
    """Reads streams from one base URL, as many at once as are asked for."""

    def __init__(self, *, base_url: httpx.URL, credential: SunaCredential, public_only: bool = False) -> None:
        self._public_only = public_only
        self._base_url = str(base_url).rstrip("/")
        self._credential = credential
        self._http: httpx.AsyncClient | None = None
        self._closed = False

    async def watch(self, call: Call, *, deadline_s: float, heard: Callable[[int], None]) -> bool | Answer:
        """Return True when the stream hints at the run's end, False when it closed without, or its refusal.

        The answer begins within `deadline_s`; from then on the stream may be silent for ever. `heard` is told
        how many events came, first 0. Raises Unavailable, RedirectRefused or BadResponse.
        """
        finder = EndFinder()

        def take(piece: bytes) -> bool:
            events, is_over = finder.feed(piece)
            heard(events)
            return is_over

        return await self.read(call, deadline_s=deadline_s, take=take)

    async def read(self, call: Call, *, deadline_s: float, take: Callable[[bytes], bool]) -> bool | Answer:
        """Hand each piece of a stream to `take`, an empty one first, until it says that this was enough.

        Return True when it said so, False when the stream closed before, or its refusal; raises as `watch`.
        """
        outcome = await self._try_read(call, deadline_s, take)
        if isinstance(outcome, AgentServiceError):
            # Raised out here, where no local variable and no context holds a request with its secrets.
            raise outcome
        return outcome

    async def aclose(self) -> None:
        """Close every stream; those under way end as lost."""
        self._closed = True
        if self._http is not None:
            await self._http.aclose()

    def _is_closed(self) -> bool:
        return self._closed

    async def _try_read(
        self, call: Call, deadline_s: float, take: Callable[[bytes], bool]
    ) -> bool | Answer | AgentServiceError:
        if self._is_closed():
            return Unavailable("the connection is closed", sent=False)
        if self._http is None:
            self._http = build_http_client(
                transport="aiohttp", max_connections=None, patience_s=None, public_only=self._public_only
            )
        request = build_request(self._http, self._base_url, call, reveal_headers(self._credential, {}))
        request.headers["Accept"] = EVENT_STREAM
        request.headers["Accept-Encoding"] = "identity"
        try:
            async with asyncio.timeout(deadline_s):
                response = await self._http.send(request, stream=True)
            try:
                outcome = await _read(response, deadline_s, take)
            finally:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(CLOSE_TIMEOUT_S):
                        await response.aclose()
        except TimeoutError:
            return Unavailable(f"no answer within {deadline_s:g} s")
        except FAILURES as failure:
            return Unavailable(name_failure(failure), sent=not never_left(failure))
        except RuntimeError:
            # aiohttp's word for a session that was closed before the request was sent.
            if not self._is_closed():
                raise
            return Unavailable("the connection was closed")
        # aiohttp ends a stream without a word where its session is closed meanwhile.
        return Unavailable("the connection was closed") if self._is_closed() else outcome


async def _read(
    response: httpx.Response, deadline_s: float, take: Callable[[bytes], bool]
) -> bool | Answer | AgentServiceError:
    status = response.status_code
    headers = {name.lower(): value for name, value in response.headers.items()}
    if 300 <= status < 400:
        return RedirectRefused(f"{status}: the service points to another address", status_code=status)
    if not response.is_success:
        encoding = headers.get("content-encoding", "")
        try:
            async with asyncio.timeout(deadline_s):
                body = await read_body(response.aiter_raw(), encoding=encoding, max_bytes=MAX_ERROR_BYTES)
        except UnreadableBody:
            return Answer(status=status, headers=headers, body=b"", truncated=True)
        return Answer(status=status, headers=headers, body=body.content, truncated=body.over_cap)
    if not is_event_stream(headers):
        return BadResponse("the answer is not a stream of events", status_code=status)
    if take(b""):
        return True
    async for piece in response.aiter_raw():
        if take(piece):
            return True
    return False
