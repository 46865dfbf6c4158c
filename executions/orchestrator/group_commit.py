"""Group commit: one thread that writes whatever is pending in one transaction, again and again.

Coroutines hand in Changes and wait for their outcome. While the thread is in a transaction, new ones gather
and go with the next. A database that is away is waited for: nothing handed in is dropped.
"""

import asyncio
import logging
import queue
import threading
import time

from django.db import InterfaceError, OperationalError, connection

from billing.pricing import warm_up_prices
from executions.context.store import apply_to_context
from executions.orchestrator.changes import Changes, ChangesRefused, Committed, Fenced
from executions.orchestrator.commit import BatchResult, commit_batch, find_committed

logger = logging.getLogger(__name__)

RETRY_S = 0.5

Waiting = tuple[Changes, "asyncio.Future[Committed]"]


class GroupCommit:
    """The writer of one driver. Start it inside the event loop; close it after the last commit."""

    def __init__(self, *, max_batch: int) -> None:
        self._max_batch = max_batch
        self._pending: queue.SimpleQueue[Waiting | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._give_up = threading.Event()
        self._thread = threading.Thread(target=self._write_for_ever, name="group-commit", daemon=True)
        self._thread.start()

    async def commit(self, changes: Changes) -> Committed:
        """Write one execution's changes. Raises Fenced or ChangesRefused."""
        future: asyncio.Future[Committed] = self._loop.create_future()
        self._pending.put((changes, future))
        return await future

    async def close(self, *, patience_s: float) -> None:
        """Write what is pending and end the thread; give up on a database that is away after `patience_s`."""
        self._pending.put(None)
        await asyncio.to_thread(self._thread.join, patience_s)
        self._give_up.set()
        await asyncio.to_thread(self._thread.join, RETRY_S * 2)

    def _write_for_ever(self) -> None:
        try:
            # The first price costs most of a second: better now than in the first execution's way.
            warm_up_prices()
            open_for_more = True
            while open_for_more:
                batch, open_for_more = self._next_batch()
                if batch:
                    self._write(batch)
        finally:
            connection.close()

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
        for _, future in batch:
            self._loop.call_soon_threadsafe(future.cancel)

    def _is_there(self, waiting: Waiting) -> bool:
        changes, future = waiting
        outcome = find_committed(changes)
        if outcome is None:
            return False
        self._loop.call_soon_threadsafe(_resolve, future, outcome)
        return True

    def _tell(self, batch: list[Waiting], result: BatchResult) -> None:
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
