"""What the list of executions is narrowed to: read from the address, and written back into its links."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.utils import timezone

from executions.actions.search_executions import holding
from executions.engine.state import EXECUTION_TERMINAL, ExecutionStatus
from executions.models import Execution
from teams.models import User

MAX_WORDS_CHARS = 200
UNDER_WAY = "under_way"
"""Stands for every status that is not terminal."""
_NOT_OVER = tuple(status for status in ExecutionStatus if status not in EXECUTION_TERMINAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFilters:
    """The filters of one list; "" and None narrow nothing. Days are days of the reader's time zone."""

    status: str = ""
    team: uuid.UUID | None = None
    started_by: uuid.UUID | None = None
    since: dt.date | None = None
    until: dt.date | None = None
    label: str = ""
    words: str = ""

    @property
    def query(self) -> str:
        """The filters as the query of an address, without a question mark."""
        values = {
            "status": self.status,
            "team": self.team,
            "started_by": self.started_by,
            "since": self.since,
            "until": self.until,
            "label": self.label,
            "q": self.words,
        }
        return urlencode({key: str(value) for key, value in values.items() if value})

    @property
    def is_narrowed(self) -> bool:
        """Whether anything is left out."""
        return bool(self.query)

    def narrow(self, rows: QuerySet[Execution], *, user: User) -> QuerySet[Execution]:
        """Return the rows that the filters let through; words are also those of the user's teams' names."""
        if self.status == UNDER_WAY:
            # Written as the index has it, which is not used for what is not terminal.
            rows = rows.filter(status__in=_NOT_OVER)
        elif self.status:
            rows = rows.filter(status=self.status)
        if self.team:
            rows = rows.filter(team_id=self.team)
        if self.started_by:
            rows = rows.filter(started_by_id=self.started_by)
        if self.label:
            rows = rows.filter(labels__contains=[self.label])
        if self.since:
            rows = rows.filter(created_at__gte=_start_of(self.since))
        if self.until:
            rows = rows.filter(created_at__lt=_start_of(self.until + dt.timedelta(days=1)))
        if self.words:
            rows = rows.filter(holding(self.words, user))
        return rows


class UnreadableFilter(Exception):
    """A filter of the address names nothing that could be there."""


def read_filters(query: Mapping[str, str]) -> ListFilters:
    """Read the filters of an address. Raises UnreadableFilter."""
    status = query.get("status", "")
    if status and status != UNDER_WAY and status not in set(ExecutionStatus):
        raise UnreadableFilter
    words, label = _words(query.get("q", "")), _words(query.get("label", ""))
    try:
        (words + label).encode()
    except UnicodeEncodeError:
        raise UnreadableFilter from None
    return ListFilters(
        status=status,
        team=read_id(query.get("team", "")),
        started_by=read_id(query.get("started_by", "")),
        since=_read_day(query.get("since", "")),
        until=_read_day(query.get("until", "")),
        label=label,
        words=words,
    )


def read_id(text: str) -> uuid.UUID | None:
    """Return the id that the text is, None for "". Raises UnreadableFilter."""
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        raise UnreadableFilter from None


def _words(text: str) -> str:
    return " ".join(text.replace("\x00", " ").split())[:MAX_WORDS_CHARS]


def _read_day(text: str) -> dt.date | None:
    try:
        day = dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise UnreadableFilter from None
    # At the ends of the calendar there is no day before, or after, in another time zone.
    if day is not None and not 2 <= day.year <= 9998:
        raise UnreadableFilter
    return day


def _start_of(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time()))
