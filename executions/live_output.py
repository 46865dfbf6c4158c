"""What a running agent does, as it does it: the values that live output is made of. Pure.

They are shown and thrown away. Nothing is decided by them: what a run left behind is its result. All texts
are an agent's, so they are hostile; they are clean (no NUL, no half characters) and of bounded length.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

MAX_MESSAGE_CHARS = 20_000
"""Of one message that is told as a whole."""
MAX_SHORT_CHARS = 500
"""Of a tool's arguments and of its output."""
MAX_ANSWER_CHARS = 4_000
"""Of the arguments of a tool that gives the answer or puts the question."""
MAX_NAME_CHARS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPiece:
    """The next piece of a message that is being written. Messages and pieces count from 0, each in order."""

    message: int
    order: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeMessage:
    """A message that is finished: this is its text, whatever its pieces said.

    Where `is_cut` it is only the beginning, and whoever has the pieces knows more.
    """

    message: int
    text: str
    is_cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolStarted:
    """A tool was called. Told again, under the same `call`, when more of its arguments is known."""

    call: int
    name: str
    arguments: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolFinished:
    """A tool came to its end. Told again, under the same `call`, when its output is known."""

    call: int
    name: str
    ok: bool
    output: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Something is missing here. `why`: too_large, lost (it never came) or too_fast (we were too slow)."""

    why: str
    count: int = 1


LiveEvent = TextPiece | WholeMessage | ToolStarted | ToolFinished | LeftOut

KINDS: Mapping[type[LiveEvent], str] = {
    TextPiece: "text",
    WholeMessage: "message",
    ToolStarted: "tool_started",
    ToolFinished: "tool_finished",
    LeftOut: "left_out",
}
"""The word for each on the wire, as `kind`."""


def event_as_json(event: LiveEvent) -> dict[str, Any]:
    """Return an event as an object: its `kind` and its fields."""
    values = {field.name: getattr(event, field.name) for field in fields(event)}
    return {"kind": KINDS[type(event)], **values}


def shorten(text: str, *, max_chars: int) -> str:
    """Return a text, cut with an ellipsis where it is longer."""
    return text if len(text) <= max_chars else f"{text[: max_chars - 1]}…"
