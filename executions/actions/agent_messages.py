"""What a run says to its team and hears from it while it goes on."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q

from executions.actions.agent_caller import Caller
from executions.actions.post_message import write_message
from executions.models import TeamMessage
from executions.orchestrator.append import append_events
from executions.orchestrator.changes import Event
from executions.orchestrator.mailbox import mark_of
from executions.orchestrator.message_rows import Delivered, write_deliveries
from teams.actions.refusal import input_problem
from teams.models.database_time import database_now

MOST_AT_ONCE = 50
PROGRESS_CHARS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One message as a run hears it. `mark` is what it replies to; `reply_to` the mark of what it answers."""

    number: int
    mark: str
    kind: str
    sender: str
    text: str
    reply_to: str | None
    sent_at: dt.datetime


def say(
    caller: Caller,
    *,
    text: str,
    to: str | None,
    reply_to: str | None = None,
    timeout_s: int | None = None,
    default: str | None = None,
) -> str:
    """Write a message of the caller's step; return its mark. Raises what `write_message` does."""
    target = None if reply_to is None else _find(caller, reply_to)
    posted = write_message(
        caller.execution_id,
        sender=caller.name,
        text=text,
        to=to,
        reply_to=target,
        timeout_s=timeout_s,
        default=default,
    )
    return mark_of(posted.message.pk)


def hear(caller: Caller, *, after: int = 0) -> Sequence[Heard]:
    """Return what others wrote to the step or to all after that number, oldest first; note who was told."""
    rows = (
        TeamMessage.objects.filter(
            Q(recipient=caller.name) | Q(recipient__isnull=True),
            execution_id=caller.execution_id,
            seq__gt=max(0, after),
        )
        .exclude(sender=caller.name)
        .order_by("seq")[:MOST_AT_ONCE]
    )
    with transaction.atomic():
        found = list(rows)
        told = [
            Delivered(message_id=row.pk, step_id=caller.step_row_id, attempt=caller.attempt) for row in found
        ]
        write_deliveries(told, at=database_now())
    return [
        Heard(
            number=row.seq,
            mark=mark_of(row.pk),
            kind=row.kind,
            sender=row.sender,
            text=row.text,
            reply_to=None if row.reply_to_id is None else mark_of(row.reply_to_id),
            sent_at=row.created_at,
        )
        for row in found
    ]


def tell_progress(caller: Caller, *, text: str) -> None:
    """Tell in one line how far the step is; it stands in the execution's timeline."""
    line = " ".join(text.replace("\x00", "").encode("utf-8", "replace").decode().split())
    if not 1 <= len(line) <= PROGRESS_CHARS:
        raise input_problem("/text", "out_of_range", f"Progress has 1 to {PROGRESS_CHARS} characters.")
    append_events(
        caller.execution_id,
        [Event(kind="step_progress", step_id=caller.step.id, data={"text": line})],
    )


def _find(caller: Caller, mark: str) -> uuid.UUID:
    ids = TeamMessage.objects.filter(execution_id=caller.execution_id).values_list("pk", flat=True)
    found = next((pk for pk in ids if mark in (mark_of(pk), str(pk))), None)
    if found is None:
        raise input_problem("/reply_to", "unknown_message", "The execution has no such message.")
    return found
