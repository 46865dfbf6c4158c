"""The one thread of an event loop in which all its streams read PostgreSQL, on one connection."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from django.db import connections

P = ParamSpec("P")
R = TypeVar("R")


class ReadingThread:
    """It is there, with its connection, as long as somebody uses it."""

    def __init__(self) -> None:
        self._users = 0
        self._executor: ThreadPoolExecutor | None = None

    def begin_use(self) -> None:
        """Take in one more user."""
        self._users += 1

    def end_use(self) -> None:
        """Take in that a user is gone; with the last one go the connection and the thread."""
        self._users -= 1
        if self._users == 0 and self._executor is not None:
            self._executor.submit(connections.close_all)
            self._executor.shutdown(wait=False)
            self._executor = None

    async def read(self, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a call that reads, after all that were asked for before it."""
        if self._executor is None:
            self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="live-reader")
        return await asyncio.wrap_future(self._executor.submit(_alone(call), *args, **kwargs))


def _alone(call: Callable[P, R]) -> Callable[P, R]:
    def call_alone(*args: P.args, **kwargs: P.kwargs) -> R:
        # No request looks after this thread's connection: one that failed is closed, the next opens another.
        try:
            return call(*args, **kwargs)
        except Exception:
            connections.close_all()
            raise

    return call_alone


_THREADS: "WeakKeyDictionary[asyncio.AbstractEventLoop, ReadingThread]" = WeakKeyDictionary()


def reading_thread_of_loop() -> ReadingThread:
    """Return the thread of the running event loop."""
    return _THREADS.setdefault(asyncio.get_running_loop(), ReadingThread())
