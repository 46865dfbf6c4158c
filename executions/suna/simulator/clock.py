"""The simulator's only clock. It never goes back, whatever happens to the host's."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], float]
"""Returns seconds since 1970."""

_OFFSET = time.time() - time.monotonic()


def wall_clock() -> float:
    """Return seconds since 1970 by the monotonic clock, set once when the process started."""
    return _OFFSET + time.monotonic()


def iso(at: float) -> str:
    """Return `at` as Suna writes times: ISO 8601 with microseconds and +00:00."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds")
