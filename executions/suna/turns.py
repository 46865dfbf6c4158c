"""Whose turn it is: how many calls one connection has under way, and which of the waiting ones is next.

What changes something (a start, a stop) goes before what only asks, and finds room even while a service that
hangs holds every question: questions may take three quarters of the turns and no more. Within each kind the
order is that of arrival. No I/O and no clock here.
"""

import asyncio
from collections import deque

Waiting = deque["asyncio.Future[None]"]


class Turns:
    """`limit` turns. Each that was waited for is given back once."""

    def __init__(self, *, limit: int) -> None:
        self._free = limit
        self._free_for_reads = limit - limit // 4
        self._writes: Waiting = deque()
        self._reads: Waiting = deque()

    async def wait(self, *, is_read: bool) -> None:
        """Return when it is the caller's turn. Cancelled, it has none and owes none."""
        waiter = asyncio.get_running_loop().create_future()
        (self._reads if is_read else self._writes).append(waiter)
        self._hand_out()
        try:
            await waiter
        except asyncio.CancelledError:
            # Cancelled after it was handed a turn and before it could run on.
            if not waiter.cancelled():
                self.give_back(is_read=is_read)
            raise

    def give_back(self, *, is_read: bool) -> None:
        """End a turn; whoever is next has it from now on."""
        self._free += 1
        self._free_for_reads += is_read
        self._hand_out()

    def _hand_out(self) -> None:
        while self._free and self._writes:
            self._give_to(self._writes.popleft(), is_read=False)
        while self._free and self._free_for_reads and self._reads:
            self._give_to(self._reads.popleft(), is_read=True)

    def _give_to(self, waiter: "asyncio.Future[None]", *, is_read: bool) -> None:
        # Who was cancelled while waiting is still in the queue.
        if not waiter.done():
            self._free -= 1
            self._free_for_reads -= is_read
            waiter.set_result(None)
