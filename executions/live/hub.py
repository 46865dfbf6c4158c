"""The one reader of live output in a web process: it reads each watched run once, for all who watch it.

One blocking XREAD for all streams, one look at the rows a second for all executions. All of it runs in one
event loop, so that nothing here needs a lock. A client that does not take what it is sent is cut off.
"""

import asyncio
import logging
import uuid
from collections import deque
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from weakref import WeakKeyDictionary

import redis.asyncio
from django.conf import settings
from django.db import connections
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from executions.agent_service import LiveSource
from executions.live.frames import NoEntry, live_frame, over_frame, read_entry, run_frame
from executions.live.under_way import ExecutionUnderWay, RunUnderWay, find_under_way_alone
from executions.live.watchers import Watcher, find_allowed_alone
from executions.orchestrator.live_keys import MAX_BYTES, WATCH_S, stream_key, watch_key
from executions.orchestrator.wake import CHANNEL

logger = logging.getLogger(__name__)

LOOK_EACH_S = 1.0
ALLOWED_EACH_S = 4.0
"""So often it is looked at whether those who watch still may."""
TAKEN_WITHIN_S = 30.0
"""A client that does not take what it was handed for so long is cut off: it may never take it."""
BLOCK_MS = 400
READ_AT_ONCE = 100
AFTER_FAULT_S = 2.0
REDIS_PATIENCE_S = 2.0
RENEW_EACH_S = WATCH_S / 3
LAST_LOOKS = 3
"""So many looks a run that is over is still read: its last words may be on their way."""
MAX_PENDING_BYTES = 2 * 1024 * 1024
"""Of what one client has not taken yet, beside what it was given when it came."""


class Client:
    """Somebody who watches one execution. `handed_at`: when it was handed what it has not taken yet."""

    def __init__(self, watcher: Watcher) -> None:
        self.watcher = watcher
        self.execution_id = watcher.execution_id
        self.is_over = False
        self.handed_at: float | None = None
        self.news = asyncio.Event()
        self._pending: deque[bytes] = deque()
        self._bytes = 0
        self._limit = MAX_PENDING_BYTES
        self._task = asyncio.current_task()

    def push(self, frame: bytes, *, is_replay: bool = False) -> None:
        """Have something sent; a client that has too much to take already is cut off."""
        if self.is_over:
            return
        self._limit += len(frame) if is_replay else 0
        self._pending.append(frame)
        self._bytes += len(frame)
        self.news.set()
        if self._bytes > self._limit:
            self.cut_off()

    def cut_off(self) -> None:
        """End the stream of a client that stands in a write which does not end."""
        logger.info("a slow client of live output is cut off")
        self.end()
        self._pending.clear()
        if self._task is not None:
            self._task.cancel()

    def end(self) -> None:
        """Have the stream end after what is pending."""
        self.is_over = True
        self.news.set()

    def drop(self) -> None:
        """Have the stream end at once: nothing of what is pending is for its client any more."""
        self._pending.clear()
        self.end()

    def take(self) -> bytes:
        """Return all that is pending."""
        self.news.clear()
        data = b"".join(self._pending)
        self._pending.clear()
        self._bytes, self._limit = 0, MAX_PENDING_BYTES
        if self.is_over:
            self.news.set()
        return data


class _WatchedRun:
    """A run that somebody watches, with what it has told so far."""

    def __init__(self, run: RunUnderWay, execution_id: uuid.UUID) -> None:
        self.run = run
        self.execution_id = execution_id
        self.key = stream_key(run.id).encode()
        self.cursor = b"0-0"
        self.looks_left = LAST_LOOKS
        self.has_said_its_end = False
        self.frames: deque[bytes] = deque()
        self._bytes = 0
        self._next = 0
        self._has_lost_its_beginning = False

    def take_entry(self, entry_id: bytes, fields: dict[bytes, bytes]) -> bytes:
        """Take in an entry; return what to send of it, empty where it is none."""
        self.cursor = entry_id
        try:
            number, events = read_entry(fields)
        except NoEntry:
            return b""
        self.has_said_its_end = any(event["kind"] == "ended" for event in events)
        frame = b"".join(live_frame(self.run, event) for event in events)
        if number == 0:
            self.frames.clear()
            self._bytes, self._has_lost_its_beginning = 0, False
        elif number != self._next:
            frame = self._note("beginning" if not self.frames else "too_fast") + frame
        self._next = number + 1
        self.frames.append(frame)
        self._bytes += len(frame)
        # In frames each event has its run's name beside it.
        while self._bytes > 3 * MAX_BYTES and len(self.frames) > 1:
            self._bytes -= len(self.frames.popleft())
            self._has_lost_its_beginning = True
        return frame

    def replay(self) -> list[bytes]:
        """Return what somebody who comes now is sent first."""
        lost = [self._note("beginning")] if self._has_lost_its_beginning else []
        return [run_frame(self.run), *lost, *self.frames]

    def _note(self, why: str) -> bytes:
        return live_frame(self.run, {"kind": "left_out", "why": why, "count": 1})


class Hub:
    """The hub of one event loop. It works while it has clients."""

    def __init__(self) -> None:
        self._clients: dict[uuid.UUID, set[Client]] = {}
        self._runs: dict[uuid.UUID, _WatchedRun] = {}
        self._news = asyncio.Event()
        self._runs_changed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._is_stopped = False
        self._renew_at = 0.0
        self._allowed_at = 0.0

    def join(self, watcher: Watcher) -> Client:
        """Return a client of an execution; what its runs have told so far is pending already."""
        client = Client(watcher)
        if self._is_stopped:
            client.end()
            return client
        self._clients.setdefault(client.execution_id, set()).add(client)
        for watched in self._runs.values():
            if watched.execution_id == client.execution_id:
                for frame in watched.replay():
                    client.push(frame, is_replay=True)
        self._news.set()
        if not self._tasks:
            self._tasks = [
                asyncio.create_task(self._look_on(), name="live hub: rows"),
                asyncio.create_task(self._read_on(), name="live hub: streams"),
            ]
        return client

    def leave(self, client: Client) -> None:
        """Take in that a client is gone; with the last one the hub rests."""
        left = self._clients.get(client.execution_id, set())
        left.discard(client)
        if not left:
            self._clients.pop(client.execution_id, None)
            for run_id in [key for key, run in self._runs.items() if run.execution_id == client.execution_id]:
                del self._runs[run_id]
        if not self._clients:
            self._rest()

    def stop(self) -> None:
        """End every stream at once, and every one that is opened from now on."""
        self._is_stopped = True
        for clients in self._clients.values():
            for client in clients:
                client.end()

    def _rest(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._tasks = []

    def _send(self, execution_id: uuid.UUID, frame: bytes) -> None:
        for client in list(self._clients.get(execution_id, ())):
            client.push(frame)

    async def _look_on(self) -> None:
        """Look which runs there are, and say that they are watched."""
        thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="live-hub")
        client = _connect()
        loop = asyncio.get_running_loop()
        try:
            while True:
                self._news.clear()
                self._cut_off_stuck(now=loop.time())
                try:
                    if loop.time() >= self._allowed_at:
                        watchers = {client.watcher for client in self._all_clients()}
                        allowed = await loop.run_in_executor(thread, find_allowed_alone, watchers)
                        self._end_forbidden(watchers - allowed)
                        self._allowed_at = loop.time() + ALLOWED_EACH_S
                    wanted = list(self._clients)
                    found = await loop.run_in_executor(thread, find_under_way_alone, wanted)
                    has_new = self._take_in(wanted, found)
                    if has_new or loop.time() >= self._renew_at:
                        await self._say_watched(client)
                        self._renew_at = loop.time() + RENEW_EACH_S
                except Exception as error:  # noqa: BLE001  whatever it is, the next look may do better
                    logger.warning("live output is not looked after: %s", type(error).__name__)
                try:
                    async with asyncio.timeout(LOOK_EACH_S):
                        await self._news.wait()
                except TimeoutError:
                    continue
        finally:
            thread.submit(connections.close_all)
            thread.shutdown(wait=False)
            await client.aclose()

    def _all_clients(self) -> list[Client]:
        return [client for clients in self._clients.values() for client in clients]

    def _cut_off_stuck(self, *, now: float) -> None:
        for client in self._all_clients():
            if client.handed_at is not None and now - client.handed_at > TAKEN_WITHIN_S:
                client.cut_off()

    def _end_forbidden(self, watchers: Collection[Watcher]) -> None:
        for client in self._all_clients():
            if client.watcher in watchers:
                logger.info("a stream of live output ends: who watches may not any more")
                client.drop()

    def _take_in(self, wanted: list[uuid.UUID], found: Mapping[uuid.UUID, ExecutionUnderWay]) -> bool:
        """Take in how the watched executions stand; return whether there are runs that were not known."""
        has_new = False
        for execution_id in wanted:
            if execution_id not in self._clients:
                continue
            execution = found.get(execution_id)
            runs = {run.id: run for run in execution.runs} if execution is not None else {}
            for run_id, run in runs.items():
                if run_id not in self._runs:
                    self._runs[run_id] = _WatchedRun(run, execution_id)
                    self._send(execution_id, run_frame(run))
                    has_new = True
            self._drop_ended(execution_id, set(runs))
            is_left = any(run.execution_id == execution_id for run in self._runs.values())
            if (execution is None or execution.is_over) and not is_left:
                self._send(execution_id, over_frame(None if execution is None else execution.status))
                for client in self._clients.get(execution_id, ()):
                    client.end()
        if has_new:
            self._runs_changed.set()
        return has_new

    def _drop_ended(self, execution_id: uuid.UUID, under_way: set[uuid.UUID]) -> None:
        for run_id, watched in list(self._runs.items()):
            if watched.execution_id != execution_id or run_id in under_way:
                continue
            watched.looks_left -= 1
            if watched.has_said_its_end or watched.looks_left <= 0:
                del self._runs[run_id]
                if not watched.has_said_its_end:
                    self._send(execution_id, live_frame(watched.run, {"kind": "ended"}))

    async def _say_watched(self, client: "redis.asyncio.Redis") -> None:
        told = [watched for watched in self._runs.values() if watched.run.source is not LiveSource.NONE]
        if not told:
            return
        async with client.pipeline(transaction=False) as pipeline:
            for watched in told:
                pipeline.set(watch_key(watched.run.id), "1", ex=WATCH_S, get=True)
            if None in await pipeline.execute():
                await client.publish(CHANNEL, "")

    async def _read_on(self) -> None:
        """Read what drivers write of the watched runs, and hand it on."""
        client = _connect()
        is_lost = False
        try:
            while True:
                cursors: dict[Any, Any] = {
                    watched.key: watched.cursor
                    for watched in self._runs.values()
                    if watched.run.source is not LiveSource.NONE
                }
                self._runs_changed.clear()
                if not cursors:
                    await self._runs_changed.wait()
                    continue
                try:
                    found = await client.xread(cursors, count=READ_AT_ONCE, block=BLOCK_MS)
                    is_lost = False
                except (RedisError, OSError) as error:
                    if not is_lost:
                        logger.warning("live output cannot be read: %s", type(error).__name__)
                        self._say_lost()
                    is_lost = True
                    await asyncio.sleep(AFTER_FAULT_S)
                    continue
                self._hand_on(found)
        finally:
            await client.aclose()

    def _hand_on(self, found: Any) -> None:
        by_key = {watched.key: watched for watched in self._runs.values()}
        for key, entries in found:
            watched = by_key.get(key)
            if watched is None:
                continue
            for entry_id, fields in entries:
                frame = watched.take_entry(entry_id, fields)
                if frame:
                    self._send(watched.execution_id, frame)

    def _say_lost(self) -> None:
        for watched in self._runs.values():
            unavailable = {"kind": "unavailable", "code": "unavailable"}
            self._send(watched.execution_id, live_frame(watched.run, unavailable))


def _connect() -> "redis.asyncio.Redis":
    # Asking again is for the loops: a client's own patience would hold them up.
    return redis.asyncio.from_url(
        settings.REDIS_URL,
        socket_timeout=REDIS_PATIENCE_S,
        socket_connect_timeout=REDIS_PATIENCE_S,
        retry=Retry(NoBackoff(), 0),
    )


_HUBS: "WeakKeyDictionary[asyncio.AbstractEventLoop, Hub]" = WeakKeyDictionary()


def hub_of_loop() -> Hub:
    """Return the hub of the running event loop."""
    return _HUBS.setdefault(asyncio.get_running_loop(), Hub())


def end_all_streams() -> None:
    """End every stream of this process: the server is about to stop."""
    for hub in list(_HUBS.values()):
        hub.stop()
