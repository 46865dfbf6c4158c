"""Usage, prices, budgets and keys in the Django admin."""

from billing.admin import budget, model_price, repricing, statement, usage_log, user_api_key

__all__ = ["budget", "model_price", "repricing", "statement", "usage_log", "user_api_key"]
