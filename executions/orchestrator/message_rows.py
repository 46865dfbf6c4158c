"""The rows of the team's messages: how a transition writes them, under the execution's row lock.

Who may post what is `actions.post_message`'s and `team_talk`'s question.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import Max

from executions.models import MessageDelivery, MessageKind, TeamMessage
from teams.models.uuid7 import new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One message to write; its columns are those of `TeamMessage`, its number is given by the commit.

    `thread` is None for a message that begins one.
    """

    id: uuid.UUID = field(default_factory=new_id)
    kind: MessageKind
    sender: str
    recipient: str | None
    text: str
    thread: uuid.UUID | None = None
    reply_to: uuid.UUID | None = None
    expires_at: dt.datetime | None = None
    default_answer: str = ""
    run_id: uuid.UUID | None = None
    place: int | None = None
    idempotency_key: str | None = None
    request_sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """A message that stands in the prompt of an attempt. `step_id` is a row id."""

    message_id: uuid.UUID
    step_id: uuid.UUID
    attempt: int


def write_messages(execution_id: uuid.UUID, posts: Sequence[Post], *, at: dt.datetime) -> None:
    """Append the messages. A request has one reply: one that comes second is kept as a plain message."""
    rows = TeamMessage.objects.filter(execution_id=execution_id)
    last = rows.aggregate(last=Max("seq"))["last"] or 0
    targets = [post.reply_to for post in posts if post.kind == MessageKind.REPLY]
    replied = set(
        rows.filter(reply_to__in=targets, kind=MessageKind.REPLY).values_list("reply_to", flat=True)
        if targets
        else ()
    )
    built = []
    for seq, post in enumerate(posts, start=last + 1):
        kind = post.kind
        if kind == MessageKind.REPLY:
            kind = MessageKind.DIRECT if post.reply_to in replied else kind
            replied.add(post.reply_to)
        built.append(
            TeamMessage(
                id=post.id,
                execution_id=execution_id,
                seq=seq,
                kind=kind,
                sender=post.sender,
                recipient=post.recipient,
                text=post.text,
                thread=post.thread or post.id,
                reply_to_id=post.reply_to,
                expires_at=post.expires_at,
                default_answer=post.default_answer,
                agent_run_id=post.run_id,
                place=post.place,
                idempotency_key=post.idempotency_key,
                request_sha256=post.request_sha256,
                created_at=at,
            )
        )
    TeamMessage.objects.bulk_create(built)


def write_deliveries(delivered: Sequence[Delivered], *, at: dt.datetime) -> None:
    """Note which messages a step was told; what an earlier attempt of it was told is noted already."""
    MessageDelivery.objects.bulk_create(
        (
            MessageDelivery(
                message_id=one.message_id, step_id=one.step_id, attempt=one.attempt, created_at=at
            )
            for one in delivered
        ),
        ignore_conflicts=True,
    )
