"""What clients get of statements: figures as they were when the month was closed; as JSON and as CSV."""

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any

from rest_framework import serializers

from billing.api.figures import figures_of
from billing.ledger.statements import tally_of
from billing.models import Statement, StatementLine
from teams.api.csv_text import Cell
from teams.api.null_text import TextOrNull
from teams.api.team_output import PersonOutput

_FIGURES = (
    "responses",
    "tokens_input",
    "tokens_output",
    "tokens_cached",
    "tokens_reasoning",
    "unreported",
    "cost_usd",
    "unpriced",
)


class StatedUsageOutput(serializers.Serializer[Any]):
    """Counts; below 0 in a correction that takes something back."""

    responses = serializers.IntegerField()
    tokens_input = serializers.IntegerField()
    tokens_output = serializers.IntegerField()
    tokens_cached = serializers.IntegerField()
    tokens_reasoning = serializers.IntegerField()
    unreported = serializers.IntegerField()


class StatedCostOutput(serializers.Serializer[Any]):
    """US dollars as a decimal text, and how many answers had no known price."""

    cost_usd = serializers.CharField()
    unpriced = serializers.IntegerField()


class _Stated(serializers.Serializer[Any]):
    usage = StatedUsageOutput(source="*")
    cost = StatedCostOutput(source="*")

    def to_representation(self, instance: Statement | StatementLine) -> dict[str, Any]:
        """Return the row's own members with its figures."""
        shown: dict[str, Any] = super().to_representation(instance)
        return {**shown, **figures_of(tally_of(instance))}


class StatementLineOutput(_Stated):
    """What one team, agent, model and kind of key came to; names are those of then."""

    month = serializers.DateField()
    is_correction = serializers.BooleanField()
    team = TextOrNull(source="team_name")
    agent_id = serializers.CharField()
    model_provider = TextOrNull()
    model_name = TextOrNull()
    api_key_type = serializers.CharField()


class StatementOutput(_Stated):
    """A month, by its first day, in UTC, that is closed and never changes."""

    id = serializers.UUIDField()
    month = serializers.DateField()
    payer = PersonOutput(allow_null=True)
    closed_at = serializers.DateTimeField()


class WholeStatementOutput(StatementOutput):
    """The same with its lines: those of the month, then corrections of earlier months."""

    lines = StatementLineOutput(many=True, source="stated_lines")


LINE_COLUMNS: Mapping[str, Callable[[StatementLine], Cell]] = {
    "statement": lambda line: line.statement.month.isoformat(),
    "month": lambda line: line.month.isoformat(),
    "is_correction": lambda line: line.is_correction,
    "team": lambda line: line.team_name,
    "agent_id": lambda line: line.agent_id,
    "model_provider": lambda line: line.model_provider,
    "model_name": lambda line: line.model_name,
    "api_key_type": lambda line: line.api_key_type,
    **{name: attrgetter(name) for name in _FIGURES},
}
"""The columns of a statement's CSV, each with its value."""
