"""What rows of the ledger add up to by day, team, agent and so on: the figures of cost reports."""

import zoneinfo
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db import DataError
from django.db.models import Case, CharField, F, QuerySet, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import TruncDate

from billing.ledger.totals import Tally, tallies_by, tally_of_rows
from billing.models import UsageLog

MAX_GROUPS = 5_000


class GroupBy(StrEnum):
    """By what rows can be added up. `user` is who started the execution, `payer` who is billed."""

    DAY = "day"
    TEAM = "team"
    AGENT = "agent"
    MODEL = "model"
    PROVIDER = "provider"
    USER = "user"
    PAYER = "payer"
    KEY_TYPE = "key_type"


class TooManyGroups(Exception):
    """More than MAX_GROUPS groups: a shorter period, or fewer keys, have fewer."""


class UnknownTimeZone(Exception):
    """PostgreSQL has no time zone of that name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The rows that have `keys` in common.

    A day is a date. A team is its id; one that is gone is the name under which the ledger knows it, as text.
    A user and a payer are ids, None where they are gone. Every other key is the ledger's text, empty if there
    is none.
    """

    keys: Mapping[GroupBy, Any]
    tally: Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The groups in the order of their keys, and what they are together."""

    groups: tuple[Group, ...]
    overall: Tally


_COLUMNS: Mapping[GroupBy, str] = {
    GroupBy.AGENT: "agent_id",
    GroupBy.MODEL: "model_name",
    GroupBy.PROVIDER: "model_provider",
    GroupBy.USER: "started_by_id",
    GroupBy.PAYER: "payer_id",
    GroupBy.KEY_TYPE: "api_key_type",
}
_GONE = "gone_team"


def sum_up(rows: QuerySet[UsageLog], *, by: Sequence[GroupBy], time_zone: zoneinfo.ZoneInfo) -> Summary:
    """Add the rows up by those keys, in one query. A day begins at midnight in `time_zone`.

    Without keys there are no groups, only what all rows are together. Raises TooManyGroups, and
    UnknownTimeZone where days are asked for and PostgreSQL does not have the zone.
    """
    if not by:
        return Summary(groups=(), overall=tally_of_rows(rows))
    expressions: dict[str, Combinable] = {}
    for key in by:
        expressions |= _expressions(key, time_zone)
    try:
        # One more than is allowed tells whether there are too many.
        found = tallies_by(rows, limit=MAX_GROUPS + 1, **expressions)
    except DataError as error:
        if GroupBy.DAY in by and "time zone" in str(error):
            raise UnknownTimeZone(time_zone.key) from None
        raise
    if len(found) > MAX_GROUPS:
        raise TooManyGroups
    overall = Tally()
    for _, tally in found:
        overall += tally
    groups = (Group(keys={key: _key_of(key, columns) for key in by}, tally=tally) for columns, tally in found)
    return Summary(groups=tuple(groups), overall=overall)


def _expressions(key: GroupBy, time_zone: zoneinfo.ZoneInfo) -> dict[str, Combinable]:
    if key is GroupBy.DAY:
        return {"by_day": TruncDate("created_at", tzinfo=time_zone)}
    if key is GroupBy.TEAM:
        # A team that was renamed stays one team. Of one that is gone only the name is left.
        gone = Case(When(team__isnull=True, then=F("team_name")), default=Value(""), output_field=CharField())
        return {"by_team": F("team_id"), _GONE: gone}
    return {f"by_{key}": F(_COLUMNS[key])}


def _key_of(key: GroupBy, columns: Mapping[str, Any]) -> Any:
    value = columns[f"by_{key}"]
    return columns[_GONE] if key is GroupBy.TEAM and value is None else value
