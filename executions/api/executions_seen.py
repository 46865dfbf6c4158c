"""Which executions a person sees through the API, without what is large, and what they may do with them."""

import uuid
from collections.abc import Collection

from django.db.models import QuerySet
from django.db.models.functions import Left
from django.http import Http404

from executions.actions.execution_rights import CHANGE, list_verbs, may_release
from executions.models import Execution
from executions.models.execution import ExecutionQuerySet
from teams.actions.rights import includes
from teams.models import User

LARGE = ("plan", "initial_prompt", "result", "result_text")
PROMPT_START_CHARS = 160


def executions_of(user: User) -> QuerySet[Execution]:
    """Return the executions of the user's teams, with team, version's number, starter and the user's role."""
    return _as_seen_by(user, Execution.objects.for_user(user))


def find_execution(user: User, execution_id: uuid.UUID, *, large: Collection[str] = ()) -> Execution:
    """Return the execution; Http404 where it is not there or not the user's to see.

    Of the LARGE columns those are loaded that `large` names.
    """
    return _one(executions_of(user), execution_id, large)


def find_releasable(user: User, execution_id: uuid.UUID) -> Execution:
    """Return the execution as `find_execution` does; staff that may release executions find anybody's."""
    if may_release(user):
        return _one(_as_seen_by(user, Execution.objects.for_staff(user, CHANGE)), execution_id, ())
    return find_execution(user, execution_id)


def verbs_of(execution: Execution, user: User) -> tuple[str, ...]:
    """Return the verbs that are legal now for the user; load the execution with one of the above."""
    is_operator = operates(execution, user)
    return list_verbs(execution, is_operator=is_operator, is_releaser=may_release(user))


def operates(execution: Execution, user: User) -> bool:
    """Whether the user's role in the team lets them run it; load the execution with one of the above."""
    held = "owner" if execution.team.owner_id == user.pk else getattr(execution, "member_role", None)
    return includes(held, "operator")


def _as_seen_by(user: User, rows: ExecutionQuerySet) -> QuerySet[Execution]:
    related = rows.with_role_of(user).select_related("team", "workflow_version", "started_by", "payer")
    began = related.annotate(prompt_start=Left("initial_prompt", PROMPT_START_CHARS))
    return began.defer("workflow_version__source")


def _one(rows: QuerySet[Execution], execution_id: uuid.UUID, large: Collection[str]) -> Execution:
    left_out = [column for column in LARGE if column not in large]
    execution = rows.defer(*left_out, "workflow_version__source").filter(pk=execution_id).first()
    if execution is None:
        raise Http404
    return execution
