"""The line of steps that wait for their start on one connection: who is next. Pure, no clock.

Fair among people: the line goes round the users who wait, one start each, beginning with whom the last start
lies back longest. Of one user's steps those whose starts failed come after all others, the more often the
later; else those of an execution under way come first, then older executions before newer ones, then the
order of the document.
"""

import uuid
from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from executions.engine.state import Reason

Key = tuple[uuid.UUID, str]
"""A start: the execution and the step."""

CALLED_FOR_S = 5.0
"""Who was called and does not come for so long lets the others pass."""
SAY_AGAIN_S = 10.0
"""A place in line that changed is worth a write no more often than this."""
IN_TURN = frozenset({"start_in_turn", "service_throttled"})
"""What steps say that wait for nothing but their turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A step that could start. `wake` has its execution ask again; `position` is the document's order."""

    key: Key
    user: Hashable
    under_way: bool
    position: int
    wake: Callable[[], None]

    @property
    def rank(self) -> tuple[bool, uuid.UUID, int]:
        """Where the step stands among its user's: less is sooner."""
        return not self.under_way, self.key[0], self.position


@dataclass(slots=True)
class _Waiter:
    wish: Wish
    called_at: float | None = None
    said: Reason | None = None
    said_at: float = 0.0


class StartLine:
    """Everybody who waits. Times are seconds of any clock that only goes forward.

    `failures` tells how many starts of a step failed in a row; it must not change while the step is in line.
    """

    def __init__(self, *, failures: Callable[[Key], int] = lambda key: 0) -> None:
        self._failures = failures
        self._waiting: dict[Key, _Waiter] = {}
        self._served: dict[Hashable, int] = {}
        self._starts = 0
        self._order: list[Key] | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, key: Key) -> bool:
        return key in self._waiting

    def list_users(self, *, at_least: int) -> list[Hashable]:
        """Return the users who have so many steps or more in line."""
        counts = Counter(waiter.wish.user for waiter in self._waiting.values())
        return [user for user, count in counts.items() if count >= at_least]

    def join(self, wish: Wish) -> None:
        """Stand in line; who stands there already comes when called and keeps its place."""
        waiter = self._waiting.get(wish.key)
        if waiter is None:
            self._waiting[wish.key] = _Waiter(wish)
            self._order = None
            return
        if waiter.wish.rank != wish.rank:
            self._order = None
        waiter.wish, waiter.called_at = wish, None

    def leave(self, key: Key) -> None:
        """Stand in line no more, whether or not one did."""
        if self._waiting.pop(key, None) is not None:
            self._order = None

    def serve(self, wish: Wish) -> None:
        """Note that the step starts: its user goes to the end of the round."""
        self.leave(wish.key)
        self._starts += 1
        self._served[wish.user] = self._starts
        self._order = None

    def keep_only(self, execution_id: uuid.UUID, step_ids: set[str]) -> None:
        """Take the execution's other steps out of the line: they wait for something else now."""
        for key in [key for key in self._waiting if key[0] == execution_id and key[1] not in step_ids]:
            self.leave(key)

    def ahead_of(self, key: Key, *, now: float) -> int:
        """Return how many come before this one; those who were called and stay away do not count."""
        ahead = 0
        for other in self._in_order():
            if other == key:
                break
            ahead += not self._stays_away(other, now)
        return ahead

    def call_up(self, free: float, *, now: float) -> None:
        """Have the first `free` of the line ask again, each once."""
        for key in self._in_order():
            if free < 1:
                return
            waiter = self._waiting.get(key)
            if waiter is None or self._stays_away(key, now):
                continue
            free -= 1
            if waiter.called_at is None:
                waiter.called_at = now
                waiter.wish.wake()

    def wake_stale(self, code: str | None) -> None:
        """Have those ask again who say something else than this code, None: that each waits for its turn.

        Nobody counts as called by it, and who was called is on the way already.
        """
        for waiter in list(self._waiting.values()):
            said = None if waiter.said is None or waiter.said.code in IN_TURN else waiter.said.code
            if waiter.called_at is None and said != code:
                waiter.wish.wake()

    def say(self, key: Key, reason: Reason, *, now: float) -> Reason:
        """Return what the step shall say: what it said last, unless that changed enough to be written."""
        waiter = self._waiting[key]
        said = waiter.said
        if said is not None and now - waiter.said_at < SAY_AGAIN_S and _but_for_place(said, reason):
            return said
        if said != reason:
            waiter.said, waiter.said_at = reason, now
        return reason

    def _stays_away(self, key: Key, now: float) -> bool:
        called_at = self._waiting[key].called_at
        return called_at is not None and now - called_at > CALLED_FOR_S

    def _in_order(self) -> list[Key]:
        if self._order is None:
            self._order = self._put_in_order()
        return self._order

    def _put_in_order(self) -> list[Key]:
        of_user: dict[Hashable, list[Wish]] = {}
        for waiter in self._waiting.values():
            of_user.setdefault(waiter.wish.user, []).append(waiter.wish)
        queues = [
            sorted(wishes, key=lambda wish: (self._failures(wish.key), *wish.rank))
            for _, wishes in sorted(of_user.items(), key=lambda item: self._served.get(item[0], 0))
        ]
        longest = max(map(len, queues), default=0)
        return [queue[turn].key for turn in range(longest) for queue in queues if turn < len(queue)]


def _but_for_place(said: Reason, reason: Reason) -> bool:
    """Whether two reasons differ at most in the place in line and in how many run."""
    moving = ("place", "running")
    return said.code == reason.code and (
        {name: value for name, value in said.params.items() if name not in moving}
        == {name: value for name, value in reason.params.items() if name not in moving}
    )
