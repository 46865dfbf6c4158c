"""The conversation of an execution's team as its page shows it."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from executions.models import Execution, ExecutionEvent, MessageKind, TeamMessage
from executions.models.team_message import PEOPLE, SYSTEM
from executions.pages.who import who_did
from executions.wording.team_mistakes import mistake_sentence
from teams.workflow.plan import Json

PAGE_SIZE = 50
REFUSED_SHOWN = 10
MAX_SEQ = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageLine:
    """One message. `reply_seq` is the number of the message that it goes on from."""

    id: uuid.UUID
    seq: int
    kind: str
    kind_words: str
    sender: str
    is_person: bool
    recipient: str
    is_for_steps: bool
    text: str
    reply_seq: int | None
    told: str
    waits_until: dt.datetime | None
    default_answer: str
    created_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedBlock:
    """A block that could not be read: whose, when, and what was wrong at which places."""

    step: str
    step_id: str
    mistakes: Sequence[tuple[str, str]]
    created_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageChoice:
    """Which messages are wanted, and before which number the page begins."""

    kind: str = ""
    who: str = ""
    before: int | None = None

    def address(self, before: int | None) -> str:
        """Return the query string for the same choice beginning elsewhere."""
        said = {"kind": self.kind, "who": self.who, "before": before}
        return urlencode({name: value for name, value in said.items() if value not in ("", None)})


def read_message_choice(query: QueryDict) -> MessageChoice:
    """Read what an address asks for; what makes no sense in it is left out."""
    kind, before = query.get("kind", ""), query.get("before", "")
    is_number = before.isascii() and before.isdecimal() and len(before) <= len(str(MAX_SEQ))
    return MessageChoice(
        kind=kind if kind in MessageKind.values else "",
        who=query.get("who", "").replace("\0", "")[:200],
        before=min(int(before), MAX_SEQ) if is_number else None,
    )


def messages_chosen(execution: Execution, choice: MessageChoice) -> QuerySet[TeamMessage]:
    """Return the messages, newest first, from where the choice begins on."""
    rows = execution.team_messages.all()
    if choice.kind:
        rows = rows.filter(kind=choice.kind)
    if choice.who:
        rows = rows.filter(sender=choice.who) | rows.filter(recipient=choice.who)
    if choice.before is not None:
        rows = rows.filter(seq__lt=choice.before)
    return rows.order_by("-seq")


def build_message_lines(
    rows: Sequence[TeamMessage], *, titles: Mapping[str, str], now: dt.datetime
) -> Sequence[MessageLine]:
    """Put messages into words; load them with their replies, deliveries and what they reply to."""
    named = {name for row in rows for name in (row.sender, row.recipient) if name}
    names = who_did(named, titles=titles)
    return [
        MessageLine(
            id=row.pk,
            seq=row.seq,
            kind=row.kind,
            kind_words=str(MessageKind(row.kind).label),
            sender=names[row.sender],
            is_person=row.sender.startswith("user:"),
            recipient=_recipient(row.recipient, names),
            is_for_steps=row.recipient is None or row.recipient.startswith("step:"),
            text=row.text,
            reply_seq=None if row.reply_to is None else row.reply_to.seq,
            told=", ".join(titles.get(one.step.step_id, one.step.step_id) for one in row.deliveries.all()),
            waits_until=row.expires_at if _is_open(row, now) else None,
            default_answer=row.default_answer,
            created_at=row.created_at,
        )
        for row in rows
    ]


def build_refused(execution: Execution, *, titles: Mapping[str, str]) -> Sequence[RefusedBlock]:
    """Return the newest blocks that could not be read."""
    events = ExecutionEvent.objects.filter(execution=execution, kind="team_block_refused")
    return [
        RefusedBlock(
            step=titles.get(event.step_id, event.step_id),
            step_id=event.step_id,
            mistakes=_mistakes(event.data),
            created_at=event.created_at,
        )
        for event in events.order_by("-seq")[:REFUSED_SHOWN]
    ]


def _mistakes(data: Json) -> Sequence[tuple[str, str]]:
    found = data.get("mistakes", []) if isinstance(data, dict) else []
    return [(str(one.get("pointer", "")), mistake_sentence(str(one.get("code", "")))) for one in found]


def _recipient(recipient: str | None, names: Mapping[str, str]) -> str:
    match recipient:
        case None:
            return _("everybody")
        case _ if recipient == PEOPLE:
            return _("the people who watch")
        case _ if recipient == SYSTEM:
            return "Renum"
        case _:
            return names[recipient]


def _is_open(row: TeamMessage, now: dt.datetime) -> bool:
    if row.kind != MessageKind.REQUEST or row.expires_at is None or row.expires_at <= now:
        return False
    return not any(reply.kind == MessageKind.REPLY for reply in row.replies.all())
