"""Whose turn it is: how many calls one connection has under way, and which of the waiting ones is next.

The more urgent goes first (see `Urgency`), and among equals who came first. Three rules temper that:

- Questions take three quarters of the turns and no more, so that a start and a stop find room even while a
  service that hangs holds every question.
- What only looks or begins something new takes three quarters and no more, so that what is under way can
  always be finished.
- Every eighth turn goes to whoever has waited longest, so that nobody waits for ever.

No I/O and no clock here.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from itertools import count

from executions.agent_service import Urgency

FAIR_EVERY = 8


@dataclass(frozen=True, slots=True, eq=False)
class _Waiter:
    number: int
    future: "asyncio.Future[None]"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """What counts of a call: its urgency, and whether it only asks."""

    urgency: Urgency
    is_read: bool

    @property
    def is_low(self) -> bool:
        return self.urgency >= Urgency.POLL


class Turns:
    """`limit` turns. Each that was waited for is given back once, as what it was waited for."""

    def __init__(self, *, limit: int) -> None:
        self._free = limit
        self._free_for_reads = self._free_for_low = limit - limit // 4
        kinds = (_Kind(urgency=urgency, is_read=is_read) for urgency in Urgency for is_read in (False, True))
        # In the order in which they are served.
        self._queues: dict[_Kind, deque[_Waiter]] = {kind: deque() for kind in kinds}
        self._numbers = count()
        self._handed_out = 0

    async def wait(self, *, urgency: Urgency, is_read: bool) -> None:
        """Return when it is the caller's turn. Cancelled, it has none and owes none."""
        waiter = _Waiter(next(self._numbers), asyncio.get_running_loop().create_future())
        self._queues[_Kind(urgency=urgency, is_read=is_read)].append(waiter)
        self._hand_out()
        try:
            await waiter.future
        except asyncio.CancelledError:
            # Cancelled after it was handed a turn and before it could run on.
            if not waiter.future.cancelled():
                self.give_back(urgency=urgency, is_read=is_read)
            raise

    def give_back(self, *, urgency: Urgency, is_read: bool) -> None:
        """End a turn; whoever is next has it from now on."""
        self._count(_Kind(urgency=urgency, is_read=is_read), 1)
        self._hand_out()

    def _hand_out(self) -> None:
        while self._free and (kind := self._next()) is not None:
            waiter = self._queues[kind].popleft()
            self._count(kind, -1)
            self._handed_out += 1
            waiter.future.set_result(None)

    def _next(self) -> _Kind | None:
        """Return the kind whose first in line is next; None where nobody may go."""
        ready = [kind for kind, queue in self._queues.items() if self._has_room(kind) and _first(queue)]
        if not ready:
            return None
        if self._handed_out % FAIR_EVERY == FAIR_EVERY - 1:
            return min(ready, key=self._number)
        urgent = [kind for kind in ready if kind.urgency == ready[0].urgency]
        return min(urgent, key=self._number)

    def _number(self, kind: _Kind) -> int:
        return self._queues[kind][0].number

    def _has_room(self, kind: _Kind) -> bool:
        return (not kind.is_read or self._free_for_reads > 0) and (not kind.is_low or self._free_for_low > 0)

    def _count(self, kind: _Kind, turns: int) -> None:
        self._free += turns
        self._free_for_reads += turns * kind.is_read
        self._free_for_low += turns * kind.is_low


def _first(queue: deque[_Waiter]) -> bool:
    """Tell whether somebody waits there; who was cancelled while waiting is dropped."""
    while queue and queue[0].future.done():
        queue.popleft()
    return bool(queue)
