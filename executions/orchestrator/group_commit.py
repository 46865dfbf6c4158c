"""Group commit: one thread that writes whatever is pending in one transaction, again and again.

Coroutines hand in Changes and wait for their outcome. While the thread is in a transaction, new ones gather
and go with the next. A database that is away is waited for: nothing handed in is dropped. An execution that
somebody else has locked waits by itself, tried now and then, and all others go on.
"""

import asyncio
import logging
import queue
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import InterfaceError, OperationalError, connection

from billing.pricing import warm_up_prices
from executions.context.store import apply_to_context
from executions.orchestrator.changes import Changes, ChangesRefused, Committed, Fenced
from executions.orchestrator.commit import BatchResult, commit_batch
from executions.orchestrator.database_calls import is_contended

logger = logging.getLogger(__name__)

RETRY_S = 0.5
# How long an execution that somebody else has locked is left alone, at first and at most.
HELD_UP_S, LONGEST_HELD_UP_S = 0.2, 4.0


@dataclass(slots=True, kw_only=True)
class Waiting:
    """Changes that were handed in, and who waits for them; `unsure` where a COMMIT may have written them."""

    changes: Changes
    future: "asyncio.Future[Committed]"
    unsure: bool = False


@dataclass(slots=True, kw_only=True)
class _HeldUp:
    """What waits, in its order, for an execution that somebody else has locked; `due` is a monotonic time."""

    waiting: list[Waiting]
    wait_s: float
    due: float


class GroupCommit:
    """The writer of one driver. Make it inside the event loop; close it after the last commit.

    `died` is called, from the writer's thread, if it ends by a fault of ours: a driver that cannot write must
    let go of everything, so that another takes it up.
    """

    def __init__(self, *, max_batch: int, died: Callable[[], None]) -> None:
        self._max_batch = max_batch
        self._died = died
        self._pending: queue.SimpleQueue[Waiting | None] = queue.SimpleQueue()
        self._held_up: dict[uuid.UUID, _HeldUp] = {}
        self._loop = asyncio.get_running_loop()
        self._give_up = threading.Event()
        self._is_dead = False
        self._thread = threading.Thread(target=self._write_for_ever, name="group-commit", daemon=True)

    def start(self) -> None:
        """Start the thread that writes."""
        self._thread.start()

    async def commit(self, changes: Changes) -> Committed:
        """Write one execution's changes. Raises Fenced, ChangesRefused, CancelledError (nobody writes)."""
        future: asyncio.Future[Committed] = self._loop.create_future()
        if self._is_dead:
            future.cancel()
        self._pending.put(Waiting(changes=changes, future=future))
        return await future

    async def close(self, *, patience_s: float) -> None:
        """Write what is pending and end the thread; give up on a database that is away after `patience_s`."""
        if not self._thread.is_alive():
            return
        self._pending.put(None)
        await asyncio.to_thread(self._thread.join, patience_s)
        self._give_up.set()
        await asyncio.to_thread(self._thread.join, RETRY_S * 2)

    def _write_for_ever(self) -> None:
        batch: list[Waiting] = []
        try:
            # The first price costs most of a second: better now than in the first execution's way.
            warm_up_prices()
            open_for_more = True
            while open_for_more or (self._held_up and not self._give_up.is_set()):
                batch, open_for_more = self._next_batch(open_for_more=open_for_more)
                if batch:
                    self._write(batch)
                batch = []
                self._try_held_up()
        except Exception:
            logger.exception("the writer died; its driver lets go of everything")
            self._is_dead = True
            self._cancel([*batch, *self._rest()])
            self._died()
        finally:
            self._cancel([waiting for held in self._held_up.values() for waiting in held.waiting])
            connection.close()

    def _rest(self) -> list[Waiting]:
        rest: list[Waiting] = []
        while not self._pending.empty():
            waiting = self._pending.get_nowait()
            if waiting is not None:
                rest.append(waiting)
        return rest

    def _cancel(self, batch: Sequence[Waiting]) -> None:
        for waiting in batch:
            self._loop.call_soon_threadsafe(waiting.future.cancel)

    def _next_batch(self, *, open_for_more: bool) -> tuple[list[Waiting], bool]:
        """Return what is to be written together; nothing where something held up has its time first.

        Once closed for more, wait for that time only.
        """
        batch: list[Waiting] = []
        next_try = min((held.due for held in self._held_up.values()), default=None)
        wait_s = None if next_try is None else max(next_try - time.monotonic(), 0)
        if not open_for_more:
            self._give_up.wait(wait_s)
            return batch, False
        try:
            further = self._pending.get(timeout=wait_s)
            while further is not None:
                # What is held up goes in its order: a later transition must not pass an earlier one.
                held = self._held_up.get(further.changes.execution_id)
                (batch if held is None else held.waiting).append(further)
                if len(batch) >= self._max_batch:
                    return batch, True
                further = self._pending.get_nowait()
        except queue.Empty:
            return batch, True
        return batch, False

    def _write(self, batch: list[Waiting]) -> None:
        """Write a batch, for as long as it takes; what somebody else holds up is kept for another time."""
        if not self._commit(batch, waits=True):
            self._write_one_by_one(batch, wait_s=HELD_UP_S)

    def _write_one_by_one(self, batch: Sequence[Waiting], *, wait_s: float) -> None:
        for waiting in batch:
            execution_id = waiting.changes.execution_id
            held = self._held_up.get(execution_id)
            if held is not None:
                held.waiting.append(waiting)
            elif not self._commit([waiting], waits=False):
                logger.warning("execution %s is held up: somebody else has it locked", execution_id)
                self._held_up[execution_id] = _HeldUp(
                    waiting=[waiting], wait_s=wait_s, due=time.monotonic() + wait_s
                )

    def _try_held_up(self) -> None:
        due = [each for each, held in self._held_up.items() if held.due <= time.monotonic()]
        for execution_id in due:
            held = self._held_up.pop(execution_id)
            self._write_one_by_one(held.waiting, wait_s=min(held.wait_s * 2, LONGEST_HELD_UP_S))

    def _commit(self, batch: Sequence[Waiting], *, waits: bool) -> bool:
        """Commit and tell; False where a lock was not had, and nothing is known to be written."""
        while not self._give_up.is_set():
            unsure = {waiting.changes.events[0].id for waiting in batch if waiting.unsure}
            try:
                result = commit_batch([waiting.changes for waiting in batch], unsure=unsure, waits=waits)
            except (OperationalError, InterfaceError) as error:
                # The connection may have gone while a COMMIT was on its way, or part of the batch is written:
                # whoever writes it again looks first.
                for waiting in batch:
                    waiting.unsure = True
                if is_contended(error):
                    return False
                logger.warning(
                    "PostgreSQL is away, %d transitions wait: %s", len(batch), type(error).__name__
                )
                connection.close()
                time.sleep(RETRY_S)
                continue
            self._tell(batch, result)
            return True
        self._cancel(batch)
        return True

    def _tell(self, batch: Sequence[Waiting], result: BatchResult) -> None:
        # Redis before the answer: who goes on at once would find the old version and read PostgreSQL for it.
        for applied in result.context:
            apply_to_context(
                applied.execution_id,
                from_version=applied.from_version,
                to_version=applied.to_version,
                values=applied.values,
            )
        for waiting, outcome in zip(batch, result.outcomes, strict=True):
            self._loop.call_soon_threadsafe(_resolve, waiting.future, outcome)


def _resolve(future: "asyncio.Future[Committed]", outcome: Committed | Fenced | ChangesRefused) -> None:
    if future.done():
        return
    if isinstance(outcome, Committed):
        future.set_result(outcome)
    else:
        future.set_exception(outcome)
