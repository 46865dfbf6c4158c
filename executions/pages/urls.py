"""The addresses of the pages about executions."""

from django.urls import path

from executions.pages.ask_of_execution import REPEATS, WISHES, ask_for
from executions.pages.inbox import answer, show_inbox
from executions.pages.list_executions import list_executions
from executions.pages.run_team import run_team
from executions.pages.show_execution import show_execution
from executions.pages.step_wishes import STEP_WISHES

_ONE = "executions/<uuid:execution_id>/"

urlpatterns = [
    path("teams/<uuid:team_id>/run/", run_team, name="team-run"),
    path("executions/", list_executions, name="execution-list"),
    path("inbox/", show_inbox, name="inbox"),
    path("questions/<uuid:question_id>/answer/", answer, name="question-answer"),
    path(_ONE, show_execution, name="execution"),
    *(
        path(
            f"executions/<uuid:execution_id>/{verb.replace('_', '-')}/",
            ask_for(verb),
            name=f"execution-{verb}",
        )
        for verb in (*WISHES, *STEP_WISHES, *REPEATS)
    ),
]
