"""Usage, prices and keys in the Django admin."""

from billing.admin import model_price, statement, usage_log, user_api_key

__all__ = ["model_price", "statement", "usage_log", "user_api_key"]
