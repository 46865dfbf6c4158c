"""One connection to a Suna: its pool, its limit of parallel calls, the deadline and the size cap of each.

Nothing here knows a route. An exchange ends with an answer of any status, or with one of the port's errors
that say that there was none. No error raised here refers to a request: a request holds the secrets.
"""

import asyncio
import contextlib
import datetime as dt
import json
import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import httpx

from executions.agent_service import (
    AgentServiceError,
    BadResponse,
    RedirectRefused,
    ResponseTooLarge,
    SecretText,
    Unavailable,
    Urgency,
)
from executions.suna.body import ACCEPTED_ENCODINGS, Body, UnreadableBody, read_body
from executions.suna.credential import SunaCredential, reveal_headers
from executions.suna.public_only import was_not_public
from executions.suna.said_time import SaidTime, read_said_time
from executions.suna.transport import FAILURES, TransportName, build_http_client, never_left
from executions.suna.turns import Turns
from executions.suna.wire.call import Answer, Call
from executions.suna.wire.replay import OverlongEvent, shed

EVENT_STREAM = "text/event-stream"

MAX_ERROR_BYTES = 64 * 1024
"""Of an answer that is no success more is never read: only its code and its words matter."""

CLOSE_TIMEOUT_S = 1.0

_NO_KEYS: Mapping[str, SecretText] = types.MappingProxyType({})


@dataclass(slots=True, eq=False)
class _Pool:
    """One set of connections. A retired one takes no new call and is closed by the last that uses it."""

    http: httpx.AsyncClient
    users: int = 0
    retired: bool = False


class Connection:
    """Sends calls to one base URL, `max_connections` at a time; what waits is ordered by `Turns`.

    With `public_only` it sends nothing to an address that is not public.
    """

    def __init__(
        self,
        *,
        base_url: httpx.URL,
        credential: SunaCredential,
        transport: TransportName,
        max_connections: int,
        max_response_bytes: int,
        patience_s: float,
        public_only: bool = False,
    ) -> None:
        self._public_only = public_only
        self._base_url = str(base_url).rstrip("/")
        self._credential = credential
        self._transport = transport
        self._max_connections = max_connections
        self._max_response_bytes = max_response_bytes
        self._patience_s = patience_s
        # A pool of httpx searches all its waiting requests at each step: whoever must wait, waits here.
        self._turns = Turns(limit=max_connections)
        self._pool: _Pool | None = None
        self._open_pools: list[_Pool] = []
        self._closed = False
        self._said_time: SaidTime | None = None

    @property
    def service_time(self) -> dt.datetime | None:
        """What the service's clock says now, by its newest answer; None as long as none told."""
        said = self._said_time
        return None if said is None else said.advanced_to(asyncio.get_running_loop().time())

    async def exchange(
        self,
        call: Call,
        *,
        deadline_s: float,
        urgency: Urgency = Urgency.POLL,
        user_keys: Mapping[str, SecretText] = _NO_KEYS,
        waits_at_most_s: float | None = None,
    ) -> Answer:
        """Send one call and return its answer, which is there within `deadline_s` from the call's turn on.

        The wait for the turn has no limit: how many calls we have is nothing that the service did. A call
        with `waits_at_most_s` is given up unsent when it has waited so long, and what it waited is taken off
        its deadline. Raises Unavailable (with `sent` false only where nothing can have left),
        ResponseTooLarge, RedirectRefused or BadResponse.
        """
        outcome = await self._try_exchange(call, deadline_s, urgency, user_keys, waits_at_most_s)
        if isinstance(outcome, AgentServiceError):
            # Raised out here, where no local variable and no context holds a request with its secrets.
            raise outcome
        return outcome

    async def _try_exchange(
        self,
        call: Call,
        deadline_s: float,
        urgency: Urgency,
        user_keys: Mapping[str, SecretText],
        waits_at_most_s: float | None,
    ) -> Answer | AgentServiceError:
        now = asyncio.get_running_loop().time
        began = now()
        is_read = call.method == "GET"
        try:
            async with asyncio.timeout(waits_at_most_s):
                await self._turns.wait(urgency=urgency, is_read=is_read)
        except TimeoutError:
            return Unavailable(f"no connection was free within {waits_at_most_s:g} s", sent=False)
        waited_s = now() - began if waits_at_most_s is not None else 0
        try:
            if self._closed:
                return Unavailable("the connection is closed", sent=False)
            async with asyncio.timeout(deadline_s - waited_s):
                return await self._send(call, user_keys)
        except TimeoutError:
            return Unavailable(f"no whole answer within {deadline_s:g} s")
        finally:
            self._turns.give_back(urgency=urgency, is_read=is_read)

    async def _send(self, call: Call, user_keys: Mapping[str, SecretText]) -> Answer | AgentServiceError:
        pool = self._current_pool()
        pool.users += 1
        try:
            answer = await self._receive(pool.http, call, user_keys)
        except FAILURES as failure:
            return Unavailable(name_failure(failure), sent=not never_left(failure))
        except RuntimeError:
            # Both transports say so where their pool was closed under a call.
            if not self._closed:
                raise
            return Unavailable("the connection was closed")
        finally:
            pool.users -= 1
            await self._close_if_done(pool)
        if not isinstance(answer, AgentServiceError) and answer.status >= 500 and not answer.is_json:
            # An uncaught error: Suna now closes this connection without having said so, and the next call
            # on it would be lost (suna-contract §9.1). Which connection it was is not told, so all go.
            pool.retired = True
            await self._close_if_done(pool)
        return answer

    async def _receive(
        self, http: httpx.AsyncClient, call: Call, user_keys: Mapping[str, SecretText]
    ) -> Answer | AgentServiceError:
        request = build_request(http, self._base_url, call, reveal_headers(self._credential, user_keys))
        response = await http.send(request, stream=True)
        try:
            headers = {name.lower(): value for name, value in response.headers.items()}
            status = response.status_code
            heard_at = asyncio.get_running_loop().time()
            self._said_time = read_said_time(headers, heard_at=heard_at) or self._said_time
            if 300 <= status < 400:
                return RedirectRefused(f"{status}: the service points to another address", status_code=status)
            cap = self._max_response_bytes if response.is_success else MAX_ERROR_BYTES
            encoding = headers.get("content-encoding", "")
            chunks = response.aiter_raw()
            if call.replays and response.is_success:
                if not is_event_stream(headers):
                    return BadResponse("the answer is not a stream of events", status_code=status)
                chunks = shed(chunks)
            body = await read_body(chunks, encoding=encoding, max_bytes=cap)
        except OverlongEvent:
            body = Body(content=b"", over_cap=True)
        except UnreadableBody as problem:
            if response.is_success:
                return BadResponse(str(problem), status_code=status)
            body = Body(content=b"", over_cap=True)
        finally:
            # Closing may wait for a request that the server never reads.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await response.aclose()
        if body.over_cap and response.is_success:
            return ResponseTooLarge(f"the answer is larger than {cap} bytes", status_code=status)
        return Answer(status=status, headers=headers, body=body.content, truncated=body.over_cap)

    def _current_pool(self) -> _Pool:
        if self._pool is None or self._pool.retired:
            http = build_http_client(
                transport=self._transport,
                max_connections=self._max_connections,
                patience_s=self._patience_s,
                public_only=self._public_only,
            )
            self._pool = _Pool(http=http)
            self._open_pools.append(self._pool)
        return self._pool

    async def _close_if_done(self, pool: _Pool) -> None:
        if pool.retired and pool.users == 0 and pool in self._open_pools:
            self._open_pools.remove(pool)
            await pool.http.aclose()

    async def aclose(self) -> None:
        """Close every connection; calls under way end as lost."""
        self._closed = True
        while self._open_pools:
            await self._open_pools.pop().http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


def is_event_stream(headers: Mapping[str, str]) -> bool:
    """Tell by an answer's headers, in lower case, whether it is a stream of events that is not packed."""
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    return media_type == EVENT_STREAM and headers.get("content-encoding", "").lower() in ("", "identity")


def build_request(
    http: httpx.AsyncClient, base_url: str, call: Call, secrets: Mapping[str, str]
) -> httpx.Request:
    """Build the request. The body is written here: httpx cannot write every text as JSON, ASCII can."""
    headers = {
        "Accept": "application/json",
        "Accept-Encoding": ACCEPTED_ENCODINGS,
        "User-Agent": "Renum",
        **secrets,
    }
    if call.replays:
        headers |= {"Accept": EVENT_STREAM, "Accept-Encoding": "identity"}
    content: bytes | None = None
    if call.json is not None:
        headers["Content-Type"] = "application/json"
        content = json.dumps(call.json).encode("ascii")
    elif call.form is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        content = str(httpx.QueryParams(call.form)).encode("ascii")
    url = base_url + call.path
    if call.query:
        url = f"{url}?{httpx.QueryParams(call.query)}"
    return http.build_request(call.method, url, headers=headers, content=content)


def name_failure(failure: BaseException) -> str:
    """Return what happened in our words: an error's own text may hold what was sent."""
    if was_not_public(failure):
        return "the host's address is not a public one"
    if never_left(failure):
        return "no connection to the service came about"
    if isinstance(failure, TimeoutError | httpx.TimeoutException) and failure.__cause__ is None:
        return "the service did not answer in time"
    return "the connection to the service was lost"
