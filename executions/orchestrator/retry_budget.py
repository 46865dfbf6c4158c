"""How often calls that failed may be repeated: a part of all calls, and a few in any case. Pure.

A service in trouble is not helped by being asked twice as often (reliability P16). A call is a repeat if the
last call with the same key failed.
"""

from collections.abc import Hashable

REPEATS_PER_CALL = 0.1
REPEATS_PER_S = 1.0
"""Whoever has nothing but repeats left must still get on."""
MOST_SAVED = 10.0
FAILED_KEPT = 10_000


class RetryBudget:
    """A bucket of tokens, one a repeat. Times are seconds of any clock that only goes forward."""

    def __init__(self) -> None:
        self._tokens = MOST_SAVED
        self._filled_at: float | None = None
        self._failed: dict[Hashable, None] = {}

    def allow(self, key: Hashable, *, now: float) -> bool:
        """Tell whether the call may be sent; a first call always may, and adds to the budget."""
        if self._filled_at is not None:
            self._add((now - self._filled_at) * REPEATS_PER_S)
        self._filled_at = now
        if key not in self._failed:
            self._add(REPEATS_PER_CALL)
            return True
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def note(self, key: Hashable, *, failed: bool) -> None:
        """Note how a call went."""
        if not failed:
            self._failed.pop(key, None)
            return
        if len(self._failed) >= FAILED_KEPT:
            del self._failed[next(iter(self._failed))]
        self._failed[key] = None

    def _add(self, tokens: float) -> None:
        self._tokens = min(self._tokens + tokens, MOST_SAVED)
