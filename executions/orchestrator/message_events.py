"""The events of the team's messages: who wrote to whom, never what, which the messages themselves hold."""

from executions.orchestrator.changes import Event
from executions.orchestrator.message_rows import Post
from teams.workflow.plan import Json


def posted(post: Post) -> Event:
    """Build the event of a message; `kind` is what it was meant to be."""
    data: dict[str, Json] = {"message": str(post.id), "kind": post.kind.value, "to": post.recipient}
    by, _colon, name = post.sender.partition(":")
    if by == "user":
        return Event(kind="message_posted", data=data, actor=post.sender)
    return Event(kind="message_posted", step_id=name if by == "step" else "", data=data)
