"""The team's conversation as a driver reads it at the beginning of a turn."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db.models import Exists, OuterRef

from executions.models import AgentRun, Execution, MessageKind, TeamMessage
from teams.models import User
from teams.workflow.plan import Json

MARK_CHARS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One message that is committed. `is_open`: a request that has no reply."""

    id: uuid.UUID
    kind: str
    sender: str
    recipient: str | None
    text: str
    thread: uuid.UUID
    is_open: bool
    expires_at: dt.datetime | None
    default_answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """The messages in their order, and the names of the people among their senders, by sender.

    `context_version` is the version of the shared context then: others than drivers write it too. `submitted`
    are the results that runs submitted, by run.
    """

    context_version: int = 0
    letters: tuple[Letter, ...] = ()
    people: Mapping[str, str] = field(default_factory=dict)
    submitted: Mapping[uuid.UUID, Json] = field(default_factory=dict)


def mark_of(message_id: uuid.UUID) -> str:
    """Return what an agent calls a message: the end of its id, which is chance."""
    return message_id.hex[-MARK_CHARS:]


def read_mailbox(execution_id: uuid.UUID) -> Mailbox:
    """Return the whole conversation; settings bound its number and its texts."""
    replies = TeamMessage.objects.filter(reply_to=OuterRef("pk"), kind=MessageKind.REPLY)
    rows = TeamMessage.objects.filter(execution_id=execution_id).annotate(is_replied=Exists(replies))
    letters = tuple(
        Letter(
            id=row.pk,
            kind=row.kind,
            sender=row.sender,
            recipient=row.recipient,
            text=row.text,
            thread=row.thread,
            is_open=row.kind == MessageKind.REQUEST and not row.is_replied,
            expires_at=row.expires_at,
            default_answer=row.default_answer,
        )
        for row in rows.order_by("seq")
    )
    ids = {letter.sender.removeprefix("user:") for letter in letters if letter.sender.startswith("user:")}
    known = User.objects.filter(pk__in=ids).values_list("pk", "username") if ids else ()
    version = Execution.objects.filter(pk=execution_id).values_list("context_version", flat=True).first()
    runs = AgentRun.objects.filter(execution_id=execution_id, submitted__isnull=False)
    return Mailbox(
        context_version=version or 0,
        letters=letters,
        people={f"user:{pk}": name for pk, name in known},
        submitted=dict(runs.values_list("pk", "submitted")),
    )
