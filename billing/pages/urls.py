"""The addresses of the pages about a person's keys, statements and budgets."""

from django.urls import path

from billing.pages.change_budgets import change_budget, new_budget, remove_budget
from billing.pages.change_keys import remove_key, store_key
from billing.pages.show_budgets import list_budgets, show_budget
from billing.pages.show_keys import show_keys
from billing.pages.show_prices import show_prices
from billing.pages.show_statements import list_statements, show_statement

urlpatterns = [
    path("costs/statements/", list_statements, name="statement-list"),
    path("costs/statements/<uuid:statement_id>/", show_statement, name="statement"),
    path("costs/budgets/", list_budgets, name="budget-list"),
    path("costs/budgets/new/", new_budget, name="budget-new"),
    path("costs/budgets/<uuid:budget_id>/", show_budget, name="budget"),
    path("costs/budgets/<uuid:budget_id>/change/", change_budget, name="budget-change"),
    path("costs/budgets/<uuid:budget_id>/delete/", remove_budget, name="budget-delete"),
    path("costs/prices/", show_prices, name="prices"),
    path("keys/", show_keys, name="keys"),
    path("keys/store/", store_key, name="key-store"),
    path("keys/<str:service>/delete/", remove_key, name="key-delete"),
]
