"""Bars of a chart, in whole numbers: where each stands and how high it is. No words, no queries."""

import bisect
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from billing.ledger import Tally

HEIGHT = 1000
STEP = 100
GAP = 20
MAX_DAYS = 100
"""More days than this are shown by the month: thinner bars could not be told apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """The days from `first` to `last`, and what they cost. Its box lies in a picture HEIGHT high.

    `has_unknown` where some cost is not known: its bar is the least of what it is.
    """

    first: dt.date
    last: dt.date
    tally: Tally
    x: int
    y: int
    width: int
    height: int
    has_unknown: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Bars in the order of time; `width` is that of the whole picture, `highest` what its top stands for."""

    bars: tuple[Bar, ...]
    width: int
    highest: Decimal
    is_by_month: bool


def build_chart(tallies: Mapping[dt.date, Tally], *, first: dt.date, last: dt.date) -> Chart:
    """Build a bar for each day from `first` to `last`, or for each month of many; days without rows are 0."""
    is_by_month = (last - first).days + 1 > MAX_DAYS
    spans = _months(first, last) if is_by_month else _days(first, last)
    begins = [begin for begin, _ in spans]
    sums = [Tally()] * len(spans)
    for day, tally in tallies.items():
        if first <= day <= last:
            place = bisect.bisect_right(begins, day) - 1
            sums[place] += tally
    highest = max(tally.cost_usd for tally in sums)
    bars = tuple(
        _bar(number, begin, end, tally, highest)
        for number, ((begin, end), tally) in enumerate(zip(spans, sums, strict=True))
    )
    return Chart(bars=bars, width=len(bars) * STEP, highest=highest, is_by_month=is_by_month)


def share_of(amount: Decimal, highest: Decimal, *, of: int = 100) -> int:
    """Return how much of `of` the amount is beside the highest; 1 at least where it is anything."""
    if not amount or not highest:
        return 0
    return max(1, round(amount / highest * of))


def _bar(number: int, begin: dt.date, end: dt.date, tally: Tally, highest: Decimal) -> Bar:
    height = share_of(tally.cost_usd, highest, of=HEIGHT)
    return Bar(
        first=begin,
        last=end,
        tally=tally,
        x=number * STEP + GAP // 2,
        y=HEIGHT - height,
        width=STEP - GAP,
        height=height,
        has_unknown=tally.unknown > 0,
    )


def _days(first: dt.date, last: dt.date) -> Sequence[tuple[dt.date, dt.date]]:
    days = [first + dt.timedelta(days=offset) for offset in range((last - first).days + 1)]
    return [(day, day) for day in days]


def _months(first: dt.date, last: dt.date) -> Sequence[tuple[dt.date, dt.date]]:
    spans, begin = [], first
    while begin <= last:
        after = (begin.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
        spans.append((begin, min(last, after - dt.timedelta(days=1))))
        begin = after
    return spans
