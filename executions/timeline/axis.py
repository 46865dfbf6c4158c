"""Where an axis of time has its ticks: at round times of the reader's clock."""

import datetime as dt
from dataclasses import dataclass

_S, _MIN, _H, _DAY = 1, 60, 3600, 86_400
_STEPS_S = (
    *(n * _S for n in (1, 2, 5, 10, 15, 30)),
    *(n * _MIN for n in (1, 2, 5, 10, 15, 30)),
    *(n * _H for n in (1, 2, 3, 6, 12)),
    *(n * _DAY for n in (1, 2, 7, 14, 30, 90, 365)),
)
MAX_TICKS = 5
"""More of them run into each other on a phone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """One tick. `unit` says what its label has to tell: "second", "minute" or "day"."""

    at: dt.datetime
    unit: str


def build_ticks(begin: dt.datetime, end: dt.datetime, *, zone: dt.tzinfo) -> tuple[Tick, ...]:
    """Return at most MAX_TICKS ticks between two moments, in the reader's zone; none where no time passed."""
    span_s = (end - begin).total_seconds()
    if span_s <= 0:
        return ()
    step_s = next((step for step in _STEPS_S if span_s / step < MAX_TICKS), _STEPS_S[-1])
    unit = "second" if step_s < _MIN else "minute" if step_s < _DAY else "day"
    local = begin.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    since_midnight_s = (begin - midnight).total_seconds()
    at = begin + dt.timedelta(seconds=-since_midnight_s % step_s)
    ticks: list[Tick] = []
    while at <= end and len(ticks) < MAX_TICKS:
        ticks.append(Tick(at=at.astimezone(zone), unit=unit))
        at += dt.timedelta(seconds=step_s)
    return tuple(ticks)
