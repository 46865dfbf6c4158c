"""Telling a step that starts what its team wrote, and ending requests that nobody answered."""

import datetime as dt
from collections.abc import Sequence

from executions.engine.team_mail import MAX_MAIL, Mail
from executions.models import MessageKind
from executions.models.team_message import SYSTEM
from executions.orchestrator.changes import Changes
from executions.orchestrator.mailbox import Letter, mark_of
from executions.orchestrator.message_events import posted
from executions.orchestrator.message_rows import Delivered, Post
from executions.orchestrator.tracked import Tracked

NO_ANSWER = "Nobody answered in time."
_BY_SYSTEM = "Renum"


def deliver_mail(tracked: Tracked, step_id: str, changes: Changes) -> Sequence[Mail]:
    """Return the messages for a step that starts, oldest first, and note that it is told them.

    What this very turn writes is among them: it is committed together with the start. An attempt is told
    again what an earlier one was told, because its thread is a new one.
    """
    if tracked.plan.step(step_id).tools != "team":
        return ()
    own = f"step:{step_id}"
    written: list[Letter | Post] = [*tracked.mailbox.letters, *changes.messages]
    told = [one for one in written if one.sender != own and one.recipient in (None, own)][-MAX_MAIL:]
    row_id, attempt = tracked.extras[step_id].row_id, tracked.state.steps[step_id].attempts
    changes.delivered += [Delivered(message_id=one.id, step_id=row_id, attempt=attempt) for one in told]
    return [
        Mail(mark=mark_of(one.id), kind=str(one.kind), sender=_name(tracked, one.sender), text=one.text)
        for one in told
    ]


def close_requests(tracked: Tracked, changes: Changes, *, due_at: dt.datetime | None = None) -> None:
    """Give open requests their default: those that are due at `due_at`, without it all of them."""
    replied = {post.reply_to for post in changes.messages if post.kind == MessageKind.REPLY}
    waiting = [
        (one.id, one.thread, one.sender, one.expires_at, one.default_answer)
        for one in tracked.mailbox.letters
        if one.is_open
    ]
    waiting += [
        (post.id, post.thread or post.id, post.sender, post.expires_at, post.default_answer)
        for post in changes.messages
        if post.kind == MessageKind.REQUEST
    ]
    for message_id, thread, sender, expires_at, default in waiting:
        is_due = due_at is None or (expires_at is not None and expires_at <= due_at)
        if message_id in replied or not is_due:
            continue
        post = Post(
            kind=MessageKind.REPLY,
            sender=SYSTEM,
            recipient=sender,
            text=default or NO_ANSWER,
            thread=thread,
            reply_to=message_id,
        )
        changes.messages.append(post)
        changes.events.append(posted(post))


def _name(tracked: Tracked, sender: str) -> str:
    by, _colon, name = sender.partition(":")
    if by == "step":
        role = tracked.plan.step(name).role
        return f"{name} ({role})" if role else name
    if by == "user":
        return f"{tracked.mailbox.people.get(sender, 'somebody')}, a person"
    return _BY_SYSTEM
