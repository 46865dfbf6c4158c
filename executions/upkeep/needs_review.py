"""Handing over to people what a backup knows only the beginning of: paused, with the code `needs_review`."""

import datetime as dt
import uuid

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest, Now

from executions.context.store import forget_contexts
from executions.engine.state import ExecutionStatus
from executions.models import Execution, ExecutionStep, Question, QuestionState
from executions.models.pause_wanted import PAUSE_FROM_NOW, PAUSE_WANTED
from executions.orchestrator.changes import Changes, Event
from executions.orchestrator.commit import commit_batch
from executions.orchestrator.row_writes import EXECUTION_COLUMNS
from executions.orchestrator.wishes import NEEDS_REVIEW
from executions.upkeep.starts_in_doubt import doubt_starts

AT_ONCE = 200
# Whoever is being cancelled starts nothing, and who is quarantined waits for staff already.
WAITING = (ExecutionStatus.QUEUED, ExecutionStatus.RUNNING, ExecutionStatus.PAUSED)


def hand_over_to_people(*, made_at: dt.datetime, by: str) -> int:
    """Pause every execution that was under way or queued when the backup was made; return how many.

    Starts of which the backup does not know whether they were made are in doubt afterwards, and Redis keeps
    no context of theirs. Their deadlines, and those of the questions that wait for an answer, are put off by
    the time since the backup, which they spent nowhere.
    May be called again: what waits already is left alone.
    """
    # Whatever is cancelled or released by staff later finds its starts in doubt too.
    doubt_starts(made_at=made_at, by=by)
    count = 0
    while True:
        with transaction.atomic():
            rows = list(
                Execution.objects.filter(status__in=WAITING)
                # One that somebody had resumed waits anew: what it did after the backup is not known.
                .exclude(PAUSE_WANTED, status=ExecutionStatus.PAUSED, code=NEEDS_REVIEW)
                .select_for_update()
                .order_by("id")[:AT_ONCE]
            )
            if not rows:
                break
            _pause(rows, made_at=made_at, by=by)
        count += len(rows)
    forget_contexts(Execution.objects.unfinished().values_list("id", flat=True).iterator())
    return count


def _pause(rows: list[Execution], *, made_at: dt.datetime, by: str) -> None:
    batch = [
        Changes(
            execution_id=row.id,
            execution={name: getattr(row, name) for name in EXECUTION_COLUMNS}
            | {"status": ExecutionStatus.PAUSED.value, "code": NEEDS_REVIEW, "driver_id": None}
            | {"message_params": {**row.message_params, "backup_at": made_at.isoformat()}},
            events=[
                Event(
                    kind="execution_paused",
                    data={"code": NEEDS_REVIEW, "backup_at": made_at.isoformat()},
                    actor=f"operator:{by}"[:100],
                )
            ],
        )
        for row in rows
    ]
    for outcome in commit_batch(batch).outcomes:
        if isinstance(outcome, Exception):
            raise outcome
    Execution.objects.filter(pk__in=[row.pk for row in rows]).update(
        pause_requested_at=PAUSE_FROM_NOW,
        deadline_at=Greatest(F("deadline_at"), F("deadline_at") + (Now() - made_at)),
    )
    asked = Question.objects.filter(execution__in=rows, state=QuestionState.OPEN, expires_at__isnull=False)
    asked.update(expires_at=Greatest(F("expires_at"), F("expires_at") + (Now() - made_at)))
    for step_id, expires_at in asked.values_list("step_id", "expires_at"):
        _say_until(step_id, expires_at)


def _say_until(step_id: uuid.UUID, until: dt.datetime | None) -> None:
    """Have a step that asks say until when an answer counts."""
    step = ExecutionStep.objects.get(pk=step_id)
    if until is not None and "until" in step.reason_params:
        step.reason_params["until"] = until.isoformat()
        step.save(update_fields=["reason_params"])
