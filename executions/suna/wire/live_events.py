"""What the events of a run's stream, and the rows of its thread, tell of it while it goes on.

Both tell the same things in the same words, save for the chunks of a text, which only streams have
(suna-contract §3.2, §5). Whatever is not known is passed over: this is for people to look at.
"""

from collections.abc import Callable, Iterable, Iterator

from executions.agent_service import BadResponse
from executions.live_output import MAX_MESSAGE_CHARS, LeftOut, LiveEvent, TextPiece, WholeMessage
from executions.suna.wire.live_answer import read_growing_text
from executions.suna.wire.live_calls import LiveCalls
from executions.suna.wire.live_order import ChunkOrder, Ordered
from executions.suna.wire.live_xml import CallFilter, XmlCall, read_calls
from executions.suna.wire.messages import Message, build_message
from executions.suna.wire.native_calls import find_native_call
from executions.suna.wire.values import clean_text, parse_object, short_text
from executions.suna.wire.xml_calls import TERMINATING_TOOLS, find_final_call, strip_calls

MAX_EVENT_BYTES = 256 * 1024
"""Of one event of a stream: a longer one is passed over, and that is told."""
MAX_STREAM_BYTES = 64 * 1024 * 1024
"""Of one stream: what comes after is not worth its price."""
MAX_PIECE_CHARS = 4_000

_DATA = b"data:"
_CHUNKS = frozenset({"chunk", "tool_call_chunk"})
_TOOL_STATES = frozenset({"tool_started", "tool_completed", "tool_failed", "tool_error"})


class LiveStream:
    """A run's stream as it comes, byte by byte."""

    def __init__(self, tell: Callable[[LiveEvent], None]) -> None:
        self._tell = tell
        self._reading = LiveReading(tell)
        self._rest = b""
        self._skipping = False
        self._bytes = 0

    def feed(self, piece: bytes) -> bool:
        """Take the next piece and tell what it brings; True when this was as much as is ever read."""
        self._bytes += len(piece)
        if self._bytes > MAX_STREAM_BYTES:
            self._tell(LeftOut(why="too_large"))
            return True
        *lines, rest = piece.split(b"\n")
        if lines:
            if not self._skipping:
                lines[0] = self._rest + lines[0]
            for line in lines[self._skipping :]:
                self._take_line(line)
            self._rest, self._skipping = b"", False
        if self._skipping or len(self._rest) + len(rest) > MAX_EVENT_BYTES:
            if not self._skipping:
                self._tell(LeftOut(why="too_large"))
            self._rest, self._skipping = b"", True
        else:
            self._rest += rest
        return False

    def close(self) -> None:
        """Tell what was held back: nothing more comes."""
        self._reading.close()

    def _take_line(self, line: bytes) -> None:
        if not line.startswith(_DATA):
            return
        if len(line) > MAX_EVENT_BYTES:
            self._tell(LeftOut(why="too_large"))
            return
        try:
            event = parse_object(line[len(_DATA) :])
        except BadResponse:
            return
        sequence = event.get("sequence")
        is_number = isinstance(sequence, int) and not isinstance(sequence, bool) and sequence >= 0
        self._reading.take(build_message(event), sequence=sequence if is_number else None)


class LiveRows:
    """The rows of a thread, read again and again: each row counts once."""

    def __init__(self, tell: Callable[[LiveEvent], None]) -> None:
        self._reading = LiveReading(tell)
        self._seen: set[str] = set()

    def take(self, rows: Iterable[Message]) -> None:
        """Tell what is new among the rows, oldest first."""
        for row in rows:
            if row.message_id is None or row.message_id in self._seen:
                continue
            self._seen.add(row.message_id)
            self._reading.take(row, sequence=None)


class LiveReading:
    """Understands events and rows in their order."""

    def __init__(self, tell: Callable[[LiveEvent], None]) -> None:
        self._tell = tell
        self._calls = LiveCalls(tell)
        self._chunks: ChunkOrder[Message] = ChunkOrder()
        self._filter = CallFilter(answer=self._tell_answer)
        self._written: list[XmlCall] = []
        self._message = 0
        self._messages = 1
        # The number of the message that shows what is being written into `complete` or `ask`.
        self._answer: int | None = None
        self._pieces: dict[int, int] = {}
        self._shown = ""
        self._is_finished = False

    def take(self, row: Message, *, sequence: int | None) -> None:
        """Take in one event or row, whatever it is about."""
        if row.type == "assistant":
            if row.metadata.get("stream_status") in _CHUNKS:
                self._take_chunk(row, sequence)
            else:
                self._take_whole(row)
        elif row.type == "status" and row.status_type in _TOOL_STATES:
            written = self._written or self._filter.find_calls()
            self._calls.take_status(row, written, message=self._message)
        elif row.type == "tool":
            self._calls.take_result(row, message=self._message)

    def close(self) -> None:
        """Tell what was held back."""
        self._show(self._chunks.flush())
        self._tell_text(self._filter.flush(), message=self._message)

    def _take_chunk(self, row: Message, sequence: int | None) -> None:
        if sequence is None:
            self._show_chunk(row)
            return
        group = short_text(row.metadata.get("thread_run_id"), max_chars=100)
        self._show(self._chunks.put(group, sequence, row))

    def _show(self, ordered: Ordered[Message]) -> None:
        if ordered.lost:
            self._tell(LeftOut(why="lost", count=ordered.lost))
        for row in ordered.items:
            self._show_chunk(row)

    def _show_chunk(self, row: Message) -> None:
        if row.metadata.get("stream_status") == "tool_call_chunk":
            self._begin()
            self._take_call_chunk(row)
            return
        text = row.text
        if text:
            self._begin()
            self._tell_text(self._filter.feed(text), message=self._message)

    def _take_call_chunk(self, row: Message) -> None:
        """Tell the calls that are being written, and what is new of an answer in them."""
        self._calls.take_chunk(row.metadata, message=self._message)
        listed = row.metadata.get("tool_calls")
        for call in listed if isinstance(listed, list) else []:
            if isinstance(call, dict) and call.get("function_name") in TERMINATING_TOOLS:
                text = read_growing_text(call.get("arguments")).lstrip()
                if text.startswith(self._shown):
                    self._tell_answer(text[len(self._shown) :])
                    self._shown = text
                return

    def _take_whole(self, row: Message) -> None:
        self._show(self._chunks.flush())
        self._chunks.restart()
        self._begin()
        content = row.text or _text_content(row)
        self._tell_whole(strip_calls(content), message=self._message)
        if self._answer is not None:
            final = find_native_call(row) or find_final_call(content)
            self._tell_whole((final.text if final is not None else None) or "", message=self._answer)
        self._written = read_calls(content)
        self._calls.take_whole(row, self._written, message=self._message)
        self._is_finished = True

    def _begin(self) -> None:
        """Begin the next message where the last one is finished."""
        if self._is_finished:
            self._message = self._messages
            self._messages += 1
            self._answer, self._shown = None, ""
            self._filter = CallFilter(answer=self._tell_answer)
            self._written = []
            self._is_finished = False

    def _tell_answer(self, text: str) -> None:
        """Tell what is new of an answer, as a message of its own: others may stand beside it."""
        if self._answer is None:
            text = text.lstrip()
        if not text:
            return
        if self._answer is None:
            self._answer = self._messages
            self._messages += 1
        self._tell_text(text, message=self._answer)

    def _tell_text(self, text: str, *, message: int) -> None:
        for piece in _cut_up(text):
            order = self._pieces.get(message, 0)
            self._pieces[message] = order + 1
            self._tell(TextPiece(message=message, order=order, text=piece))

    def _tell_whole(self, text: str, *, message: int) -> None:
        if text:
            is_cut = len(text) > MAX_MESSAGE_CHARS
            shown = text[:MAX_MESSAGE_CHARS] if is_cut else text
            self._tell(WholeMessage(message=message, text=shown, is_cut=is_cut))


def _cut_up(text: str) -> Iterator[str]:
    for start in range(0, len(text), MAX_PIECE_CHARS):
        yield text[start : start + MAX_PIECE_CHARS]


def _text_content(row: Message) -> str:
    text = row.metadata.get("text_content")
    return clean_text(text) if isinstance(text, str) else ""
