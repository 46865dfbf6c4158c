"""Posting a message to an execution's team: the row is written, and steps are told when they start.

A reply, a message that goes on from another and a request are posted here too; what a message is follows
from what it says.
"""

import datetime as dt
import hashlib
import json
import uuid
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from executions.actions.accept_execution import IdempotencyKeyReused, check_key
from executions.actions.execution_rights import NotThere, check_may_change, check_under_way
from executions.engine.team_block import PEOPLE as TO_PEOPLE
from executions.models import Execution, MessageKind, TeamMessage
from executions.models.team_message import PEOPLE
from executions.orchestrator.append import append_changes
from executions.orchestrator.changes import Changes
from executions.orchestrator.message_events import posted
from executions.orchestrator.message_rows import Post
from teams.actions.refusal import Refusal, input_problem
from teams.models import User
from teams.models.database_time import database_now
from teams.workflow.plan import plan_from_json

MIN_TIMEOUT_S = 1
MAX_TIMEOUT_S = 24 * 60 * 60


class TooManyMessages(Refusal):
    """The execution's team has said all that it may."""

    code = "too_many_messages"


class RequestClosed(Refusal):
    """The request has its reply already, or its time is up."""

    code = "request_closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """The message, and whether this call made it."""

    message: TeamMessage
    created: bool


def post_message(
    *,
    execution: Execution,
    by: User,
    text: str,
    to: str | None = None,
    reply_to: uuid.UUID | None = None,
    timeout_s: int | None = None,
    default: str | None = None,
    idempotency_key: str | None = None,
    as_staff: bool = False,
) -> Posted:
    """Post to the step `to`, or to everybody; with `timeout_s` it is a request, which waits for a reply.

    With `reply_to` it goes to whoever wrote that message: to a request that waits it is the reply. The same
    `idempotency_key` of the same person posts one message to the execution. Raises NotAllowed for less than
    an operator, InvalidInput, IdempotencyKeyReused, AlreadyOver, Cancelling, NotThere, TooManyMessages and
    RequestClosed. With `as_staff`, the right to change executions counts instead of the role.
    """
    check_may_change(by, execution, as_staff=as_staff)
    return write_message(
        execution.pk,
        sender=f"user:{by.pk}",
        text=text,
        to=to,
        reply_to=reply_to,
        timeout_s=timeout_s,
        default=default,
        idempotency_key=idempotency_key,
    )


def write_message(
    execution_id: uuid.UUID,
    *,
    sender: str,
    text: str,
    to: str | None = None,
    reply_to: uuid.UUID | None = None,
    timeout_s: int | None = None,
    default: str | None = None,
    idempotency_key: str | None = None,
) -> Posted:
    """Write the message of a person or of a run, who may write there; otherwise as `post_message`.

    A run may write to people as "@people", which is no step's id.
    """
    check_key(idempotency_key)
    _check_text(text, "/text", may_be_empty=False)
    _check_text(default or "", "/default", may_be_empty=True)
    _check_shape(to=to, reply_to=reply_to, timeout_s=timeout_s, default=default)
    said = [text, to, None if reply_to is None else str(reply_to), timeout_s, default]
    sha256 = hashlib.sha256(json.dumps(said).encode()).hexdigest()
    with transaction.atomic():
        executions = Execution.objects.select_for_update(no_key=True).filter(pk=execution_id)
        locked = executions.only("plan", "status", "cancel_requested_at").first()
        if locked is None:
            raise NotThere("The execution is not there any more.")
        rows = TeamMessage.objects.filter(execution=locked)
        if idempotency_key is not None:
            earlier = rows.filter(sender=sender, idempotency_key=idempotency_key).first()
            if earlier is not None:
                if earlier.request_sha256 != sha256:
                    raise IdempotencyKeyReused("This Idempotency-Key was used for another message.")
                return Posted(message=earlier, created=False)
        check_under_way(locked)
        if rows.count() >= settings.ORCHESTRATOR.messages:
            raise TooManyMessages(
                f"The team of one execution sends at most {settings.ORCHESTRATOR.messages} messages."
            )
        if to is not None and (to != TO_PEOPLE or sender.startswith("user:")):
            _check_recipient(locked, to)
        target = None if reply_to is None else _find_target(rows, reply_to)
        kind, recipient = _find_kind(to, target, timeout_s=timeout_s)
        post = Post(
            kind=kind,
            sender=sender,
            recipient=recipient,
            text=text,
            thread=None if target is None else target.thread,
            reply_to=None if target is None else target.pk,
            expires_at=None if timeout_s is None else database_now() + dt.timedelta(seconds=timeout_s),
            default_answer=default or "",
            idempotency_key=idempotency_key,
            request_sha256=sha256,
        )
        append_changes(Changes(execution_id=locked.pk, events=[posted(post)], messages=[post]))
    return Posted(message=TeamMessage.objects.get(pk=post.id), created=True)


def _check_text(text: str, pointer: str, *, may_be_empty: bool) -> None:
    if not may_be_empty and not text.strip():
        raise input_problem(pointer, "required", "Write a message.")
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise input_problem(pointer, "surrogate", "The message holds a broken character.") from None
    most = settings.ORCHESTRATOR.message_bytes
    if size > most:
        raise input_problem(pointer, "too_large", f"A message has at most {most} bytes.")
    if "\x00" in text:
        raise input_problem(pointer, "nul_character", "The message holds the character NUL. Remove it.")


def _check_shape(
    *, to: str | None, reply_to: uuid.UUID | None, timeout_s: int | None, default: str | None
) -> None:
    if reply_to is not None and to is not None:
        message = "A message that goes on from another goes to whoever wrote that. Leave out who it is for."
        raise input_problem("/to", "unexpected_key", message)
    if reply_to is not None and timeout_s is not None:
        message = "A message that goes on from another is no request. Ask in a message of its own."
        raise input_problem("/timeout_s", "unexpected_key", message)
    if timeout_s is not None and not MIN_TIMEOUT_S <= timeout_s <= MAX_TIMEOUT_S:
        message = "A request waits from 1 second to 24 hours."
        raise input_problem("/timeout_s", "out_of_range", message)
    if default is not None and timeout_s is None:
        message = "Only a request has a default answer. Say how long it waits, or leave it out."
        raise input_problem("/default", "unexpected_key", message)


def _check_recipient(execution: Execution, to: str) -> None:
    step = next((step for step in plan_from_json(execution.plan).steps if step.id == to), None)
    if step is None:
        raise input_problem("/to", "unknown_step", "The execution has no such step.")
    if step.tools != "team":
        message = 'This step is told no messages: it lacks "tools": "team" in the workflow.'
        raise input_problem("/to", "not_listening", message)


def _find_target(rows: QuerySet[TeamMessage], reply_to: uuid.UUID) -> TeamMessage:
    target = rows.filter(pk=reply_to).first()
    if target is None:
        raise input_problem("/reply_to", "unknown_message", "The execution has no such message.")
    return target


def _find_kind(
    to: str | None, target: TeamMessage | None, *, timeout_s: int | None
) -> tuple[MessageKind, str | None]:
    if target is None:
        recipient = None if to is None else PEOPLE if to == TO_PEOPLE else f"step:{to}"
        if timeout_s is not None:
            return MessageKind.REQUEST, recipient
        return (MessageKind.BROADCAST if to is None else MessageKind.DIRECT), recipient
    recipient = PEOPLE if target.sender == "system" else target.sender
    if target.kind != MessageKind.REQUEST:
        return MessageKind.DIRECT, recipient
    is_late = target.expires_at is not None and target.expires_at <= database_now()
    if is_late or target.replies.filter(kind=MessageKind.REPLY).exists():
        raise RequestClosed("The request does not wait for a reply any more.")
    return MessageKind.REPLY, recipient
