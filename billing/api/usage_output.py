"""What clients get of the ledger: rows, and what rows add up to; as JSON and as the columns of a CSV.

Of what a model was asked and what it answered nothing leaves here: who pays for a team may be no member.
"""

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rest_framework import serializers

from billing.api.figures import LEDGER_FIGURES, USAGE, figures_of
from billing.ledger import Group, GroupBy, Summary, Tally
from billing.ledger.names import Names
from billing.models import ApiKeyType, UsageLog
from teams.api.csv_text import Cell
from teams.api.null_text import TextOrNull
from teams.api.team_output import PersonOutput

Schema = dict[str, Any]


class TeamThenOutput(serializers.Serializer[Any]):
    """A team as the ledger knows it: `id` is null where it is gone, `name` is its name at the time."""

    id = serializers.UUIDField(source="team_id", allow_null=True)
    name = TextOrNull(source="team_name")


class LedgerRowOutput(serializers.ModelSerializer[UsageLog]):
    """One answer of a model. `cost_usd` is null where no price is known; people who are gone are null."""

    team = TeamThenOutput(source="*")
    payer = PersonOutput(allow_null=True)
    started_by = PersonOutput(allow_null=True)
    model_provider = TextOrNull()
    model_name = TextOrNull()
    price_source = TextOrNull()

    class Meta:
        model = UsageLog
        fields = [
            "id",
            "created_at",
            "team",
            "payer",
            "started_by",
            "execution_id",
            "step_id",
            "attempt",
            "agent_id",
            "agent_run_id",
            *LEDGER_FIGURES,
        ]


def _moment(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def _id(value: Any) -> str | None:
    return None if value is None else str(value)


ROW_COLUMNS: Mapping[str, Callable[[UsageLog], Cell]] = {
    "id": lambda row: str(row.id),
    "created_at": lambda row: _moment(row.created_at),
    "team_id": lambda row: _id(row.team_id),
    "team": lambda row: row.team_name,
    "payer_id": lambda row: _id(row.payer_id),
    "payer": lambda row: row.payer.username if row.payer else None,
    "started_by_id": lambda row: _id(row.started_by_id),
    "started_by": lambda row: row.started_by.username if row.started_by else None,
    "execution_id": lambda row: str(row.execution_id),
    "step_id": lambda row: row.step_id,
    "attempt": lambda row: row.attempt,
    "agent_id": lambda row: row.agent_id,
    "agent_run_id": lambda row: str(row.agent_run_id),
    "source_id": lambda row: row.source_id,
    "model_provider": lambda row: row.model_provider,
    "model_name": lambda row: row.model_name,
    "api_key_type": lambda row: row.api_key_type,
    "tokens_input": lambda row: row.tokens_input,
    "tokens_output": lambda row: row.tokens_output,
    "tokens_cached": lambda row: row.tokens_cached,
    "tokens_reasoning": lambda row: row.tokens_reasoning,
    "reported": lambda row: row.reported,
    "cost_usd": lambda row: row.cost_usd,
    "pricing": lambda row: row.pricing,
    "price_source": lambda row: row.price_source,
    "unit_prices": lambda row: json.dumps(row.unit_prices, sort_keys=True) if row.unit_prices else None,
}
"""The columns of a row's CSV, each with its value."""


_COUNT = {"type": "integer", "minimum": 0}
_FIGURES: Schema = {
    "usage": {"type": "object", "required": list(USAGE), "properties": dict.fromkeys(USAGE, _COUNT)},
    "cost": {
        "type": "object",
        "required": ["cost_usd", "unpriced"],
        "properties": {"cost_usd": {"type": "string", "pattern": "^[0-9]+([.][0-9]+)?$"}, "unpriced": _COUNT},
    },
}
_SUMS: Schema = {"type": "object", "required": ["usage", "cost"], "properties": _FIGURES}
_TEXT_OR_NULL = {"type": ["string", "null"]}
_ID_OR_NULL = {"type": ["string", "null"], "format": "uuid"}
_MOMENT_OR_NULL = {"type": ["string", "null"], "format": "date-time"}


def _person(description: str) -> Schema:
    return {
        "type": ["object", "null"],
        "description": description,
        "required": ["id", "username"],
        "properties": {"id": {"type": "string", "format": "uuid"}, "username": _TEXT_OR_NULL},
    }


_KEYS: Schema = {
    GroupBy.DAY.value: {"type": "string", "format": "date"},
    GroupBy.TEAM.value: {
        "type": "object",
        "description": "One that is gone has a name alone.",
        "required": ["id", "name"],
        "properties": {"id": _ID_OR_NULL, "name": _TEXT_OR_NULL},
    },
    GroupBy.AGENT.value: _TEXT_OR_NULL,
    GroupBy.MODEL.value: _TEXT_OR_NULL,
    GroupBy.PROVIDER.value: _TEXT_OR_NULL,
    GroupBy.USER.value: _person("Who started the execution."),
    GroupBy.PAYER.value: _person("Who is billed."),
    GroupBy.KEY_TYPE.value: {"enum": list(ApiKeyType.values)},
}
SUMMARY: Schema = {
    "type": "object",
    "description": (
        "`total` is all of `results`, and `in_vain` what of it went to attempts that failed, were stopped or "
        "given up; of the keys those are there that `group_by` names."
    ),
    "required": ["group_by", "time_zone", "from", "to", "total", "in_vain", "results"],
    "properties": {
        "group_by": {"type": "array", "items": {"enum": list(_KEYS)}},
        "time_zone": {"type": "string"},
        "from": _MOMENT_OR_NULL,
        "to": _MOMENT_OR_NULL,
        "total": _SUMS,
        "in_vain": _SUMS,
        "results": {
            "type": "array",
            "items": {"type": "object", "required": ["usage", "cost"], "properties": {**_KEYS, **_FIGURES}},
        },
    },
}
"""What a summary looks like. A serializer cannot say it: which keys there are hangs on the question."""


_PEOPLE = (GroupBy.USER, GroupBy.PAYER)


def written_summary(
    summary: Summary,
    *,
    in_vain: Tally,
    by: Sequence[GroupBy],
    time_zone: str,
    since: dt.datetime | None,
    until: dt.datetime | None,
) -> dict[str, Any]:
    """Return a summary as JSON values, beside what was asked for and what of it was spent in vain."""
    return {
        "group_by": [key.value for key in by],
        "time_zone": time_zone,
        "from": None if since is None else _moment(since),
        "to": None if until is None else _moment(until),
        "total": figures_of(summary.overall),
        "in_vain": figures_of(in_vain),
        "results": _written_groups(summary),
    }


def _written_groups(summary: Summary) -> list[dict[str, Any]]:
    names = Names(summary.groups)
    return [
        {
            **{key.value: _written(key, value, names) for key, value in group.keys.items()},
            **figures_of(group.tally),
        }
        for group in summary.groups
    ]


def _written(key: GroupBy, value: Any, names: Names) -> Any:
    if key is GroupBy.DAY:
        return value.isoformat()
    if key is GroupBy.TEAM:
        team_id, name = names.team(value)
        return {"id": _id(team_id), "name": name}
    if key in _PEOPLE:
        user_id, username = names.user(value)
        return None if user_id is None else {"id": _id(user_id), "username": username}
    return value or None


SUM_COLUMNS = (*USAGE, "cost_usd", "unpriced")
_TWOFOLD = (GroupBy.TEAM, *_PEOPLE)


def group_header(by: Sequence[GroupBy]) -> list[str]:
    """Return the names of a summary's columns; a team and a person have two, an id and a name."""
    keys = [name for key in by for name in ((f"{key}_id", key.value) if key in _TWOFOLD else (key.value,))]
    return [*keys, *SUM_COLUMNS]


def group_rows(summary: Summary) -> list[list[Cell]]:
    """Return a summary's lines; without keys the one of all rows together."""
    names = Names(summary.groups)
    if not summary.groups and not summary.overall.responses:
        return []
    lines: list[list[Cell]] = []
    for group in summary.groups or (Group(keys={}, tally=summary.overall),):
        cells: list[Cell] = []
        for key, value in group.keys.items():
            if key in _TWOFOLD:
                row_id, name = names.team(value) if key is GroupBy.TEAM else names.user(value)
                cells += [_id(row_id), name]
            else:
                cells.append(_written(key, value, names))
        lines.append(cells + _sums(group.tally))
    return lines


def _sums(tally: Tally) -> list[Cell]:
    metrics = tally.usage_metrics
    return [*(metrics[name] for name in USAGE), tally.cost_usd, tally.unpriced]
