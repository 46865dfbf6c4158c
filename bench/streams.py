"""Many clients that follow executions' events: how late an event reaches them, and what they cost."""

import asyncio
import datetime as dt
import re
import time
import uuid
from collections.abc import Sequence
from statistics import median, quantiles
from typing import cast

from asgiref.sync import sync_to_async

from bench.situations import BenchError
from bench.web import Held, Web
from executions.orchestrator.append import append_events
from executions.orchestrator.changes import Event

ONE_AFTER_S = 0.02
_CREATED_AT = re.compile(rb'"created_at":"([^"]+)"')
_PATIENCE_S = 120.0


class _Follower(asyncio.Protocol):
    """A client that only notes what came when; it is read when all is over."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self.came: list[tuple[float, bytes]] = []
        self.transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        cast("asyncio.Transport", transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        self.came.append((time.time(), data))

    def has_begun(self) -> bool:
        """Whether its first event is there."""
        return any(_CREATED_AT.search(data) for _, data in self.came)

    def is_refused(self) -> bool:
        """Whether the server was too busy for it."""
        return bool(self.came) and b" 503 " in self.came[0][1][:20]

    def delays_ms(self, *, since: float) -> list[float]:
        """Return, of each event made after a moment, the time from its transaction to its arrival."""
        delays = []
        for at, data in self.came:
            for text in _CREATED_AT.findall(data):
                made = dt.datetime.fromisoformat(text.decode()).timestamp()
                if made > since:
                    delays.append(1000 * (at - made))
        return delays


async def follow_many(
    web: Web, executions: Sequence[uuid.UUID], *, clients: int, rounds: int
) -> dict[str, float]:
    """Let clients follow, append events while they do, and return what was seen."""
    idle = await sync_to_async(web.look)()
    followers = await _connect(web, executions, clients)
    held = await sync_to_async(web.look)()
    began = time.time()
    await sync_to_async(_append)(executions, rounds)
    wanted = rounds
    give_up_at = time.monotonic() + _PATIENCE_S
    while any(len(one.delays_ms(since=began)) < wanted for one in followers[-20:]):
        if time.monotonic() > give_up_at:
            raise BenchError("Not every event reached its clients.")
        await asyncio.sleep(0.1)
    await asyncio.sleep(0.5)
    delays = [one.delays_ms(since=began) for one in followers]
    if any(len(each) != wanted for each in delays):
        raise BenchError("A client missed an event, or got one twice.")
    for one in followers:
        if one.transport is not None:
            one.transport.close()
    return _figures([delay for each in delays for delay in each], idle, held)


async def _connect(web: Web, executions: Sequence[uuid.UUID], clients: int) -> list[_Follower]:
    """Open all streams at once, as they come back after a deploy; wait until each has its first event."""
    paths = [f"/api/v1/executions/{executions[number % len(executions)]}/events" for number in range(clients)]
    followers = [await _open(web, path) for path in paths]
    give_up_at = time.monotonic() + _PATIENCE_S
    while not all(one.has_begun() for one in followers):
        if time.monotonic() > give_up_at:
            msg = f"{sum(not one.has_begun() for one in followers)} of {clients} streams did not begin."
            raise BenchError(msg)
        await asyncio.sleep(0.5)
        # Who is told to come back does.
        for number, one in enumerate(followers):
            if one.is_refused():
                followers[number] = await _open(web, paths[number])
    return followers


async def _open(web: Web, path: str) -> _Follower:
    request = (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n"
        f"Authorization: Bearer {web.token}\r\n\r\n"
    )
    loop = asyncio.get_running_loop()
    _, one = await loop.create_connection(lambda: _Follower(request.encode()), "127.0.0.1", web.port)
    return one


def _append(executions: Sequence[uuid.UUID], rounds: int) -> None:
    for _ in range(rounds):
        for execution_id in executions:
            append_events(execution_id, [Event(kind="pause_requested", actor="user:bench")])
            time.sleep(ONE_AFTER_S)


def _figures(delays: Sequence[float], idle: Held, held: Held) -> dict[str, float]:
    return {
        "p50_ms": median(delays),
        "p99_ms": quantiles(delays, n=100)[98],
        "rss_growth_mb": held.rss_mb - idle.rss_mb,
        "more_threads": held.threads - idle.threads,
        "more_postgres": held.postgres - idle.postgres,
        "more_redis": held.redis - idle.redis,
    }
