"""The two columns by which people say that an execution shall wait, or go on.

A pause is wanted while `pause_requested_at` is later than `resume_requested_at`.
"""

import uuid

from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Greatest, Now

from executions.engine.state import ExecutionStatus
from executions.models import Execution
from executions.models.pause_wanted import PAUSE_FROM_NOW, RESUME_FROM_NOW
from executions.orchestrator.append import append_events
from executions.orchestrator.changes import Event
from executions.orchestrator.wake import wake_drivers_on_commit
from executions.orchestrator.wishes import NEEDS_REVIEW
from teams.models import User

# Nobody chose this wait: a restore or the crashes did, and a person had to find the time to look.
_WAITED_FOR_A_LOOK = Q(status=ExecutionStatus.QUARANTINED) | Q(
    status=ExecutionStatus.PAUSED, code=NEEDS_REVIEW
)
_PUT_OFF = Greatest(F("deadline_at"), F("deadline_at") + (Now() - F("pause_requested_at")))


def ask_to_pause(rows: QuerySet[Execution], execution_id: uuid.UUID, *, by: User) -> bool:
    """Set the wish with its event if the execution is among `rows`; return whether it was."""
    return _ask(rows, execution_id, by=by, kind="pause_requested", pause_requested_at=PAUSE_FROM_NOW)


def ask_to_go_on(rows: QuerySet[Execution], execution_id: uuid.UUID, *, by: User, kind: str) -> bool:
    """Take the wish back with the event `kind` if the execution is among `rows`; return whether it was.

    Where it waited for a person to look at it, its deadline is put off by that time.
    """
    return _ask(
        rows,
        execution_id,
        by=by,
        kind=kind,
        resume_requested_at=RESUME_FROM_NOW,
        deadline_at=Case(When(_WAITED_FOR_A_LOOK, then=_PUT_OFF), default=F("deadline_at")),
    )


def _ask(
    rows: QuerySet[Execution], execution_id: uuid.UUID, *, by: User, kind: str, **columns: Combinable
) -> bool:
    with transaction.atomic():
        asked = rows.filter(pk=execution_id, finished_at=None, cancel_requested_at=None).update(**columns)
        if asked:
            append_events(execution_id, [Event(kind=kind, actor=f"user:{by.pk}")])
            wake_drivers_on_commit(execution_id)
    return bool(asked)
