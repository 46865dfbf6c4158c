"""The addresses of the pages about executions."""

from django.urls import path

from executions.pages.ask_to_cancel import ask_to_cancel
from executions.pages.list_executions import list_executions
from executions.pages.run_team import run_team
from executions.pages.show_execution import show_execution

urlpatterns = [
    path("teams/<uuid:team_id>/run/", run_team, name="team-run"),
    path("executions/", list_executions, name="execution-list"),
    path("executions/<uuid:execution_id>/", show_execution, name="execution"),
    path("executions/<uuid:execution_id>/cancel/", ask_to_cancel, name="execution-cancel"),
]
