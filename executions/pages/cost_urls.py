"""The addresses of the pages about costs: they need to know which attempts failed."""

from django.urls import path

from executions.pages.list_cost_rows import list_cost_rows
from executions.pages.show_costs import show_costs

urlpatterns = [
    path("costs/", show_costs, name="costs"),
    path("costs/rows/", list_cost_rows, name="cost-rows"),
]
