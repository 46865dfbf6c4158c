"""What a page of costs is asked for by its address; whatever of it cannot be is left out and told."""

import datetime as dt
import zoneinfo
from collections.abc import Mapping

from django.utils import timezone

from billing.pages.cost_filters import DEFAULT_GROUP, BadFilter, CostQuery, read_group, read_narrowing
from billing.pages.cost_period import DEFAULT, BadPeriod, preset_period, read_period


def read_query(asked: Mapping[str, str]) -> tuple[CostQuery, str]:
    """Return what is asked for, and what is wrong with it in words; what is wrong is left out."""
    zone = timezone.get_current_timezone()
    problems = []
    try:
        period = read_period(asked, today=timezone.localdate(), zone=zone)
    except BadPeriod as bad:
        problems.append(str(bad))
        period = preset_period(DEFAULT, today=timezone.localdate(), zone=zone)
    try:
        group = read_group(asked)
    except BadFilter as bad:
        problems.append(str(bad))
        group = DEFAULT_GROUP
    try:
        narrowing = read_narrowing(asked)
    except BadFilter as bad:
        problems.append(str(bad))
        narrowing = {}
    return CostQuery(period=period, group=group, narrowing=narrowing), problems[0] if problems else ""


def in_utc(query: CostQuery) -> CostQuery:
    """Return the same in UTC: for a time zone that PostgreSQL does not know."""
    with timezone.override(dt.UTC):
        period = read_period(query.period.query, today=timezone.localdate(), zone=zoneinfo.ZoneInfo("UTC"))
    return CostQuery(period=period, group=query.group, narrowing=query.narrowing)


def of_this_month(query: CostQuery) -> CostQuery:
    """Return the widest look at all that never has too many lines: this month, by the usual group."""
    zone = query.period.days.zone
    period = preset_period(DEFAULT, today=timezone.localdate(), zone=zone)
    return CostQuery(period=period, group=DEFAULT_GROUP, narrowing={})
