"""Addresses of the API of cost and keys, below /api/v1/."""

from django.urls import path

from billing.api.budget_endpoints import BudgetList, OneBudget
from billing.api.price_endpoints import PriceList, PricesNow
from billing.api.statement_endpoints import OneStatement, StatementList
from billing.api.usage_endpoints import UsageList
from billing.api.user_key_endpoints import UserKey, UserKeyList

urlpatterns = [
    path("budgets", BudgetList.as_view(), name="budgets"),
    path("budgets/<uuid:budget_id>", OneBudget.as_view(), name="budget"),
    path("prices", PriceList.as_view(), name="prices"),
    path("prices/now", PricesNow.as_view(), name="prices-now"),
    path("usage", UsageList.as_view(), name="usage"),
    path("statements", StatementList.as_view(), name="statements"),
    path("statements/<uuid:statement_id>", OneStatement.as_view(), name="statement"),
    path("user-keys", UserKeyList.as_view(), name="user-keys"),
    path("user-keys/<str:service>", UserKey.as_view(), name="user-key"),
]
