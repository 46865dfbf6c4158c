"""What the page of costs shows: totals, a comparison, a chart and a table, all sums of the same rows."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.utils import formats
from django.utils.translation import gettext as _

from billing.ledger import Group, GroupBy, Narrowed, Tally, narrow, sum_up
from billing.ledger.names import Names
from billing.models import ApiKeyType, UsageLog
from billing.pages.bars import Chart, build_chart, share_of
from billing.pages.cost_filters import GROUPS, CostQuery
from billing.pages.known_agents import names_of_agents
from billing.pricing import PricingStatus
from teams.models import User

MAX_LINES = 200

_NEXT = {
    GroupBy.TEAM: GroupBy.AGENT,
    GroupBy.AGENT: GroupBy.MODEL,
    GroupBy.MODEL: GroupBy.DAY,
    GroupBy.PROVIDER: GroupBy.MODEL,
    GroupBy.USER: GroupBy.TEAM,
    GroupBy.PAYER: GroupBy.TEAM,
    GroupBy.KEY_TYPE: GroupBy.MODEL,
    GroupBy.DAY: GroupBy.TEAM,
}
"""By what the costs of one line are shown when it is opened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the table. `more` and `rows` lead on: to its parts, and to its rows of the ledger.

    Both are "" where the address cannot name it. `share` is its part of the dearest line, in a hundred.
    """

    name: str
    hint: str
    tally: Tally
    share: int
    more: str
    rows: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How the cost compares with that of the days before. `percent` is None where there was none."""

    before: Tally
    percent: int | None

    @property
    def percent_less(self) -> int:
        """How much less, in a hundred."""
        return -(self.percent or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class CostView:
    """The page. `unpriced` are the answers without a price; `left_out` lines are in `overall` only."""

    overall: Tally
    unpriced: Tally | None
    change: Change
    chart: Chart
    group_words: str
    lines: Sequence[Line]
    left_out: int


def build_cost_view(rows: QuerySet[UsageLog], query: CostQuery, *, reader: User | None) -> CostView:
    """Build it from the rows that the reader may see, in four to seven queries; None is staff who see all.

    Raises TooManyGroups, and UnknownTimeZone where PostgreSQL does not know the reader's zone.
    """
    days = query.period.days
    meant = narrow(rows, query.narrowed)
    by_day = sum_up(meant, by=[GroupBy.DAY], time_zone=days.zone)
    is_daily = query.group is GroupBy.DAY
    summary = by_day if is_daily else sum_up(meant, by=[query.group], time_zone=days.zone)
    before = sum_up(narrow(rows, query.narrowed_before), by=(), time_zone=days.zone).overall
    unpriced = None
    if by_day.overall.unpriced:
        unpriced = sum_up(
            narrow(meant, Narrowed(pricing=PricingStatus.UNPRICED.value)), by=(), time_zone=days.zone
        ).overall
    groups = sorted(summary.groups, key=_newest_first if is_daily else _dearest_first)
    return CostView(
        overall=summary.overall,
        unpriced=unpriced,
        change=_compare(summary.overall, before),
        chart=build_chart(
            {group.keys[GroupBy.DAY]: group.tally for group in by_day.groups},
            first=days.first,
            last=days.last,
        ),
        group_words=str(GROUPS[query.group]),
        lines=_lines(groups[:MAX_LINES], query, reader),
        left_out=max(0, len(groups) - MAX_LINES),
    )


def _newest_first(group: Group) -> int:
    day: dt.date = group.keys[GroupBy.DAY]
    return -day.toordinal()


def _dearest_first(group: Group) -> tuple[Decimal, int]:
    return -group.tally.cost_usd, -group.tally.tokens


def _compare(now: Tally, before: Tally) -> Change:
    percent = None
    # Costs that are known in part compare with nothing.
    if before.cost_usd and not now.unknown and not before.unknown:
        percent = round((now.cost_usd - before.cost_usd) / before.cost_usd * 100)
    return Change(before=before, percent=percent)


def _lines(groups: Sequence[Group], query: CostQuery, reader: User | None) -> list[Line]:
    key = query.group
    names = Names(groups)
    agents: Mapping[str, str] = {}
    if key is GroupBy.AGENT:
        agents = names_of_agents([group.keys[key] for group in groups], reader=reader)
    highest = max((group.tally.cost_usd for group in groups), default=Decimal(0))
    lines = []
    for group in groups:
        value = group.keys[key]
        name, hint = _name_of(key, value, names, agents)
        opened = _opened(key, value)
        lines.append(
            Line(
                name=name,
                hint=hint,
                tally=group.tally,
                share=share_of(group.tally.cost_usd, highest),
                more=query.address(opened, group=_NEXT[key]) if opened else "",
                rows=query.address(opened) if opened else "",
            )
        )
    return lines


def _opened(key: GroupBy, value: Any) -> dict[str, str]:
    """Return the parameters that narrow the page to a group; none where a team or a person is gone."""
    if key is GroupBy.DAY:
        return {"from": value.isoformat(), "to": value.isoformat()}
    if key in (GroupBy.TEAM, GroupBy.USER, GroupBy.PAYER):
        return {key.value: str(value)} if isinstance(value, uuid.UUID) else {}
    return {key.value: value}


def _name_of(key: GroupBy, value: Any, names: Names, agents: Mapping[str, str]) -> tuple[str, str]:
    """Return what a line is called, and what is said beside it."""
    if key is GroupBy.DAY:
        return formats.date_format(value, "D, j M Y"), ""
    if key is GroupBy.TEAM:
        team_id, name = names.team(value)
        return name or _("a team that is gone"), "" if team_id else _("deleted")
    if key in (GroupBy.USER, GroupBy.PAYER):
        return names.user(value)[1] or _("somebody who is gone"), ""
    if key is GroupBy.KEY_TYPE:
        return str(dict(ApiKeyType.choices).get(value, value)), ""
    if key is GroupBy.AGENT:
        known = agents.get(value)
        return (known, value) if known else (value, "")
    return (value, "") if value else (_("not told"), "")
