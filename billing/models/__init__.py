"""What it cost and who pays, as rows."""

from billing.models.budget import (
    AtLimit,
    Budget,
    BudgetAlert,
    BudgetPeriod,
    BudgetScope,
    BudgetSpan,
    Reservation,
    ReservationBasis,
)
from billing.models.model_price import ModelPrice
from billing.models.repricing import PriceChange, Repricing
from billing.models.statement import Statement, StatementLine
from billing.models.usage_log import ApiKeyType, UsageLog
from billing.models.user_api_key import UserApiKey

__all__ = [
    "ApiKeyType",
    "AtLimit",
    "Budget",
    "BudgetAlert",
    "BudgetPeriod",
    "BudgetScope",
    "BudgetSpan",
    "ModelPrice",
    "PriceChange",
    "Repricing",
    "Reservation",
    "ReservationBasis",
    "Statement",
    "StatementLine",
    "UsageLog",
    "UserApiKey",
]
