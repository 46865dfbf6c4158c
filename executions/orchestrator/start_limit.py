"""How many runs a connection takes at once, as far as it is known. Pure: `now` is passed, in seconds.

Learned from refusals: what Suna tells of its limit counts; where it tells nothing, half of what was in
flight (AIMD: down by half, up little by little). Where nothing is known yet, and after a refusal, only a few
starts may be unanswered at once, one more after each that Suna takes: finding a limit costs few refused
requests.
"""

from collections.abc import Callable
from dataclasses import dataclass

LONGEST_WAIT_S = 600.0
"""A Retry-After above this is cut (reliability §2)."""
FIRST_WAIT_S = 0.5
FIRST_WINDOW = 2
OPEN_WINDOW = 64
"""Who had so many starts taken without a refusal need not be careful any more."""
TOLD_GROWTH_FACTOR = 6
"""What Suna told is tried to be exceeded less often: each try costs one refused start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What Suna said with a refused start. `granted_at` is when the start was let through."""

    limit: int | None
    retry_after_s: float | None
    granted_at: float


class StartLimit:
    """The limit of one connection. `cap` is None while none is known; `told` whether Suna itself said it.

    No start goes before `until`. `jitter(low, high)` gives a factor between the two.
    """

    def __init__(self, *, growth_s: float, jitter: Callable[[float, float], float]) -> None:
        self.cap: int | None = None
        self.told = False
        self.until = 0.0
        self._growth_s = growth_s
        self._jitter = jitter
        self._full_since: float | None = None
        self._refused_at = float("-inf")
        self._wait_s = FIRST_WAIT_S
        # How many starts may be unanswered at once; None for any number.
        self._window: int | None = FIRST_WINDOW

    @property
    def is_feeling_its_way(self) -> bool:
        """Whether it is only not known yet how many runs the connection takes."""
        return self.cap is None and self._window is not None

    def learn(self, cap: int, *, told: bool) -> None:
        """Take a cap from elsewhere: a row, another driver."""
        self.cap, self.told = max(1, cap), told
        self._full_since = None
        self._window = None

    def hold_until(self, until: float, *, now: float) -> None:
        """Let no start go before this time, which is cut as any wait is."""
        self.until = max(self.until, min(until, now + LONGEST_WAIT_S))

    def refused(self, refusal: Refusal, *, in_flight: int, now: float) -> None:
        """Take in a refused start; `in_flight` are the runs on the connection without the refused one."""
        # Starts that left before we knew are one lesson, however many they were.
        is_news = refusal.granted_at > self._refused_at
        if refusal.limit is not None:
            self.learn(refusal.limit, told=True)
        elif is_news:
            self.learn(in_flight // 2, told=False)
        if refusal.retry_after_s is not None:
            wait_s = min(refusal.retry_after_s * self._jitter(1.0, 2.0), LONGEST_WAIT_S)
            self.until = max(self.until, now + wait_s)
        elif is_news:
            self.until = max(self.until, now + self._wait_s * self._jitter(1.0, 1.5))
            self._wait_s = min(self._wait_s * 2, self._growth_s)
        self._window = 1
        self._refused_at = now

    def started(self) -> None:
        """Take in that Suna took a start."""
        self._wait_s = FIRST_WAIT_S
        if self._window is not None:
            self._window += 1
            if self._window > (OPEN_WINDOW if self.cap is None else self.cap):
                self._window = None

    def grow(self, *, is_wanted: bool, in_flight: int, now: float) -> bool:
        """Raise the cap a little if starts have waited for it long enough; return whether it was raised."""
        if self.cap is None or not is_wanted or in_flight < self.cap or now < self.until:
            self._full_since = None
            return False
        if self._full_since is None:
            self._full_since = now
            return False
        if now - self._full_since < self._growth_s * (TOLD_GROWTH_FACTOR if self.told else 1):
            return False
        # A twentieth, so that a large limit that was halved by mistake comes back in minutes.
        self.cap += 1 if self.told else max(1, self.cap // 20)
        self._full_since = now
        return True

    def free(self, *, own: int, others: int, share: int | None, unanswered: int, now: float) -> float:
        """Return how many starts may go now; infinity where nothing limits them.

        `own` and `others` are the runs in flight of this and of other drivers, `share` what of the cap this
        driver may use, `unanswered` how many of its starts Suna has not answered yet.
        """
        if now < self.until:
            return 0
        free = float("inf")
        if self.cap is not None:
            free = self.cap - own - others
            if share is not None:
                free = min(free, share - own)
        if self._window is not None:
            free = min(free, self._window - unanswered)
        return max(0, free)
