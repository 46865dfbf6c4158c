"""Addresses of the API of executions, below /api/v1/."""

from django.urls import path, register_converter

from executions.api.execution_endpoints import (
    ExecutionCancellation,
    ExecutionDetail,
    ExecutionList,
    ExecutionStepDetail,
    TeamExecutions,
)
from executions.api.record_endpoints import ExecutionEvents, ExecutionUsage
from teams.api.converters import StepId

register_converter(StepId, "step")

_ONE = "executions/<uuid:execution_id>"

urlpatterns = [
    path("teams/<uuid:team_id>/executions", TeamExecutions.as_view(), name="team-executions"),
    path("executions", ExecutionList.as_view(), name="executions"),
    path(_ONE, ExecutionDetail.as_view(), name="execution"),
    path(f"{_ONE}/events", ExecutionEvents.as_view(), name="execution-events"),
    path(f"{_ONE}/usage", ExecutionUsage.as_view(), name="execution-usage"),
    path(f"{_ONE}/cancel", ExecutionCancellation.as_view(), name="execution-cancellation"),
    path(f"{_ONE}/steps/<step:step_id>", ExecutionStepDetail.as_view(), name="execution-step"),
]
