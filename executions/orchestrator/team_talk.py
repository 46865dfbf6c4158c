"""What an agent's answer tells its team: heard before the answer is judged, written where the step completed.

Both happen in the turn that takes the run's end in, so that all of it is committed with it, or nothing.
"""

import datetime as dt
from dataclasses import dataclass, replace

from django.conf import settings

from executions.agent_service import RunResult
from executions.engine import team_block
from executions.engine.context_merge import MergeConflict, merge_value
from executions.engine.results import clean_text
from executions.engine.team_block import Mistake, Said, TeamBlock, read_team_block
from executions.models import MessageKind
from executions.models.team_message import PEOPLE
from executions.orchestrator.changes import Changes, ContextWrite, Event
from executions.orchestrator.mailbox import mark_of
from executions.orchestrator.message_events import posted
from executions.orchestrator.message_rows import Post
from executions.orchestrator.tracked import RunRecord, Tracked
from teams.workflow.plan import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """An answer without its block, and what the block wants written: all of it, or its mistakes."""

    text: str | None
    structured: Json
    posts: tuple[Post, ...] = ()
    writes: tuple[ContextWrite, ...] = ()
    mistakes: tuple[Mistake, ...] = ()


def hear_talk(
    tracked: Tracked, run: RunRecord, result: RunResult, changes: Changes, *, now: dt.datetime
) -> Talk:
    """Read the block of the answer of a step with `tools: team`; the answer is judged without it.

    An answer whose block has a mistake stays as it is. `changes` are those of this turn so far. What the run
    submitted through the team's tools is its result, whatever else its answer holds.
    """
    submitted = tracked.mailbox.submitted.get(run.id)
    whole = Talk(text=result.text, structured=result.structured if submitted is None else submitted)
    if result.text is None or tracked.plan.step(run.step_id).tools != "team":
        return whole
    block = read_team_block(
        clean_text(result.text)[0],
        max_messages=settings.ORCHESTRATOR.messages_per_run,
        max_text_bytes=settings.ORCHESTRATOR.message_bytes,
    )
    if block is None:
        return whole
    mistakes = list(block.mistakes)
    posts = _address_all(tracked, run, block, changes, mistakes, now=now)
    writes = _merge_all(tracked, run, block, mistakes)
    if mistakes:
        return replace(whole, mistakes=tuple(mistakes))
    structured = whole.structured if block.result is None or submitted is not None else block.result
    return Talk(text=block.answer, structured=structured, posts=tuple(posts), writes=tuple(writes))


def write_talk(tracked: Tracked, run: RunRecord, talk: Talk, changes: Changes) -> None:
    """Put the messages and the changes of the context into `changes`, or the event of the mistakes."""
    if talk.mistakes:
        data: dict[str, Json] = {
            "attempt": run.attempt,
            "mistakes": [{"pointer": one.pointer, "code": one.code} for one in talk.mistakes],
        }
        changes.events.append(Event(kind="team_block_refused", step_id=run.step_id, data=data))
    changes.messages += talk.posts
    changes.events += [posted(post) for post in talk.posts]
    changes.context += talk.writes
    if talk.writes:
        tracked.take_context({**tracked.state.context, **{one.key: one.value for one in talk.writes}})


def _address_all(
    tracked: Tracked,
    run: RunRecord,
    block: TeamBlock,
    changes: Changes,
    mistakes: list[Mistake],
    *,
    now: dt.datetime,
) -> list[Post]:
    said_before = len(tracked.mailbox.letters) + len(changes.messages)
    if block.messages and said_before + len(block.messages) > settings.ORCHESTRATOR.messages:
        mistakes.append(Mistake(pointer="/messages", code="team_is_full"))
        return []
    posts = []
    for place, said in enumerate(block.messages):
        addressed = _address(tracked, run, said, changes, now=now)
        if isinstance(addressed, Post):
            posts.append(replace(addressed, run_id=run.id, place=place))
        else:
            mistakes.append(Mistake(pointer=f"/messages/{place}/{addressed[0]}", code=addressed[1]))
    return posts


def _address(
    tracked: Tracked, run: RunRecord, said: Said, changes: Changes, *, now: dt.datetime
) -> Post | tuple[str, str]:
    """Return the message to write, or which member is wrong and why."""
    sender = f"step:{run.step_id}"
    if said.reply_to is not None:
        for one in tracked.mailbox.letters:
            if mark_of(one.id) == said.reply_to or str(one.id) == said.reply_to:
                answered = {post.reply_to for post in changes.messages}
                is_reply = one.is_open and one.id not in answered
                return Post(
                    kind=MessageKind.REPLY if is_reply else MessageKind.DIRECT,
                    sender=sender,
                    recipient=PEOPLE if one.sender == "system" else one.sender,
                    text=said.text,
                    thread=one.thread,
                    reply_to=one.id,
                )
        return "reply_to", "unknown_message"
    recipient = None
    if said.to == team_block.PEOPLE:
        recipient = PEOPLE
    elif said.to is not None:
        step = next((step for step in tracked.plan.steps if step.id == said.to), None)
        if step is None:
            return "to", "unknown_step"
        if step.tools != "team":
            return "to", "not_listening"
        recipient = f"step:{step.id}"
    if said.timeout_s is not None:
        kind = MessageKind.REQUEST
    else:
        kind = MessageKind.BROADCAST if recipient is None else MessageKind.DIRECT
    return Post(
        kind=kind,
        sender=sender,
        recipient=recipient,
        text=said.text,
        expires_at=None if said.timeout_s is None else now + dt.timedelta(seconds=said.timeout_s),
        default_answer=said.default,
    )


def _merge_all(
    tracked: Tracked, run: RunRecord, block: TeamBlock, mistakes: list[Mistake]
) -> list[ContextWrite]:
    values = dict(tracked.state.context)
    writes = []
    for at, change in enumerate(block.changes):
        try:
            value = merge_value(change.merge, old=values.get(change.key), new=change.value)
        except MergeConflict as conflict:
            mistakes.append(Mistake(pointer=f"/context/{at}/value", code=conflict.code))
            continue
        values[change.key] = value
        author = f"step:{run.step_id}"
        writes.append(
            ContextWrite(key=change.key, value=value, author=author, merge=change.merge, given=change.value)
        )
    return writes
