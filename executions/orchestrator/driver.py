"""A driver: one event loop that claims executions under a lease and advances all of them at once."""

import asyncio
import datetime as dt
import logging
import time
import uuid
from dataclasses import replace

from django.conf import settings

from executions.agent_service import AgentService
from executions.orchestrator.advance import Advance
from executions.orchestrator.break_off import build_break_off
from executions.orchestrator.changes import Changes, ChangesRefused, Committed, Fenced
from executions.orchestrator.claim import (
    claim_executions,
    count_claimable,
    find_cancelled,
    find_held,
    raise_epoch,
    set_aside,
)
from executions.orchestrator.connections import OpenConnections
from executions.orchestrator.database_calls import DATABASE_AWAY, in_driver_thread
from executions.orchestrator.gate import Gate
from executions.orchestrator.gates import Gates
from executions.orchestrator.group_commit import GroupCommit
from executions.orchestrator.lease import Lease
from executions.orchestrator.tracked import load_tracked
from executions.orchestrator.wake import listen_for_wake_ups, queue_driver
from teams.models import SunaConnection

logger = logging.getLogger(__name__)

FLUSH_PATIENCE_S = 2.0
DATABASE_PATIENCE_S = 1.0


class Driver:
    """One driver. `run` returns when there was nothing to do for a while, or soon after `stop`."""

    def __init__(self) -> None:
        self._lease = Lease(in_flight=lambda: len(self._held), lost=self._lost_from_thread)
        self._gates = Gates(self._lease.driver_id, now=self._lease.now, died=self.stop)
        self._connections = OpenConnections(self._gates)
        self._held: dict[uuid.UUID, asyncio.Task[None]] = {}
        self._advancing: dict[uuid.UUID, Advance] = {}
        self._stopping = asyncio.Event()
        self._woken = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        # Whether executions may be claimed for us that we do not know of: the answer to a claim was lost.
        self._unsure = False
        self._commits = GroupCommit(max_batch=settings.ORCHESTRATOR.commit_batch, died=self._lost_from_thread)

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

    def gate_of(self, connection: SunaConnection) -> Gate:
        """Return the gate on the starts of a connection."""
        return self._gates.gate_of(connection)

    async def client_of(self, connection_id: uuid.UUID) -> AgentService:
        """Return the client of a connection as it stands now."""
        return await self._connections.client_of(connection_id)

    async def run(self) -> None:
        """Drive until told to stop, idle for the linger time, or out of the time that one driver drives."""
        await in_driver_thread(self._lease.take)
        self._commits.start()
        self._gates.start()
        logger.info("driver %s drives", self.driver_id)
        listener = asyncio.create_task(listen_for_wake_ups(self._woken.set))
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
            claimed = await self._look_round()
            now = time.monotonic()
            if claimed or self._held:
                idle_since = now
            if now - idle_since > chosen.linger_s or now - began > chosen.max_drive_s:
                return
            if not claimed:
                await self._rest(chosen.claim_interval_s)

    async def _look_round(self) -> int:
        """Claim what is free, or look at what people wish where nothing is; return how many were claimed."""
        try:
            claimed = await self._claim()
            if not claimed:
                await self._look_for_wishes()
        except DATABASE_AWAY as error:
            logger.warning("PostgreSQL is away, nothing is claimed: %s", type(error).__name__)
            self._unsure = True
            return 0
        return claimed

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return

    async def _claim(self) -> int:
        if self._unsure:
            for execution_id, epoch in await in_driver_thread(find_held, self.driver_id):
                if execution_id not in self._held:
                    self._hold(execution_id, epoch)
            self._unsure = False
        room = settings.ORCHESTRATOR.capacity - len(self._held)
        if room <= 0:
            # What is left over is another worker's, if one is idle.
            if await in_driver_thread(count_claimable):
                await in_driver_thread(queue_driver)
            return 0
        if not self._lease.may_start():
            return 0
        limit = min(room, settings.ORCHESTRATOR.claim_chunk)
        claimed = await in_driver_thread(claim_executions, self.driver_id, limit=limit)
        for execution_id, epoch in claimed:
            self._hold(execution_id, epoch)
        return len(claimed)

    def _hold(self, execution_id: uuid.UUID, epoch: int) -> None:
        self._held[execution_id] = asyncio.create_task(
            self._advance(execution_id, epoch), name=str(execution_id)
        )

    async def _advance(self, execution_id: uuid.UUID, epoch: int) -> None:
        """Advance an execution to its end, beginning again from its rows whenever PostgreSQL was away."""
        held: int | None = epoch
        try:
            while held is not None and not await self._carry(execution_id, held):
                held = await self._hold_anew(execution_id, held)
        finally:
            self._held.pop(execution_id, None)
            self._woken.set()

    async def _hold_anew(self, execution_id: uuid.UUID, epoch: int) -> int | None:
        """Return a new epoch of an execution that is still ours; None where it is not.

        What the last round handed in and PostgreSQL has not seen yet is fenced off by it.
        """
        while True:
            await asyncio.sleep(DATABASE_PATIENCE_S)
            try:
                return await in_driver_thread(raise_epoch, execution_id, self.driver_id, epoch=epoch)
            except DATABASE_AWAY:
                continue

    async def _carry(self, execution_id: uuid.UUID, epoch: int) -> bool:
        """Advance an execution until it is over, lost or broken off; False where PostgreSQL was away."""
        away = False
        fault: BaseException | None = None
        try:
            tracked = await in_driver_thread(load_tracked, execution_id, epoch=epoch)
            advance = Advance(self, tracked, await self.client_of(tracked.connection.id))
            self._advancing[execution_id] = advance
            await advance.run()
        except* Fenced:
            logger.warning("execution %s is another driver's now", execution_id)
        except* DATABASE_AWAY:
            away = True
        except* Exception as group:  # noqa: BLE001  it ends this execution, and is logged there
            fault = group.exceptions[0]
        finally:
            self._advancing.pop(execution_id, None)
        if fault is not None:
            return await self._break_off(execution_id, epoch, fault)
        return not away

    async def _look_for_wishes(self) -> None:
        """Find cancel requests whose hint was lost."""
        if not self._held:
            return
        for execution_id in await in_driver_thread(find_cancelled, self.driver_id):
            advance = self._advancing.get(execution_id)
            if advance is not None:
                advance.wake(cancel_requested=True)

    def _lost_from_thread(self) -> None:
        self._loop.call_soon_threadsafe(self.stop)

    async def _break_off(self, execution_id: uuid.UUID, epoch: int, error: BaseException) -> bool:
        # Ours is the fault, or the data's: the one execution ends, all others go on.
        logger.error("execution %s broken off: %s", execution_id, type(error).__name__, exc_info=error)
        try:
            changes = await in_driver_thread(build_break_off, execution_id)
            await self.commit(replace(changes, driver_id=self.driver_id, epoch=epoch))
        except DATABASE_AWAY:
            return False
        except Fenced:
            logger.warning("execution %s is another driver's now", execution_id)
        except ChangesRefused as refused:
            logger.error("execution %s could not be broken off: %s", execution_id, refused)  # noqa: TRY400  no trace: it says all
            await in_driver_thread(set_aside, execution_id, self.driver_id, epoch=epoch)
        return True

    async def _let_go(self) -> None:
        """Hand over: end every coroutine, write what is pending, free what is held. Runs in Suna go on."""
        for task in self._held.values():
            task.cancel()
        await asyncio.gather(*self._held.values(), return_exceptions=True)
        await self._commits.close(patience_s=FLUSH_PATIENCE_S)
        await self._gates.aclose()
        await self._connections.aclose()
        await in_driver_thread(self._lease.give_back)
        logger.info("driver %s let go", self.driver_id)
