"""The gates of one driver: one a connection, looked after by two coroutines.

One looks at the clock and lets in whose time has come. The other exchanges with the other drivers what each
has in flight, and with the connections' rows what was learned and what people mended.
"""

import asyncio
import contextlib
import datetime as dt
import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings

from executions.orchestrator.claim import Crowd
from executions.orchestrator.database_calls import DATABASE_AWAY, in_any_thread, in_driver_thread
from executions.orchestrator.gate import Gate
from executions.orchestrator.gates_shared import GateShares, SharedCap
from executions.orchestrator.gates_stored import (
    RowState,
    clear_pause,
    find_row_states,
    store_limit,
    store_pause,
    store_throttled_until,
    store_unreachable,
)
from executions.orchestrator.patience import jitter
from executions.orchestrator.start_pause import PAUSES, WAITS_FOR_A_PERSON
from teams.models import SunaConnection

logger = logging.getLogger(__name__)

TICK_S = 0.2
# A limit that is raised again and again is not worth a write each time.
STORED_AGAIN_S = 60.0
# That nobody answers is noted again as long as it is so: a driver that dies takes nothing back.
UNREACHABLE_AGAIN_S = 45.0
WORTH_SHOWING_S = 1.0
TAKE_BACK_S = 0.5
ROUND_S = 2.0
# A connection that cannot be looked after is left alone for so long.
LEFT_ALONE_S = 60.0


@dataclass(slots=True)
class _Kept:
    """A gate, and what of it others know already. Times are monotonic, but for `cap_at`: PostgreSQL's."""

    gate: Gate
    cap: int | None
    told: bool
    until: float = 0.0
    cap_at: float = 0.0
    stored_cap: int | None = None
    stored_cap_at: float = float("-inf")
    stored_until: float = 0.0
    stored_pause: str = ""
    seen: str = ""
    unreachable_at: float | None = None
    exchanged_at: float = float("-inf")
    is_published: bool = False
    left_alone_until: float = float("-inf")


class Gates:
    """All gates of a driver. `now` is PostgreSQL's time; `died` is called if they cannot be looked after.

    `changed` is told of each connection that got another address, another credential or another version.
    """

    def __init__(
        self,
        driver_id: uuid.UUID,
        *,
        now: Callable[[], dt.datetime],
        died: Callable[[], None],
        changed: Callable[[uuid.UUID], None] = lambda _: None,
    ) -> None:
        self._driver_id = driver_id
        self._now = now
        self._died = died
        self._changed = changed
        self._kept: dict[uuid.UUID, _Kept] = {}
        self._shares = GateShares(driver_id)
        self._tasks: list[asyncio.Task[None]] = []
        self._looked_at = float("-inf")

    def gate_of(self, connection: SunaConnection) -> Gate:
        """Return the gate of a connection; a new one knows what the connection's row says."""
        kept = self._kept.get(connection.pk)
        if kept is None:
            # Several may ask at once, from different threads: one gate stands.
            kept = self._kept.setdefault(connection.pk, self._make(connection))
        return kept.gate

    def find_crowded(self) -> list[Crowd]:
        """Return who has so many steps in line at a connection that further executions would only join it."""
        line = settings.ORCHESTRATOR.claim_chunk
        return [
            Crowd(connection_id=connection_id, user_id=user_id)
            for connection_id, kept in self._kept.items()
            for user_id in kept.gate.list_crowding(line=line)
            if isinstance(user_id, uuid.UUID)
        ]

    def start(self) -> None:
        """Begin to look after the gates."""
        for look_after in (self._watch_the_clock, self._exchange_for_ever):
            task = asyncio.create_task(look_after())
            task.add_done_callback(self._ended)
            self._tasks.append(task)

    async def aclose(self) -> None:
        """Stop looking after the gates, and leave what this driver had to the others."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        published = [connection_id for connection_id, kept in self._kept.items() if kept.is_published]
        # A Redis that hangs must not hold up the hand-over: what is not taken back runs out.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TAKE_BACK_S):
                await in_any_thread(self._shares.take_back, published)

    def _make(self, connection: SunaConnection) -> _Kept:
        now = time.monotonic()
        gate = Gate(self._driver_id, growth_s=settings.ORCHESTRATOR.gate_growth_s, jitter=jitter)
        limits = connection.limits if isinstance(connection.limits, dict) else {}
        known = limits.get("parallel_runs")
        if isinstance(known, int) and known > 0:
            gate.limit.learn(known, told=False)
        if connection.throttled_until is not None:
            wait_s = (connection.throttled_until - self._now()).total_seconds()
            gate.limit.hold_until(now + wait_s, now=now)
        if connection.paused_code in PAUSES:
            gate.hold_for(connection.paused_code, now=now)
            gate.note_stored()
        return _Kept(
            gate=gate,
            cap=gate.limit.cap,
            told=gate.limit.told,
            until=gate.limit.until,
            stored_cap=gate.limit.cap,
            stored_until=gate.limit.until,
            stored_pause=connection.paused_code,
        )

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and task.exception() is not None:
            logger.error("the gates are not looked after any more", exc_info=task.exception())
            self._died()

    async def _watch_the_clock(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            for kept in list(self._kept.values()):
                kept.gate.turn = int(self._now().timestamp() / ROUND_S)
                kept.gate.tick(now=time.monotonic())

    async def _exchange_for_ever(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            for connection_id, kept in list(self._kept.items()):
                if time.monotonic() >= kept.left_alone_until:
                    await self._look_after(connection_id, kept)
            await self._look_at_rows()

    async def _look_after(self, connection_id: uuid.UUID, kept: _Kept) -> None:
        """Exchange and store what is news of one connection; one that is odd harms no other."""
        try:
            self._note_news(kept)
            if self._is_due(kept):
                await self._exchange(connection_id, kept)
            await self._store(connection_id, kept)
        except Exception as error:  # noqa: BLE001  whatever its row holds
            # No trace: it may quote the row.
            logger.error("connection %s is left alone for now: %s", connection_id, type(error).__name__)  # noqa: TRY400  its text may hold a row
            kept.gate.others = {}
            kept.left_alone_until = time.monotonic() + LEFT_ALONE_S

    def _note_news(self, kept: _Kept) -> None:
        limit = kept.gate.limit
        if limit.cap is not None and (limit.cap, limit.told, limit.until) != (
            kept.cap,
            kept.told,
            kept.until,
        ):
            kept.cap, kept.told, kept.until = limit.cap, limit.told, limit.until
            kept.cap_at = self._now().timestamp()

    def _is_due(self, kept: _Kept) -> bool:
        """Whether to exchange now: often only where others have something on the connection too."""
        gate = kept.gate
        if gate.limit.cap is None or not (gate.demand.total or kept.is_published):
            return False
        every_s = TICK_S if gate.others and gate.demand.waiting else settings.ORCHESTRATOR.gate_exchange_s
        return time.monotonic() - kept.exchanged_at >= every_s

    async def _exchange(self, connection_id: uuid.UUID, kept: _Kept) -> None:
        kept.exchanged_at = time.monotonic()
        gate, now = kept.gate, self._now().timestamp()
        cap = None
        if kept.cap is not None and kept.cap_at:
            until = now + kept.until - time.monotonic()
            cap = SharedCap(cap=kept.cap, told=kept.told, until=until, at=kept.cap_at)
        if not gate.demand.total:
            await in_any_thread(self._shares.take_back, [connection_id])
            gate.others, kept.is_published = {}, False
            return
        shared = await in_any_thread(self._shares.exchange, connection_id, gate.demand, cap=cap, now=now)
        kept.is_published = True
        gate.others = {} if shared is None else shared.demands
        self._note_news(kept)
        if shared is not None and shared.cap is not None and shared.cap.at > kept.cap_at:
            gate.limit.learn(shared.cap.cap, told=shared.cap.told)
            at = time.monotonic()
            gate.limit.hold_until(at + shared.cap.until - now, now=at)
            kept.cap, kept.told, kept.until = gate.limit.cap, gate.limit.told, gate.limit.until
            kept.cap_at = shared.cap.at

    async def _store(self, connection_id: uuid.UUID, kept: _Kept) -> None:
        """Write to the connection's row what changed and is worth it."""
        now, limit, pause = time.monotonic(), kept.gate.limit, kept.gate.pause
        try:
            if limit.cap is not None and limit.cap != kept.stored_cap:
                is_lower = kept.stored_cap is None or limit.cap < kept.stored_cap
                if is_lower or limit.told or now - kept.stored_cap_at > STORED_AGAIN_S:
                    await in_driver_thread(store_limit, connection_id, parallel_runs=limit.cap)
                    kept.stored_cap, kept.stored_cap_at = limit.cap, now
            if limit.until - max(now, kept.stored_until) > WORTH_SHOWING_S:
                until = self._now() + dt.timedelta(seconds=limit.until - now)
                await in_driver_thread(store_throttled_until, connection_id, until=until)
                kept.stored_until = limit.until
            is_away = kept.gate.circuit.is_open
            noted_at = kept.unreachable_at
            if is_away and (noted_at is None or now - noted_at > UNREACHABLE_AGAIN_S):
                await in_driver_thread(store_unreachable, connection_id, is_so=True)
                kept.unreachable_at = now
            elif not is_away and noted_at is not None:
                await in_driver_thread(store_unreachable, connection_id, is_so=False)
                kept.unreachable_at = None
            if kept.stored_pause and (pause is None or pause.code != kept.stored_pause):
                await in_driver_thread(clear_pause, connection_id, code=kept.stored_pause)
                kept.stored_pause = ""
            if pause is not None and pause.code in WAITS_FOR_A_PERSON and not pause.is_stored:
                await in_driver_thread(store_pause, connection_id, code=pause.code)
                pause.is_stored, kept.stored_pause = True, pause.code
        except DATABASE_AWAY as error:
            logger.warning("what was learned of a connection is not kept yet: %s", type(error).__name__)

    async def _look_at_rows(self) -> None:
        """Find what people mended, and what other drivers found to be out of order."""
        if time.monotonic() - self._looked_at < settings.ORCHESTRATOR.claim_interval_s:
            return
        self._looked_at = time.monotonic()
        used = {key: kept for key, kept in self._kept.items() if kept.gate.demand.total or kept.gate.pause}
        pauses = {key: kept.gate.pause for key, kept in used.items()}
        if not self._kept:
            return
        try:
            rows = await in_driver_thread(find_row_states, list(self._kept))
        except DATABASE_AWAY as error:
            logger.warning("whether connections were mended is not known: %s", type(error).__name__)
            return
        except Exception as error:  # noqa: BLE001  rows that cannot be read tell nothing, and all else goes on
            logger.error("whether connections were mended cannot be read: %s", type(error).__name__)  # noqa: TRY400  its text may hold a row
            return
        for connection_id, row in rows.items():
            kept, seen = self._kept[connection_id], f"{row.mark} {row.version}"
            # The first look may come after a change: then the clients in use tell what they were made of.
            changed = kept.seen != seen if kept.seen else kept.gate.mark not in ("", row.mark)
            if changed:
                self._changed(connection_id)
            kept.seen = seen
        for connection_id, kept in used.items():
            # What changed here while the rows were read is newer than they are.
            if kept.gate.pause is pauses[connection_id] and connection_id in rows:
                self._take_from_row(kept, rows[connection_id])

    def _take_from_row(self, kept: _Kept, row: RowState) -> None:
        now, pause, code = time.monotonic(), kept.gate.pause, row.paused_code
        if pause is not None and kept.gate.mark not in ("", row.mark):
            # Whatever the row says of a pause, it says it of an address or a credential that is no more.
            kept.gate.mended(now=now)
            return
        if pause is not None and pause.is_stored and code != pause.code:
            kept.stored_pause = ""
            kept.gate.mended(now=now)
        if code in WAITS_FOR_A_PERSON and not kept.gate.is_paused_for(code):
            if kept.gate.pause is not None and kept.gate.pause.code in WAITS_FOR_A_PERSON:
                return
            kept.gate.hold_for(code, now=now)
            kept.gate.note_stored()
            kept.stored_pause = code
