"""Putting the chunks of a stream in order: Suna may store them in another than they were made in.

Seen in b2 and c0: sequence 2 before 0 (suna-contract §9.22). No I/O.
"""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")

MAX_HELD = 64
"""So many chunks wait for one that is missing; then it is given up."""


@dataclass(slots=True)
class Ordered(Generic[T]):
    """What may be shown now, in order, and how many chunks before it never came."""

    items: list[T] = field(default_factory=list)
    lost: int = 0


class ChunkOrder(Generic[T]):
    """Holds a chunk back until those before it are there.

    Chunks are numbered from 0 within a round of the agent (`group`), and Suna may number on over several
    messages of one round, or begin anew: after `restart` both are taken for the beginning.
    """

    def __init__(self) -> None:
        self._group: str | None = None
        self._next: int | None = None
        self._first = frozenset({0})
        self._held: dict[int, T] = {}

    def put(self, group: str | None, sequence: int, item: T) -> Ordered[T]:
        """Take in a chunk; return what it makes showable. One that was there already is ignored."""
        ordered: Ordered[T] = Ordered()
        if group != self._group:
            ordered = self.flush()
            self._group, self._next, self._first = group, None, frozenset({0})
        if self._next is not None and sequence < self._next:
            return ordered
        self._held[sequence] = item
        if self._next is None and sequence in self._first:
            self._next = sequence
        if len(self._held) > MAX_HELD:
            first = min(self._held)
            ordered.lost += first - (self._next or 0) if first > (self._next or 0) else 0
            self._next = first
        self._drain(ordered)
        return ordered

    def flush(self) -> Ordered[T]:
        """Return what is still held back: nothing more comes before it."""
        ordered: Ordered[T] = Ordered()
        while self._held:
            first = min(self._held)
            ordered.lost += max(first - (self._next or 0), 0)
            self._next = first
            self._drain(ordered)
        return ordered

    def restart(self) -> None:
        """Take in that a message is finished: the next begins at 0, or goes on counting."""
        self._first = frozenset({0, self._next or 0})
        self._next = None

    def _drain(self, ordered: Ordered[T]) -> None:
        while self._next is not None and self._next in self._held:
            ordered.items.append(self._held.pop(self._next))
            self._next += 1
