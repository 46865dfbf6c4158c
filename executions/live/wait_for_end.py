"""Waiting for executions to end, for requests that ask for it. None holds a thread or a connection meanwhile.

One watch per event loop asks PostgreSQL for all of them together, five times a second, while anybody waits.
"""

import asyncio
import logging
import uuid
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from weakref import WeakKeyDictionary

from django.db import connections

from executions.engine.state import EXECUTION_TERMINAL
from executions.models import Execution

logger = logging.getLogger(__name__)

LOOK_EACH_S = 0.2


class EndWatch:
    """The watch of one event loop. It works while somebody waits."""

    def __init__(self) -> None:
        self._waiting: dict[uuid.UUID, set[asyncio.Event]] = {}
        self._task: asyncio.Task[None] | None = None
        self._is_stopped = False
        self.count = 0

    async def wait(self, execution_id: uuid.UUID, *, timeout_s: float) -> bool:
        """Wait until the execution has ended or is gone; False where the time is up or the server stops."""
        if self._is_stopped:
            return False
        ended = asyncio.Event()
        self._waiting.setdefault(execution_id, set()).add(ended)
        self.count += 1
        if self._task is None:
            self._task = asyncio.create_task(self._look_on(), name="watch for ends")
        try:
            async with asyncio.timeout(timeout_s):
                await ended.wait()
        except TimeoutError:
            return False
        finally:
            self.count -= 1
            self._leave(execution_id, ended)
        return not self._is_stopped

    def stop(self) -> None:
        """Let everybody go at once, and everybody who comes from now on."""
        self._is_stopped = True
        for execution_id in list(self._waiting):
            self._tell(execution_id)

    def _tell(self, execution_id: uuid.UUID) -> None:
        for ended in self._waiting.get(execution_id, ()):
            ended.set()

    def _leave(self, execution_id: uuid.UUID, ended: asyncio.Event) -> None:
        left = self._waiting.get(execution_id, set())
        left.discard(ended)
        if not left:
            self._waiting.pop(execution_id, None)
        if not self._waiting and self._task is not None:
            self._task.cancel()
            self._task = None

    async def _look_on(self) -> None:
        thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="watch-for-ends")
        loop = asyncio.get_running_loop()
        try:
            while True:
                wanted = list(self._waiting)
                try:
                    running = await loop.run_in_executor(thread, _find_running, wanted)
                except Exception as error:  # noqa: BLE001  whatever it is, the next look may do better
                    logger.warning("ends are not looked for: %s", type(error).__name__)
                else:
                    for execution_id in set(wanted) - running:
                        self._tell(execution_id)
                await asyncio.sleep(LOOK_EACH_S)
        finally:
            thread.submit(connections.close_all)
            thread.shutdown(wait=False)


def _find_running(execution_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    try:
        rows = Execution.objects.filter(pk__in=execution_ids).exclude(status__in=EXECUTION_TERMINAL)
        return set(rows.values_list("pk", flat=True))
    except Exception:
        connections.close_all()
        raise


_WATCHES: "WeakKeyDictionary[asyncio.AbstractEventLoop, EndWatch]" = WeakKeyDictionary()


def watch_of_loop() -> EndWatch:
    """Return the watch of the running event loop."""
    return _WATCHES.setdefault(asyncio.get_running_loop(), EndWatch())


def end_all_waits() -> None:
    """Let everybody in this process go who waits: the server is about to stop."""
    for watch in list(_WATCHES.values()):
        watch.stop()
