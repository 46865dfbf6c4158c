"""Starts under way of which nobody could find out later what became of them, of one driver.

A driver that lets go breaks its calls off: whatever it started elsewhere is looked up by the next one. Here
that is impossible, so that it waits for the answers, if they come soon.
"""

import asyncio
import contextlib
from collections.abc import Iterator

PATIENCE_S = 8.0
"""Who stops a process commonly kills it after ten seconds."""


class OpenStarts:
    """Counts them. It belongs to the event loop that first waits."""

    def __init__(self) -> None:
        self._count = 0
        self._none_left = asyncio.Event()
        self._none_left.set()

    @contextlib.contextmanager
    def under_way(self) -> Iterator[None]:
        """Count one from before it is sent until what came of it is committed."""
        self._count += 1
        self._none_left.clear()
        try:
            yield
        finally:
            self._count -= 1
            if not self._count:
                self._none_left.set()

    async def wait(self) -> None:
        """Return when none is left, or when the patience is over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                await self._none_left.wait()
