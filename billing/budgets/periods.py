"""Which period of a budget a moment falls into. Pure."""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From `starts_at` on, up to but not including `ends_at`, both in UTC."""

    starts_at: dt.datetime
    ends_at: dt.datetime


def period_of(span: str, *, time_zone: str, at: dt.datetime) -> Period:
    """Return the day or the month of `at`, from midnight to midnight in that time zone.

    Raises ValueError for another span and ZoneInfoNotFoundError for a zone that is none.
    """
    zone = ZoneInfo(time_zone)
    day = at.astimezone(zone).date()
    match span:
        case "day":
            first, after = day, day + dt.timedelta(days=1)
        case "month":
            first = day.replace(day=1)
            after = (first + dt.timedelta(days=32)).replace(day=1)
        case _:
            raise ValueError(f"{span} has no times")
    return Period(starts_at=_midnight(first, zone), ends_at=_midnight(after, zone))


def _midnight(day: dt.date, zone: ZoneInfo) -> dt.datetime:
    # Where the clock is put forward at midnight, the day begins at the first moment after it.
    return dt.datetime.combine(day, dt.time(), zone).astimezone(dt.UTC)
