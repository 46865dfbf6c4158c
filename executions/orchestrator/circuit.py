"""A circuit breaker for one connection: a service that is down is asked once in a while, not by everyone.

Pure: `now` is passed, in seconds of any clock that only goes forward.
"""

from collections.abc import Callable

OPENS_AFTER = 5
FIRST_INTERVAL_S = 1.0
LONGEST_INTERVAL_S = 15.0


class Circuit:
    """Closed: every call goes. Open, after OPENS_AFTER failures in a row: one call an interval, as a probe.

    The interval doubles with each probe that fails; the first success closes the circuit. `jitter(low, high)`
    gives a factor between the two.
    """

    def __init__(self, *, jitter: Callable[[float, float], float]) -> None:
        self._jitter = jitter
        self._failures = 0
        self._interval_s = FIRST_INTERVAL_S
        self._probe_at: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether calls are held back."""
        return self._probe_at is not None

    def may_probe(self, *, now: float) -> bool:
        """Whether a call would go now, as a probe or because the circuit is closed."""
        return self._probe_at is None or now >= self._probe_at

    def allow(self, *, now: float) -> bool:
        """Tell whether the call may be sent; one that is let through an open circuit is its probe."""
        if not self.may_probe(now=now):
            return False
        if self._probe_at is not None:
            # Counted from now, not from its answer: a probe may hang.
            self._put_off(now)
        return True

    def failed(self, *, now: float) -> None:
        """Note that the service could not be asked, or could not answer."""
        self._failures += 1
        if self._failures == OPENS_AFTER:
            self._interval_s = FIRST_INTERVAL_S
            self._put_off(now)

    def succeeded(self) -> bool:
        """Note an answer of whatever kind; return whether that closed the circuit."""
        was_open = self.is_open
        self._failures, self._probe_at = 0, None
        return was_open

    def _put_off(self, now: float) -> None:
        self._probe_at = now + self._interval_s * self._jitter(0.8, 1.2)
        self._interval_s = min(self._interval_s * 2, LONGEST_INTERVAL_S)
