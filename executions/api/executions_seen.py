"""Which executions a person sees through the API, without what is large."""

import uuid
from collections.abc import Collection

from django.db.models import QuerySet
from django.http import Http404

from executions.models import Execution
from teams.models import User

LARGE = ("plan", "initial_prompt", "result", "result_text")


def executions_of(user: User) -> QuerySet[Execution]:
    """Return the executions of the user's teams, with team, version's number and starter."""
    return (
        Execution.objects.for_user(user)
        .select_related("team", "workflow_version", "started_by")
        .defer("workflow_version__source")
    )


def find_execution(user: User, execution_id: uuid.UUID, *, large: Collection[str] = ()) -> Execution:
    """Return the execution; Http404 where it is not there or not the user's to see.

    Of the LARGE columns those are loaded that `large` names.
    """
    left_out = [column for column in LARGE if column not in large]
    execution = (
        executions_of(user).defer(*left_out, "workflow_version__source").filter(pk=execution_id).first()
    )
    if execution is None:
        raise Http404
    return execution
