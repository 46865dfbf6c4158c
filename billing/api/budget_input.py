"""What clients send about budgets."""

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from billing.models import AtLimit, BudgetScope, BudgetSpan
from billing.models.budget import LIMIT_DECIMAL_PLACES, LIMIT_DIGITS
from teams.api.fields import Choice, Flag, Id, InputSerializer, Text


class Dollars(serializers.DecimalField):
    """US dollars as a decimal text, with at most six decimal places."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=LIMIT_DIGITS, decimal_places=LIMIT_DECIMAL_PLACES, **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        """Refuse a JSON number: 0.1 is none that a computer has."""
        if not isinstance(data, str):
            raise ValidationError('Must be a decimal text, such as "12.50".', code="wrong_type")
        if not data.isascii():
            self.fail("invalid")
        return super().to_internal_value(data)


class NewBudgetInput(InputSerializer):
    """A budget to be made. `team` is for the scope `team`; `time_zone` is by default one's own."""

    name = Text(allow_blank=True)
    scope = Choice(choices=BudgetScope.values)
    team = Id(required=False, allow_null=True)
    span = Choice(choices=BudgetSpan.values)
    time_zone = Text(max_length=63, required=False)
    limit_usd = Dollars()
    at_limit = Choice(choices=AtLimit.values, default=AtLimit.DRAIN.value)


class BudgetChangeInput(InputSerializer):
    """What is to be changed; what is missing stays as it is."""

    name = Text(allow_blank=True, required=False)
    limit_usd = Dollars(required=False)
    at_limit = Choice(choices=AtLimit.values, required=False)
    is_active = Flag(required=False)
