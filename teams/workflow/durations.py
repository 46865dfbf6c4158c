"""Durations as people write them: a number of seconds, or "90s", "20m", "2h"."""

import re

from teams.workflow.plan import Json

MIN_SECONDS = 1
MAX_SECONDS = 24 * 60 * 60

_WRITTEN = re.compile(r"([0-9]{1,12})([smh])")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600}


def find_seconds(value: Json) -> float | None:
    """Return the seconds that a number or a text stands for; None where it is no duration.

    The bounds are not checked here: `MIN_SECONDS` and `MAX_SECONDS`, both allowed.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        # A list of digits beyond any float's range must not raise; it is over the maximum all the same.
        return float(value) if abs(value) < 1e15 else float("inf")
    if not isinstance(value, str):
        return None
    match = _WRITTEN.fullmatch(value)
    return float(int(match[1]) * _UNIT_SECONDS[match[2]]) if match else None
