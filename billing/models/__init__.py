"""What it cost and who pays, as rows."""

from billing.models.model_price import ModelPrice
from billing.models.statement import Statement, StatementLine
from billing.models.usage_log import ApiKeyType, UsageLog
from billing.models.user_api_key import UserApiKey

__all__ = ["ApiKeyType", "ModelPrice", "Statement", "StatementLine", "UsageLog", "UserApiKey"]
