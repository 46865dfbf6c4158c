"""What clients get of budgets: what they limit, and how their current period stands."""

from collections.abc import Sequence
from typing import Any

from rest_framework import serializers

from billing.budgets import find_standings
from billing.models import Budget
from teams.api.team_output import PersonOutput
from teams.models import Team
from teams.models.database_time import database_now


class Usd(serializers.CharField):
    """US dollars as a decimal text."""

    def to_representation(self, value: Any) -> str:
        """Write it to the last digit, without an exponent."""
        return f"{value:f}"


class BudgetTeamOutput(serializers.ModelSerializer[Team]):
    """The team that is limited."""

    class Meta:
        model = Team
        fields = ["id", "name"]


class BudgetPeriodOutput(serializers.Serializer[Any]):
    """The current day or month: what is spent, kept free for steps under way, and left.

    `unpriced` counts the answers without a known price, which what is spent leaves out.
    """

    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    spent_usd = Usd()
    reserved_usd = Usd()
    left_usd = Usd()
    unpriced = serializers.IntegerField()


class BudgetsOutput(serializers.ListSerializer[Any]):
    """Several budgets, whose periods are read together."""

    def to_representation(self, data: Any) -> Any:
        """Look up the periods, then write each."""
        return super().to_representation(with_standings(list(data)))


class BudgetOutput(serializers.ModelSerializer[Budget]):
    """A budget. `hard` says whether it keeps steps from starting; `current` is null for each execution's."""

    user = PersonOutput(allow_null=True)
    team = BudgetTeamOutput(allow_null=True)
    limit_usd = Usd()
    hard = serializers.BooleanField(source="is_hard")
    current = BudgetPeriodOutput(allow_null=True)

    class Meta:
        model = Budget
        list_serializer_class = BudgetsOutput
        fields = [
            "id",
            "name",
            "scope",
            "user",
            "team",
            "span",
            "time_zone",
            "limit_usd",
            "at_limit",
            "hard",
            "is_active",
            "created_at",
            "changed_at",
            "current",
        ]


def with_standings(rows: Sequence[Budget]) -> Sequence[Budget]:
    """Put onto each budget how it stands now, as `current`."""
    standings = find_standings(rows, at=database_now())
    for row in rows:
        row.current = standings.get(row.id)  # type: ignore[attr-defined]
    return rows
