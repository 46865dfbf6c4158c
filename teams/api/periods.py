"""Periods in a query: `from` and `to`, and the time zone in which a day begins."""

import datetime as dt
import re
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.utils.dateparse import parse_date, parse_datetime
from rest_framework.request import Request

from teams.api.authentication import person
from teams.api.declared import Parameter
from teams.api.query import refuse_value

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
YEARS = range(2000, 2101)
"""Others are slips; and what is near year 1 or 9999 cannot be told in every zone."""

_MOMENT = {"type": "string", "examples": ["2026-11-22", "2026-11-22T12:00:00Z"]}
PERIOD = (
    Parameter("from", _MOMENT, "Only since then: a date in the time zone, or a time with its offset."),
    Parameter("to", _MOMENT, "Only before then."),
    Parameter(
        "time_zone",
        {"type": "string", "examples": ["America/Sao_Paulo"]},
        "In which a day begins; your own where none is named.",
    ),
)


def read_time_zone(request: Request) -> ZoneInfo:
    """Return the zone that `time_zone` names, else the person's own, else UTC. Raises ApiError 400."""
    name = request.query_params.get("time_zone")
    if name is None:
        own = person(request).time_zone
        return ZoneInfo(own if own in _zones() else "UTC")
    if name not in _zones():
        refuse_value("time_zone", "time_zone is the name of a time zone, such as America/Sao_Paulo.")
    return ZoneInfo(name)


def read_period(request: Request, zone: ZoneInfo) -> tuple[dt.datetime | None, dt.datetime | None]:
    """Return `from` and `to`, None where not given. A date stands for its beginning in the zone.

    Raises ApiError 400 for what is neither a date nor a time with its offset, and for an end not after the
    beginning.
    """
    since, until = _read_moment(request, "from", zone), _read_moment(request, "to", zone)
    if since is not None and until is not None and until <= since:
        refuse_value("to", "to is later than from: the period ends just before it.")
    return since, until


def _read_moment(request: Request, name: str, zone: ZoneInfo) -> dt.datetime | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    moment: dt.datetime | None = None
    try:
        if _DATE.fullmatch(text):
            day = parse_date(text)
            moment = None if day is None else dt.datetime.combine(day, dt.time(), tzinfo=zone)
        elif text.isascii():
            moment = parse_datetime(text)
    except ValueError:
        # It looks like one, but there is no such day or hour.
        moment = None
    if moment is None or moment.tzinfo is None or moment.year not in YEARS:
        refuse_value(
            name, f"{name} is a date, or a time with its offset from UTC such as 2026-11-22T12:00:00Z."
        )
    return moment


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
