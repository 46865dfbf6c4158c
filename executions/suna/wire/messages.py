"""The rows of a thread: which of them belong to a run, and what each holds (suna-contract §5)."""

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from executions.agent_service import BadResponse
from executions.suna.wire.runs import RunRow, read_time
from executions.suna.wire.values import Json, clean_text, is_storable, parse_object, read_rows, short_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One row. `content` and `metadata` are objects, also where Suna stored them as JSON in a text."""

    message_id: str | None
    type: str
    content: Mapping[str, Json]
    metadata: Mapping[str, Json]
    created_at: dt.datetime | None

    @property
    def text(self) -> str | None:
        """The row's own text, of a plain text or of a list of parts."""
        inner = self.content.get("content")
        if isinstance(inner, str):
            return clean_text(inner)
        if isinstance(inner, list):
            parts = [part.get("text") for part in inner if isinstance(part, dict)]
            return clean_text("".join(part for part in parts if isinstance(part, str))) or None
        return None

    @property
    def is_storable(self) -> bool:
        """Whether the row's content can be stored as it stands; `text` is cleaned in any case."""
        return is_storable(self.content)

    @property
    def status_type(self) -> str | None:
        """What a status row is about: thread_run_start, error, finish and so on."""
        return short_text(self.content.get("status_type"), max_chars=100)


def read_messages(body: bytes) -> tuple[Message, ...]:
    """Return the rows of a thread in the order of the answer, each id once."""
    messages: list[Message] = []
    seen: set[str] = set()
    for row in read_rows(parse_object(body), "messages"):
        message_id = short_text(row.get("message_id"), max_chars=200)
        if message_id is not None:
            if message_id in seen:
                continue
            seen.add(message_id)
        messages.append(build_message(row))
    return tuple(messages)


def build_message(row: Mapping[str, Json]) -> Message:
    """Build one row, from the list or from the stream, whose events look like the rows."""
    return Message(
        message_id=short_text(row.get("message_id"), max_chars=200),
        type=short_text(row.get("type"), max_chars=100) or "",
        content=_read_object(row.get("content")),
        metadata=_read_object(row.get("metadata")),
        created_at=read_time(row.get("created_at")),
    )


def has_several_turns(messages: Iterable[Message]) -> bool:
    """Tell whether people wrote into the thread more than once, so that it holds several runs."""
    return sum(message.type == "user" for message in messages) > 1


def ends_with_prompt(messages: Sequence[Message], prompt: str) -> bool:
    """Tell whether this prompt is the last that was said in a thread, so that no run has answered it yet.

    The same words further up are an older prompt: people answer "yes" more than once.
    """
    said = [message for message in messages if message.type in ("user", "assistant")]
    return bool(said) and said[-1].type == "user" and said[-1].text == clean_text(prompt)


def select_run(messages: Sequence[Message], *, run_id: str, runs: Sequence[RunRow]) -> tuple[Message, ...]:
    """Return the rows between a run's start and the next run's.

    No row names its run, and times are all there is to tell them apart. Raises BadResponse where another run
    is listed and this one, or its time, is not: what the other said is no answer of this one.
    """
    starts = sorted(row.started_at for row in runs if row.started_at is not None)
    begin = next((row.started_at for row in runs if row.view.run_id == run_id), None)
    if begin is None:
        if any(row.view.run_id != run_id for row in runs):
            raise BadResponse("the run is not listed beside the other runs of its thread")
        return tuple(messages)
    end = next((start for start in starts if start > begin), None)
    return tuple(
        message
        for message in messages
        if message.created_at is not None
        and message.created_at >= begin
        and (end is None or message.created_at < end)
    )


def _read_object(value: Json) -> Mapping[str, Json]:
    """Return a stored object. Some rows hold it as JSON in a text, some hold the bare text."""
    if isinstance(value, str):
        try:
            parsed = json.loads(value)
        except (ValueError, RecursionError):
            return {"content": value}
        return parsed if isinstance(parsed, dict) else {"content": value}
    return value if isinstance(value, dict) else {}
