"""What a service's clock says, from the `Date` of its answers.

It is the one clock by which it judges credentials; our host's may be wrong.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidTime:
    """What the service's clock said (its Date header, whole seconds), and when that was heard (monotonic)."""

    at: dt.datetime
    heard_at: float

    def advanced_to(self, now: float) -> dt.datetime:
        """Return what that clock says at a later monotonic time."""
        return self.at + dt.timedelta(seconds=max(0.0, now - self.heard_at))


def read_said_time(headers: Mapping[str, str], *, heard_at: float) -> SaidTime | None:
    """Return the time of an answer's Date header; None where it has none that can be read."""
    try:
        said = parsedate_to_datetime(headers["date"])
    except (KeyError, ValueError):
        return None
    return SaidTime(at=said if said.tzinfo else said.replace(tzinfo=dt.UTC), heard_at=heard_at)
