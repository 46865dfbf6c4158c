"""The period that the page of costs shows: chosen in its address, in whole days of the reader's time zone."""

import calendar
import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

PRESETS = {
    "month": gettext_lazy("This month"),
    "last-month": gettext_lazy("Last month"),
    "7": gettext_lazy("7 days"),
    "30": gettext_lazy("30 days"),
    "90": gettext_lazy("90 days"),
    "year": gettext_lazy("This year"),
}
DEFAULT = "month"
YEARS = range(2000, 2101)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class BadPeriod(Exception):
    """The address names no period. The message says so to the reader; `field` is the parameter."""

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """Days one after the other, both ends included, in a time zone."""

    first: dt.date
    last: dt.date
    zone: ZoneInfo

    @property
    def since(self) -> dt.datetime:
        """When they begin. A midnight that the clocks leave out is the moment that they go on."""
        return dt.datetime.combine(self.first, dt.time(), tzinfo=self.zone)

    @property
    def until(self) -> dt.datetime:
        """When they are over."""
        return dt.datetime.combine(self.last + dt.timedelta(days=1), dt.time(), tzinfo=self.zone)

    @property
    def count(self) -> int:
        """How many days they are."""
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The days that are shown, and those that they are compared with. `preset` is "" for one's own days."""

    preset: str
    days: Days
    before: Days

    @property
    def query(self) -> dict[str, str]:
        """The parameters of the address that choose it."""
        if self.preset:
            return {} if self.preset == DEFAULT else {"period": self.preset}
        return {"from": self.days.first.isoformat(), "to": self.days.last.isoformat()}


def read_period(asked: Mapping[str, str], *, today: dt.date, zone: ZoneInfo) -> Period:
    """Return the period that the parameters `period`, or `from` and `to`, name. Raises BadPeriod."""
    if asked.get("from") or asked.get("to"):
        first = _read_date(asked, "from") or today
        last = _read_date(asked, "to") or max(first, today)
        if last < first:
            raise BadPeriod(_("The last day is before the first."), field="to")
        return _with_days_before("", first, last, zone)
    preset = asked.get("period") or DEFAULT
    if preset not in PRESETS:
        raise BadPeriod(_("There is no such period. Choose one of those above."), field="period")
    return preset_period(preset, today=today, zone=zone)


def preset_period(preset: str, *, today: dt.date, zone: ZoneInfo) -> Period:
    """Return one of PRESETS. A month or a year that goes on is compared with the same days before it."""
    if preset == "month":
        first = today.replace(day=1)
        return Period(
            preset=preset,
            days=Days(first=first, last=today, zone=zone),
            before=Days(
                first=_month_before(first), last=_same_day_of(_month_before(first), today), zone=zone
            ),
        )
    if preset == "last-month":
        end = today.replace(day=1) - dt.timedelta(days=1)
        first = end.replace(day=1)
        before = Days(first=_month_before(first), last=first - dt.timedelta(days=1), zone=zone)
        return Period(preset=preset, days=Days(first=first, last=end, zone=zone), before=before)
    if preset == "year":
        first = today.replace(month=1, day=1)
        year_before = first.replace(year=first.year - 1)
        return Period(
            preset=preset,
            days=Days(first=first, last=today, zone=zone),
            before=Days(
                first=year_before,
                last=_same_day_of(today.replace(day=1, year=today.year - 1), today),
                zone=zone,
            ),
        )
    return _with_days_before(preset, today - dt.timedelta(days=int(preset) - 1), today, zone)


def _with_days_before(preset: str, first: dt.date, last: dt.date, zone: ZoneInfo) -> Period:
    end = first - dt.timedelta(days=1)
    before = Days(first=end - (last - first), last=end, zone=zone)
    return Period(preset=preset, days=Days(first=first, last=last, zone=zone), before=before)


def _month_before(first: dt.date) -> dt.date:
    return (first - dt.timedelta(days=1)).replace(day=1)


def _same_day_of(month: dt.date, day: dt.date) -> dt.date:
    last = calendar.monthrange(month.year, month.month)[1]
    return month.replace(day=min(day.day, last))


def _read_date(asked: Mapping[str, str], name: str) -> dt.date | None:
    text = asked.get(name, "")
    if not text:
        return None
    try:
        day = dt.date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None or day.year not in YEARS:
        raise BadPeriod(_("That is not a day. Write it as 2026-11-22."), field=name)
    return day
