"""The addresses of the pages about executions."""

from django.urls import path

from executions.pages.agent_tools import change_tools
from executions.pages.ask_of_execution import REPEATS, WISHES, ask_for
from executions.pages.compare_executions import compare_executions
from executions.pages.connection_form import change_connection, new_connection
from executions.pages.connection_verbs import (
    ask_for_sync,
    ask_for_test,
    ask_to_forget,
    remove_connection,
)
from executions.pages.dry_run import dry_run, dry_run_of_new
from executions.pages.inbox import answer, show_inbox
from executions.pages.label_execution import label_execution
from executions.pages.list_connections import list_connections
from executions.pages.list_executions import list_executions
from executions.pages.list_teams import list_teams
from executions.pages.list_versions import list_versions
from executions.pages.member_verbs import change_role, hand_over, take_out
from executions.pages.messages import show_messages, write_message
from executions.pages.run_team import estimate_of_run, run_team
from executions.pages.show_connection import show_connection
from executions.pages.show_context import show_context
from executions.pages.show_events import save_events_as_csv, save_events_as_text, show_events
from executions.pages.show_execution import show_execution
from executions.pages.show_step import show_step
from executions.pages.show_team import show_team
from executions.pages.start import show_start
from executions.pages.step_wishes import STEP_WISHES

_ONE = "executions/<uuid:execution_id>/"

_TEAM = "teams/<uuid:team_id>/"

_CONNECTION = "connections/<uuid:connection_id>/"

urlpatterns = [
    path("", show_start, name="start"),
    path("connections/", list_connections, name="connection-list"),
    path("connections/new/", new_connection, name="connection-new"),
    path(_CONNECTION, show_connection, name="connection"),
    path(f"{_CONNECTION}edit/", change_connection, name="connection-edit"),
    path(f"{_CONNECTION}delete/", remove_connection, name="connection-delete"),
    path(f"{_CONNECTION}test/", ask_for_test, name="connection-test"),
    path(f"{_CONNECTION}sync/", ask_for_sync, name="connection-sync"),
    path(f"{_CONNECTION}agents/<uuid:agent_pk>/tools/", change_tools, name="connection-agent-tools"),
    path(f"{_CONNECTION}forget/", ask_to_forget, name="connection-forget"),
    path("teams/", list_teams, name="team-list"),
    path(_TEAM, show_team, name="team"),
    path(f"{_TEAM}versions/", list_versions, name="team-versions"),
    path(f"{_TEAM}people/<uuid:user_id>/role/", change_role, name="team-member-role"),
    path(f"{_TEAM}people/<uuid:user_id>/remove/", take_out, name="team-member-remove"),
    path(f"{_TEAM}owner/", hand_over, name="team-hand-over"),
    path("teams/<uuid:team_id>/run/", run_team, name="team-run"),
    path("teams/<uuid:team_id>/estimate/", estimate_of_run, name="team-estimate"),
    path(f"{_TEAM}dry-run/", dry_run, name="team-dry-run"),
    path("teams/new/dry-run/", dry_run_of_new, name="new-team-dry-run"),
    path("executions/", list_executions, name="execution-list"),
    path("inbox/", show_inbox, name="inbox"),
    path("questions/<uuid:question_id>/answer/", answer, name="question-answer"),
    path(_ONE, show_execution, name="execution"),
    path("executions/compare/", compare_executions, name="execution-compare"),
    path(f"{_ONE}labels/", label_execution, name="execution-labels"),
    path(f"{_ONE}events/", show_events, name="execution-events"),
    path(f"{_ONE}events/csv/", save_events_as_csv, name="execution-events-csv"),
    path(f"{_ONE}events/text/", save_events_as_text, name="execution-events-text"),
    path(f"{_ONE}context/", show_context, name="execution-context"),
    path(f"{_ONE}messages/", show_messages, name="execution-messages"),
    path(f"{_ONE}messages/write/", write_message, name="execution-message"),
    path(f"{_ONE}steps/<str:step_id>/", show_step, name="execution-step"),
    *(
        path(
            f"executions/<uuid:execution_id>/{verb.replace('_', '-')}/",
            ask_for(verb),
            name=f"execution-{verb}",
        )
        for verb in (*WISHES, *STEP_WISHES, *REPEATS)
    ),
]
