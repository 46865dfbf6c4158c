"""A driver: one event loop that claims executions under a lease and advances all of them at once."""

import asyncio
import datetime as dt
import logging
import time
import uuid
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any, TypeVar

from django.conf import settings

from executions.engine.state import EXECUTION_TERMINAL
from executions.orchestrator.advance import Advance
from executions.orchestrator.agent_models import AgentModels
from executions.orchestrator.break_off import build_break_off
from executions.orchestrator.changes import Changes, Committed, Fenced
from executions.orchestrator.claim import claim_executions, count_claimable
from executions.orchestrator.connections import Current, OpenConnections
from executions.orchestrator.crash_slot import CrashSlot
from executions.orchestrator.crashes import charge_crashes
from executions.orchestrator.database_calls import DATABASE_AWAY, in_driver_thread
from executions.orchestrator.gate import Gate
from executions.orchestrator.gates import Gates
from executions.orchestrator.group_commit import GroupCommit
from executions.orchestrator.hints import Hints
from executions.orchestrator.holding import (
    count_taken,
    find_held,
    find_start_decisions,
    find_wishes,
    leave_at_rest,
    raise_epoch,
    set_aside,
)
from executions.orchestrator.lease import Lease
from executions.orchestrator.live_runs import LiveRuns
from executions.orchestrator.open_starts import LONGEST_START_S, OpenStarts
from executions.orchestrator.purse import BudgetLook
from executions.orchestrator.question_rows import find_unheard
from executions.orchestrator.redetect import Redetection
from executions.orchestrator.tracked import Tracked, load_tracked
from executions.orchestrator.wake import listen_for_wake_ups, queue_driver
from teams.models import SunaConnection

logger = logging.getLogger(__name__)

T = TypeVar("T")

FLUSH_PATIENCE_S = 2.0
DATABASE_PATIENCE_S = 1.0
# Of a driver's places, how many are kept for people who have nothing in flight: 5 %, at least one.
PLACES_KEPT = 0.05


def count_places_kept(capacity: int) -> int:
    """Return how many of the places are kept free of those who have others already; never all of them."""
    return min(max(int(capacity * PLACES_KEPT), 1), capacity - 1)


class Driver:
    """One driver. `run` returns when there was nothing to do for a while, or soon after `stop`."""

    def __init__(self) -> None:
        self._lease = Lease(
            in_flight=lambda: len(self._held), is_robbed=self._is_robbed, lost=self._lost_from_thread
        )
        self._slot = CrashSlot(self._lease.driver_id)
        self._gates = Gates(
            self._lease.driver_id, now=self._lease.now, died=self.stop, changed=self._tell_of_change
        )
        self._redetection = Redetection(mended=self._mended)
        self._connections = OpenConnections(
            self._gates, changed=self._redetection.note, replaced=self._tell_of_change
        )
        self.hints = Hints()
        self.live = LiveRuns()
        self.models = AgentModels()
        self.open_starts = OpenStarts()
        self.budgets = BudgetLook()
        self._held: dict[uuid.UUID, asyncio.Task[None]] = {}
        self._epochs: dict[uuid.UUID, int] = {}
        # Claimed, and before their first turn: what they need is not known yet.
        self._settling: set[uuid.UUID] = set()
        self._waits_for_settling = False
        self._look_at = 0.0
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
        return not self._stopping.is_set() and not self._lease.stopping and self._lease.may_start()

    def now(self) -> dt.datetime:
        """Return PostgreSQL's time."""
        return self._lease.now()

    async def commit(self, changes: Changes) -> Committed:
        """Write changes with whatever else is pending. Raises Fenced or ChangesRefused."""
        return await self._commits.commit(changes)

    def gate_of(self, connection: SunaConnection) -> Gate:
        """Return the gate on the starts of a connection."""
        return self._gates.gate_of(connection)

    def _mended(self, connection: SunaConnection) -> None:
        self._gates.gate_of(connection).mended(now=time.monotonic())

    async def look_again(self, connection: SunaConnection) -> None:
        """Find out anew which version of the service a connection leads to, if nobody just did."""
        await self._redetection.look(connection.id, connection.wire_profile)

    async def read_connection(self, connection_id: uuid.UUID) -> Current:
        """Return a connection as it stands now."""
        return await self._connections.read(connection_id)

    def _tell_of_change(self, connection_id: uuid.UUID) -> None:
        for advance in self._advancing.values():
            if advance.tracked.connection.id == connection_id:
                advance.hear_change()

    def charge(self, execution_id: uuid.UUID, work: Coroutine[Any, Any, T]) -> Coroutine[Any, Any, T]:
        """Return work whose crash is charged to the execution."""
        return self._slot.charge(execution_id, work)

    def settled(self, execution_id: uuid.UUID) -> None:
        """Take note that an execution has taken its first turn, or a further one."""
        self._settling.discard(execution_id)
        if self._waits_for_settling and self._has_settled():
            self._waits_for_settling = False
            self._woken.set()

    def _has_settled(self) -> bool:
        return len(self._settling) < settings.ORCHESTRATOR.claim_chunk

    async def run(self) -> None:
        """Drive until told to stop, idle for the linger time, or out of the time that one driver drives."""
        listener = asyncio.create_task(listen_for_wake_ups(self._wake))
        try:
            await in_driver_thread(self._lease.take)
            self._slot.open()
            self._commits.start()
            self._gates.start()
            self.live.start()
            logger.info("driver %s drives", self.driver_id)
            await self._drive()
        finally:
            listener.cancel()
            await self._let_go()

    def _wake(self) -> None:
        self._woken.set()
        self.live.look()

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
                await self._wind_down()
                return
            if not claimed:
                await self._rest(chosen.claim_interval_s)

    async def _wind_down(self) -> None:
        """Start nothing more and wait for the starts under way that nobody could look up later.

        Nobody waits for the end of this process, so that they have all the time that a start may take; what
        people wish is heard meanwhile.
        """
        self._lease.stopping = True
        give_up_at = time.monotonic() + LONGEST_START_S
        while self.open_starts.are_any and not self._stopping.is_set() and time.monotonic() < give_up_at:
            self._woken.clear()
            try:
                await self._look_for_wishes()
            except DATABASE_AWAY as error:
                logger.warning("PostgreSQL is away, nobody's wishes are heard: %s", type(error).__name__)
            await self._rest(settings.ORCHESTRATOR.claim_interval_s)

    async def _look_round(self) -> int:
        """Claim what is free and look at what people wish; return how many were claimed."""
        is_time = time.monotonic() >= self._look_at
        try:
            if is_time:
                await in_driver_thread(charge_crashes)
            claimed = await self._claim()
            # A wake-up may mean either; where there is always something to claim, wishes have their time too.
            if is_time or not claimed:
                await self._look_for_wishes()
                self._look_at = time.monotonic() + settings.ORCHESTRATOR.claim_interval_s
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
        capacity = settings.ORCHESTRATOR.capacity
        room = capacity - len(self._held)
        room_for_all = room - count_places_kept(capacity)
        claimed: list[tuple[uuid.UUID, int]] = []
        self._waits_for_settling = not self._has_settled()
        if room > 0 and not self._waits_for_settling and self._lease.may_start():
            limit = min(room_for_all if room_for_all > 0 else room, settings.ORCHESTRATOR.claim_chunk)
            claimed = await in_driver_thread(
                claim_executions,
                self.driver_id,
                limit=limit,
                newcomers_only=room_for_all <= 0,
                crowds=self._gates.find_crowded(),
            )
        for execution_id, epoch in claimed:
            self._hold(execution_id, epoch)
        if not claimed and room_for_all <= 0:
            left_over = await in_driver_thread(count_claimable)
            if left_over:
                # They are another worker's, if one is idle.
                await in_driver_thread(queue_driver)
        return len(claimed)

    def _hold(self, execution_id: uuid.UUID, epoch: int) -> None:
        self._epochs[execution_id] = epoch
        self._settling.add(execution_id)
        work = self.charge(execution_id, self._advance(execution_id, epoch))
        self._held[execution_id] = asyncio.create_task(work, name=str(execution_id))

    async def _advance(self, execution_id: uuid.UUID, epoch: int) -> None:
        """Advance an execution to its end, beginning again from its rows whenever PostgreSQL was away."""
        held: int | None = epoch
        try:
            while held is not None and not await self._carry(execution_id, held):
                held = await self._hold_anew(execution_id, held)
                if held is not None:
                    self._epochs[execution_id] = held
        finally:
            # Let go of and claimed again already, it is another task's.
            if self._held.get(execution_id) is asyncio.current_task():
                del self._held[execution_id], self._epochs[execution_id]
                self.open_starts.leave(execution_id)
                self.settled(execution_id)
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
        """Advance an execution until it is over, at rest, lost or broken off; False: PostgreSQL was away."""
        away = False
        fault: BaseException | None = None
        try:
            tracked = await in_driver_thread(self._load, execution_id, epoch)
            current = await self.read_connection(tracked.connection.id)
            advance = Advance(self, tracked, current.client)
            self._advancing[execution_id] = advance
            await advance.run()
            if tracked.state.status not in EXECUTION_TERMINAL:
                await in_driver_thread(
                    leave_at_rest, execution_id, self.driver_id, epoch=epoch, until=advance.rests_until
                )
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

    def _load(self, execution_id: uuid.UUID, epoch: int) -> Tracked:
        with self._slot.charge_thread(execution_id):
            return load_tracked(execution_id, epoch=epoch)

    async def _look_for_wishes(self) -> None:
        """Find what people wish of what is held, whether or not a hint came."""
        if not self._held:
            return
        for wishes in await in_driver_thread(find_wishes, self.driver_id):
            advance = self._advancing.get(wishes.execution_id)
            if advance is not None:
                advance.hear_wishes(
                    cancel_requested=wishes.cancel_requested,
                    pause_requested=wishes.pause_requested,
                    at=wishes.at,
                )
        for decided in await in_driver_thread(find_start_decisions, self.driver_id):
            advance = self._advancing.get(decided.execution_id)
            if advance is not None:
                advance.hear_decision(decided.step_id, decided.run_id, decided.decision)
        for execution_id in await in_driver_thread(find_unheard, self.driver_id):
            answered = self._advancing.get(execution_id)
            if answered is not None:
                answered.wake()

    def _is_robbed(self) -> bool:
        return count_taken(self.driver_id, self._epochs.copy()) > 0

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
        except Exception as refused:  # noqa: BLE001  what cannot even be read or ended must not be held for ever
            logger.error("execution %s could not be broken off: %s", execution_id, _first_line(refused))  # noqa: TRY400  no trace: it may quote a row
            return await self._set_aside(execution_id, epoch)
        return True

    async def _set_aside(self, execution_id: uuid.UUID, epoch: int) -> bool:
        try:
            await in_driver_thread(set_aside, execution_id, self.driver_id, epoch=epoch)
        except DATABASE_AWAY:
            return False
        return True

    async def _let_go(self) -> None:
        """Hand over: end every coroutine, write what is pending, free what is held. Runs in Suna go on.

        Whatever fails of it, the rest is done: a lease that goes on beating without its driver would keep
        what is held from everybody.
        """
        async with AsyncExitStack() as last_first:
            last_first.callback(self._slot.close)
            last_first.push_async_callback(in_driver_thread, self._lease.give_back)
            last_first.push_async_callback(self._connections.aclose)
            last_first.push_async_callback(self.open_starts.aclose)
            last_first.push_async_callback(self._redetection.aclose)
            last_first.push_async_callback(self._gates.aclose)
            last_first.push_async_callback(self.hints.aclose)
            last_first.push_async_callback(self.live.aclose)
            last_first.push_async_callback(self._commits.close, patience_s=FLUSH_PATIENCE_S)
            await self.open_starts.wait()
            for task in self._held.values():
                task.cancel()
            await asyncio.gather(*self._held.values(), return_exceptions=True)
        logger.info("driver %s let go", self.driver_id)


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0][:300]}"
