"""How often the runs of one driver are asked for, all of them together."""

from django.conf import settings

from executions.orchestrator.patience import jitter


def poll_interval_s(age_s: float) -> float:
    """Return how long to wait before a run of this age is asked for again: longer, the longer it runs."""
    chosen = settings.ORCHESTRATOR
    wait_s = min(max(age_s / chosen.poll_divisor, chosen.poll_min_s), chosen.poll_max_s)
    return wait_s * jitter(0.9, 1.1)


class PollPace:
    """Stretches everybody's intervals alike, so that all polls together stay within `per_s`."""

    def __init__(self, *, per_s: float) -> None:
        self._per_s = per_s
        self._wanted: dict[object, float] = {}
        self._wanted_per_s = 0.0

    def stretch(self, who: object, interval_s: float) -> float:
        """Return the interval at which `who`, who would like `interval_s`, may ask."""
        rate = 1 / interval_s
        self._wanted_per_s += rate - self._wanted.get(who, 0.0)
        self._wanted[who] = rate
        return interval_s * max(1.0, self._wanted_per_s / self._per_s)

    def leave(self, who: object) -> None:
        """Forget somebody who asks no more."""
        self._wanted_per_s -= self._wanted.pop(who, 0.0)
        if not self._wanted:
            # What sums of fractions leave over.
            self._wanted_per_s = 0.0
