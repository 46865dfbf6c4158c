"""How long to wait before asking again: exponential with jitter, never shorter than the service asked for."""

import random

FIRST_S = 0.25
LONGEST_S = 30.0
GROWTH = 2.0


class Patience:
    """One series of waits, each about twice the one before, from `first_s` up to `longest_s`."""

    def __init__(self, *, longest_s: float = LONGEST_S, first_s: float = FIRST_S) -> None:
        self._longest_s = longest_s
        self._next_s = first_s

    def next(self, *, at_least_s: float | None = None) -> float:
        """Return the seconds to wait now. With `at_least_s`, up to half as much is added to it instead."""
        if at_least_s is not None:
            return at_least_s * jitter(1.0, 1.5)
        wait_s = self._next_s
        self._next_s = min(self._next_s * GROWTH, self._longest_s)
        return wait_s * jitter(0.5, 1.0)


def jitter(low: float, high: float) -> float:
    """Return a factor between the two, so that what failed together does not come back together."""
    return random.uniform(low, high)  # noqa: S311  no secret hangs on it
