"""A driver: one event loop that claims executions under a lease and advances all of them at once."""

import asyncio
import datetime as dt
import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.conf import settings

from executions.agent_service import AgentService
from executions.orchestrator.advance import Advance
from executions.orchestrator.break_off import build_break_off
from executions.orchestrator.changes import Changes, ChangesRefused, Committed, Fenced
from executions.orchestrator.claim import claim_executions, find_cancelled
from executions.orchestrator.connections import OpenConnections
from executions.orchestrator.group_commit import GroupCommit
from executions.orchestrator.lease import Lease
from executions.orchestrator.tracked import Tracked, load_tracked
from executions.orchestrator.wake import listen_for_wake_ups

logger = logging.getLogger(__name__)

FLUSH_PATIENCE_S = 2.0

P = ParamSpec("P")
R = TypeVar("R")


class Driver:
    """One driver. `run` returns when there was nothing to do for a while, or soon after `stop`."""

    def __init__(self) -> None:
        self._lease = Lease(in_flight=lambda: len(self._held), lost=self._lost_from_thread)
        self._connections = OpenConnections()
        self._held: dict[uuid.UUID, asyncio.Task[None]] = {}
        self._advancing: dict[uuid.UUID, Advance] = {}
        self._stopping = asyncio.Event()
        self._woken = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._commits = GroupCommit(max_batch=settings.ORCHESTRATOR.commit_batch)

    @property
    def driver_id(self) -> uuid.UUID:
        """The id that fences every write."""
        return self._lease.driver_id

    def stop(self) -> None:
        """Claim nothing more and let go of everything."""
        self._lease.stopping = True
        self._stopping.set()
        self._woken.set()

    def may_start(self) -> bool:
        """Whether the lease surely holds long enough for a start, and nobody asked to stop."""
        return not self._stopping.is_set() and self._lease.may_start()

    def now(self) -> dt.datetime:
        """Return PostgreSQL's time."""
        return self._lease.now()

    async def commit(self, changes: Changes) -> Committed:
        """Write changes with whatever else is pending. Raises Fenced or ChangesRefused."""
        return await self._commits.commit(changes)

    async def run(self) -> None:
        """Drive until told to stop, idle for the linger time, or out of the time that one driver drives."""
        await _in_thread(self._lease.take)
        logger.info("driver %s drives", self.driver_id)
        listener = asyncio.create_task(listen_for_wake_ups(self._hear))
        try:
            await self._drive()
        finally:
            listener.cancel()
            await self._let_go()

    async def _drive(self) -> None:
        began = idle_since = time.monotonic()
        chosen = settings.ORCHESTRATOR
        while not self._stopping.is_set():
            self._woken.clear()
            claimed = await self._claim()
            now = time.monotonic()
            if claimed or self._held:
                idle_since = now
            if now - idle_since > chosen.linger_s or now - began > chosen.max_drive_s:
                return
            if not claimed:
                await self._look_for_wishes()
                await self._rest(chosen.claim_interval_s)

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return

    async def _claim(self) -> int:
        room = settings.ORCHESTRATOR.capacity - len(self._held)
        if room <= 0 or not self._lease.may_start():
            return 0
        limit = min(room, settings.ORCHESTRATOR.claim_chunk)
        claimed = await _in_thread(claim_executions, self.driver_id, limit=limit)
        for execution_id, epoch in claimed:
            task = asyncio.create_task(self._advance(execution_id, epoch), name=str(execution_id))
            self._held[execution_id] = task
        return len(claimed)

    async def _advance(self, execution_id: uuid.UUID, epoch: int) -> None:
        try:
            tracked = await _in_thread(load_tracked, execution_id, epoch=epoch)
            advance = Advance(self, tracked, self._client_of(tracked))
            self._advancing[execution_id] = advance
            await advance.run()
        except* Fenced:
            logger.warning("execution %s is another driver's now", execution_id)
        except* Exception as group:
            await self._break_off(execution_id, epoch, group.exceptions[0])
        finally:
            self._advancing.pop(execution_id, None)
            self._held.pop(execution_id, None)
            self._woken.set()

    async def _look_for_wishes(self) -> None:
        """Find cancel requests whose hint was lost."""
        if not self._held:
            return
        for execution_id in await _in_thread(find_cancelled, self.driver_id):
            advance = self._advancing.get(execution_id)
            if advance is not None:
                advance.wake(cancel_requested=True)

    def _hear(self, execution_id: uuid.UUID | None) -> None:
        # A hint says only that there is something; what it is, the rows say.
        self._woken.set()

    def _lost_from_thread(self) -> None:
        self._loop.call_soon_threadsafe(self.stop)

    def _client_of(self, tracked: Tracked) -> AgentService:
        return self._connections.client_of(tracked.connection)

    async def _break_off(self, execution_id: uuid.UUID, epoch: int, error: BaseException) -> None:
        # Ours is the fault, or the data's: the one execution ends, all others go on.
        logger.error("execution %s broken off: %s", execution_id, type(error).__name__, exc_info=error)
        try:
            changes = await _in_thread(build_break_off, execution_id)
            await self.commit(replace(changes, driver_id=self.driver_id, epoch=epoch))
        except (Fenced, ChangesRefused) as refused:
            logger.error("execution %s could not be broken off: %s", execution_id, refused)  # noqa: TRY400

    async def _let_go(self) -> None:
        """Hand over: end every coroutine, write what is pending, free what is held. Runs in Suna go on."""
        for task in self._held.values():
            task.cancel()
        await asyncio.gather(*self._held.values(), return_exceptions=True)
        await self._commits.close(patience_s=FLUSH_PATIENCE_S)
        await self._connections.aclose()
        await _in_thread(self._lease.give_back)
        logger.info("driver %s let go", self.driver_id)


async def _in_thread(call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    return await sync_to_async(call, thread_sensitive=True)(*args, **kwargs)
