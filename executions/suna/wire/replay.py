"""The event stream of a run that is over, read from its first event to its close (suna-contract §3.3, §3.4).

Until December 2025 Suna keeps every event of a run for a day after its end and replays them to whoever
connects; then it closes. Of a version that shows no rows it is all that tells what a run left behind.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

from executions.agent_service import BadResponse, ResultExpired, Unavailable
from executions.suna.wire.call import Call, Patience
from executions.suna.wire.messages import Message, build_message
from executions.suna.wire.runs import MAX_ERROR_CHARS
from executions.suna.wire.stream import ENDS
from executions.suna.wire.values import Json, parse_object, short_text

MAX_PARTIAL_BYTES = 512 * 1024
"""Of the pieces of an answer that never became whole no more is kept."""
MAX_LINE_BYTES = 8 * 1024 * 1024
"""A longer event is not read: that would need as much memory again and again."""
_HEAD_BYTES = 2048
"""Within so many an event tells its type, which stands before its content."""

_DATA = b"data:"
# Events hold `content` and `metadata` as JSON within JSON: what stands between plain quotation marks is the
# event's own, and what stands between escaped ones is the message's.
_PIECE = re.compile(rb'\\"stream_status\\":\s?\\"(?:tool_call_)?chunk\\"')
_CALL = b"tool_call_chunk"
_TOOL = re.compile(rb'"type":\s?"tool"')
_ANSWER = re.compile(rb'"type":\s?"assistant"')
_ERROR = "error"
_COMPLETE = "complete"


class OverlongEvent(Exception):
    """An event is longer than any that is read, and it is not what a tool gave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What a replay told. `partial` is what came of an answer that never became whole.

    `error` is why the run failed, where nothing was answered after it. `is_cut`: an answer, or a call, was
    begun that never became whole.
    """

    messages: tuple[Message, ...]
    partial: str | None
    error: str | None
    is_cut: bool = False


def replay_call(path: str) -> Call:
    """Build the call for the replay of an ended run's stream."""
    return Call(method="GET", path=path, patience=Patience.REPLAY, replays=True)


async def shed(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Pass a stream on without what a result does not need: what tools gave, and pieces of whole answers.

    An answer of 100 KB comes in ten megabytes of pieces, and a call's pieces each hold all of it so far: of
    these only the newest is kept. Raises OverlongEvent.
    """
    rest, skipping = b"", False
    kept = _Pieces()
    async for chunk in chunks:
        *lines, last = chunk.split(b"\n")
        if lines:
            lines[0] = b"" if skipping else rest + lines[0]
            rest, skipping = b"", False
        for line in lines:
            if not line.startswith(_DATA):
                continue
            if _PIECE.search(line):
                kept.put(line)
                continue
            if _ANSWER.search(line):
                kept = _Pieces()
            elif _TOOL.search(line):
                continue
            yield line + b"\n"
        if skipping or len(rest) + len(last) > MAX_LINE_BYTES:
            if not skipping and not _TOOL.search((rest + last)[:_HEAD_BYTES]):
                raise OverlongEvent
            rest, skipping = b"", True
        else:
            rest += last
    for line in kept.lines():
        yield line + b"\n"


class _Pieces:
    """The pieces of an answer that is not whole yet, as far as they are kept."""

    def __init__(self) -> None:
        self._texts: list[bytes] = []
        self._size = 0
        self._call: bytes | None = None

    def put(self, line: bytes) -> None:
        if _CALL in line:
            # Cumulative, and longer than a text's piece.
            if len(line) <= MAX_PARTIAL_BYTES:
                self._call = line
        elif self._size + len(line) <= MAX_PARTIAL_BYTES:
            self._texts.append(line)
            self._size += len(line)

    def lines(self) -> list[bytes]:
        return [*self._texts, *([self._call] if self._call is not None else [])]


def read_replay(body: bytes) -> Replay:
    """Read a replay. Raises Unavailable where it broke off, ResultExpired where Suna has forgotten the run.

    BadResponse where it has events and not one of them can be read.

    An ended run's replay always closes with `completed`, also after a failure; behind a `completed` may stand
    the error (§9.24), and an error at the very end is one of the replay itself.
    """
    messages: dict[str, Message] = {}
    pieces: list[tuple[int, str]] = []
    word = error = None
    is_bare, is_garbled = True, False
    is_cut = False
    for line in body.split(b"\n"):
        event = _read_event(line)
        if event is None:
            is_garbled = is_garbled or line.startswith(_DATA)
            continue
        if "content" in event:
            is_bare = False
            message = build_message(event)
            state = message.metadata.get("stream_status")
            if state not in (None, _COMPLETE):
                if state == "chunk":
                    pieces.append((_sequence_of(event), message.text or ""))
                is_cut = True
                continue
            if message.type == "assistant":
                error = None
                # What came before was pieces of this.
                pieces.clear()
                is_cut = False
            elif message.type == "status" and message.status_type == _ERROR:
                error = _error_of(message.content) or error
            messages.setdefault(message.message_id or f"#{len(messages)}", message)
        elif event.get("type") == "status" and isinstance(event.get("status"), str):
            word = event["status"].lower()
            is_bare = is_bare and word != _ERROR and event.get("message") is None
            if word == _ERROR:
                error = short_text(event.get("message"), max_chars=MAX_ERROR_CHARS) or error
    if word is None or word == _ERROR or word not in ENDS:
        raise Unavailable("the replay of the run's events broke off")
    if is_bare and is_garbled:
        raise BadResponse("the events of the run cannot be read")
    if is_bare:
        raise ResultExpired("Suna does not keep the run's events any more")
    partial = "".join(text for _, text in sorted(pieces, key=lambda piece: piece[0]))
    return Replay(messages=tuple(messages.values()), partial=partial or None, error=error, is_cut=is_cut)


def _read_event(line: bytes) -> dict[str, Json] | None:
    if not line.startswith(_DATA):
        return None
    try:
        return parse_object(line[len(_DATA) :])
    except BadResponse:
        return None


def _sequence_of(event: dict[str, Json]) -> int:
    sequence = event.get("sequence")
    return sequence if isinstance(sequence, int) else 0


def _error_of(content: object) -> str | None:
    found = content if isinstance(content, dict) else {}
    return short_text(found.get("message"), max_chars=MAX_ERROR_CHARS) or short_text(
        found.get("error"), max_chars=MAX_ERROR_CHARS
    )
