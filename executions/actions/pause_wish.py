"""The two columns by which people say that an execution shall wait, or go on.

A pause is wanted while `pause_requested_at` is later than `resume_requested_at`. Each is set later than the
other even where PostgreSQL's clock was put back in between.
"""

import uuid
from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce, Greatest, Now

from executions.models import Execution
from executions.orchestrator.append import append_events
from executions.orchestrator.changes import Event
from executions.orchestrator.wake import wake_drivers_on_commit
from teams.models import User

_LATER = timedelta(microseconds=1)
PAUSE_WANTED = Q(pause_requested_at__isnull=False) & (
    Q(resume_requested_at__isnull=True) | Q(pause_requested_at__gt=F("resume_requested_at"))
)


def ask_to_pause(rows: QuerySet[Execution], execution_id: uuid.UUID, *, by: User) -> bool:
    """Set the wish with its event if the execution is among `rows`; return whether it was."""
    later = Greatest(Now(), Coalesce(F("resume_requested_at") + _LATER, Now()))
    return _ask(rows, execution_id, by=by, kind="pause_requested", pause_requested_at=later)


def ask_to_go_on(rows: QuerySet[Execution], execution_id: uuid.UUID, *, by: User, kind: str) -> bool:
    """Take the wish back with the event `kind` if the execution is among `rows`; return whether it was."""
    later = Greatest(Now(), F("pause_requested_at") + _LATER)
    return _ask(rows, execution_id, by=by, kind=kind, resume_requested_at=later)


def _ask(
    rows: QuerySet[Execution], execution_id: uuid.UUID, *, by: User, kind: str, **wish: Greatest
) -> bool:
    with transaction.atomic():
        asked = rows.filter(pk=execution_id, finished_at=None, cancel_requested_at=None).update(**wish)
        if asked:
            append_events(execution_id, [Event(kind=kind, actor=f"user:{by.pk}")])
            wake_drivers_on_commit(execution_id)
    return bool(asked)
