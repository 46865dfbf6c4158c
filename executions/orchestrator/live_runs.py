"""Live output of all runs that one driver follows: read while somebody watches, and not a moment longer.

Nobody who follows a run waits for anything here. Who watches is asked of Redis every two seconds for all runs
at once, and at once when somebody begins to.
"""

import asyncio
import logging
import uuid
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import redis.asyncio
from django.conf import settings
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from executions.agent_service import LiveSource
from executions.orchestrator.live_keys import stream_key, watch_key
from executions.orchestrator.live_reader import LiveReader, LiveRun
from executions.orchestrator.live_shares import share_readers
from executions.orchestrator.live_writer import LiveWriter

logger = logging.getLogger(__name__)

LOOK_EACH_S = 2.0
REDIS_PATIENCE_S = 2.0
AFTER_FAULT_S = 5.0
STOP_S = 1.0


class LiveRuns:
    """The live readers of one driver, at most `live_readers` of them, shared among the watched executions."""

    def __init__(self) -> None:
        self._offered: dict[uuid.UUID, LiveRun] = {}
        self._readers: dict[uuid.UUID, LiveReader] = {}
        self._told_no_room: set[uuid.UUID] = set()
        self._ending: set[asyncio.Task[None]] = set()
        self._news = asyncio.Event()
        self._client: redis.asyncio.Redis | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look who watches."""
        self._task = asyncio.create_task(self._look_on(), name="live output")

    def look(self) -> None:
        """Look at once: somebody may have begun to watch."""
        self._news.set()

    @contextmanager
    def offer(self, run: LiveRun) -> Iterator[None]:
        """Have a run's live output read while somebody watches, until this context is left."""
        if run.service().traits.live is LiveSource.NONE:
            yield
            return
        self._offered[run.id] = run
        try:
            yield
        finally:
            del self._offered[run.id]
            self._told_no_room.discard(run.id)
            reader = self._readers.pop(run.id, None)
            if reader is not None:
                self._later(reader.finish())

    def begin_anew(self, run_id: uuid.UUID) -> None:
        """Read a run by its connection as it is now, if it is read at all."""
        reader = self._readers.pop(run_id, None)
        if reader is not None:
            self._later(reader.close())
            self.look()

    async def aclose(self) -> None:
        """Stop looking and reading. What is being said last has a moment to be written."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for reader in self._readers.values():
            self._later(reader.close())
        self._readers.clear()
        if self._ending:
            await asyncio.wait(self._ending, timeout=STOP_S)
        for task in self._ending:
            task.cancel()
        await asyncio.gather(*self._ending, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()

    @property
    def open_readers(self) -> int:
        """How many runs are being read."""
        return len(self._readers)

    async def _look_on(self) -> None:
        while True:
            wait_s = LOOK_EACH_S
            self._news.clear()
            try:
                if self._offered or self._readers:
                    await self._look()
            except (RedisError, OSError) as error:
                # Nobody can see what is read: it is read again when Redis tells who watches.
                logger.warning("nobody can watch runs: %s", type(error).__name__)
                self._close_all()
                wait_s = AFTER_FAULT_S
            except Exception:
                logger.exception("live output stopped for a moment")
                self._close_all()
                wait_s = AFTER_FAULT_S
            try:
                async with asyncio.timeout(wait_s):
                    await self._news.wait()
            except TimeoutError:
                continue

    async def _look(self) -> None:
        client = self._connect()
        looked_at = list(self._offered.values())
        answers = await client.mget([watch_key(run.id) for run in looked_at])
        watched = {run.id for run, answer in zip(looked_at, answers, strict=True) if answer is not None}
        # Meanwhile some may be over.
        wanted = {run.id: run for run in looked_at if run.id in watched and run.id in self._offered}
        chosen = share_readers(
            {run.id: run.execution_id for run in wanted.values()},
            open_now=self._readers,
            most=settings.ORCHESTRATOR.live_readers,
        )
        for run_id in [run_id for run_id in self._readers if run_id not in chosen]:
            reader = self._readers.pop(run_id)
            if run_id in wanted:
                # What it still writes must not follow the word that it is read no more.
                await reader.close()
            else:
                self._later(reader.close())
        for run in wanted.values():
            if run.id in chosen and run.id in self._offered and run.id not in self._readers:
                self._told_no_room.discard(run.id)
                self._readers[run.id] = LiveReader(run, client, failed=self._failed)
            elif run.id in self._offered and run.id not in {*chosen, *self._told_no_room}:
                self._told_no_room.add(run.id)
                no_room = [{"kind": "begin"}, {"kind": "unavailable", "code": "too_many_watched"}]
                await LiveWriter(client, stream_key(run.id)).write(no_room)
        for reader in list(self._readers.values()):
            await reader.keep()

    def _connect(self) -> "redis.asyncio.Redis":
        if self._client is None:
            self._client = redis.asyncio.from_url(
                settings.REDIS_URL,
                socket_timeout=REDIS_PATIENCE_S,
                socket_connect_timeout=REDIS_PATIENCE_S,
                retry=Retry(NoBackoff(), 0),
            )
        return self._client

    def _failed(self, reader: LiveReader) -> None:
        """Close a reader that nobody can read; it is opened anew once Redis says that it is watched."""
        if self._readers.get(reader.run.id) is reader:
            del self._readers[reader.run.id]
        self._later(reader.close())

    def _close_all(self) -> None:
        for reader in self._readers.values():
            self._later(reader.close())
        self._readers.clear()

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
