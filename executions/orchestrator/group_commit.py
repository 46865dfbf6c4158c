"""Group commit: one thread that writes whatever is pending in one transaction, again and again.

Coroutines hand in Changes and wait for their outcome. While the thread is in a transaction, new ones gather
and go with the next. A database that is away is waited for: nothing handed in is dropped.
"""

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence

from django.db import InterfaceError, OperationalError, connection

from billing.pricing import warm_up_prices
from executions.context.store import apply_to_context
from executions.orchestrator.changes import Changes, ChangesRefused, Committed, Fenced
from executions.orchestrator.commit import BatchResult, commit_batch, find_committed

logger = logging.getLogger(__name__)

RETRY_S = 0.5

Waiting = tuple[Changes, "asyncio.Future[Committed]"]


class GroupCommit:
    """The writer of one driver. Make it inside the event loop; close it after the last commit.

    `died` is called, from the writer's thread, if it ends by a fault of ours: a driver that cannot write must
    let go of everything, so that another takes it up.
    """

    def __init__(self, *, max_batch: int, died: Callable[[], None]) -> None:
        self._max_batch = max_batch
        self._died = died
        self._pending: queue.SimpleQueue[Waiting | None] = queue.SimpleQueue()
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
        self._pending.put((changes, future))
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
            while open_for_more:
                batch, open_for_more = self._next_batch()
                if batch:
                    self._write(batch)
        except Exception:
            logger.exception("the writer died; its driver lets go of everything")
            self._is_dead = True
            self._cancel([*batch, *self._rest()])
            self._died()
        finally:
            connection.close()

    def _rest(self) -> list[Waiting]:
        rest: list[Waiting] = []
        while not self._pending.empty():
            waiting = self._pending.get_nowait()
            if waiting is not None:
                rest.append(waiting)
        return rest

    def _cancel(self, batch: Sequence[Waiting]) -> None:
        for _, future in batch:
            self._loop.call_soon_threadsafe(future.cancel)

    def _next_batch(self) -> tuple[list[Waiting], bool]:
        batch: list[Waiting] = []
        first = self._pending.get()
        if first is None:
            return batch, False
        batch.append(first)
        while len(batch) < self._max_batch:
            try:
                further = self._pending.get_nowait()
            except queue.Empty:
                break
            if further is None:
                return batch, False
            batch.append(further)
        return batch, True

    def _write(self, batch: list[Waiting]) -> None:
        uncertain = False
        while not self._give_up.is_set():
            try:
                if uncertain:
                    # The connection went while a COMMIT may have been on its way: look before writing again.
                    batch = [waiting for waiting in batch if not self._is_there(waiting)]
                result = commit_batch([changes for changes, _ in batch])
            except (OperationalError, InterfaceError) as error:
                logger.warning(
                    "PostgreSQL is away, %d transitions wait: %s", len(batch), type(error).__name__
                )
                connection.close()
                uncertain = True
                time.sleep(RETRY_S)
                continue
            self._tell(batch, result)
            return
        self._cancel(batch)

    def _is_there(self, waiting: Waiting) -> bool:
        changes, future = waiting
        outcome = find_committed(changes)
        if outcome is None:
            return False
        self._loop.call_soon_threadsafe(_resolve, future, outcome)
        return True

    def _tell(self, batch: list[Waiting], result: BatchResult) -> None:
        # Redis before the answer: who goes on at once would find the old version and read PostgreSQL for it.
        for applied in result.context:
            apply_to_context(
                applied.execution_id,
                from_version=applied.from_version,
                to_version=applied.to_version,
                values=applied.values,
            )
        for (_, future), outcome in zip(batch, result.outcomes, strict=True):
            self._loop.call_soon_threadsafe(_resolve, future, outcome)


def _resolve(future: "asyncio.Future[Committed]", outcome: Committed | Fenced | ChangesRefused) -> None:
    if future.done():
        return
    if isinstance(outcome, Committed):
        future.set_result(outcome)
    else:
        future.set_exception(outcome)
