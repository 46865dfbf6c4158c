"""What a run's event stream tells: its end while it comes, its error when it is read as a whole.

Every event is one line `data: <JSON>`. Those with a status of their own are about the run; the others, whose
status stands inside `content`, are about its steps (suna-contract §3).
"""

from executions.agent_service import BadResponse
from executions.suna.wire.runs import MAX_ERROR_CHARS
from executions.suna.wire.values import parse_object, short_text

MAX_EVENT_BYTES = 64 * 1024
"""Of one event no more is looked at. What tells of a run's end is short; what tools found may be long."""

_DATA = b"data:"
# As keys they stand between plain quotation marks; inside a text those would be escaped.
_STATUS, _CONTENT = b'"status"', b'"content"'
ENDS = frozenset({"completed", "failed", "stopped", "error", "stop", "end_stream"})
"""All words that were seen at an end, in lower case (suna-contract §3.4). None of them is the truth."""


class EndFinder:
    """Looks for the hint of a run's end in a stream that comes piece by piece; keeps nothing of it.

    Hundreds of events come for one that matters, so that only those which may be it are parsed.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._skipping = False

    def feed(self, piece: bytes) -> tuple[int, bool]:
        """Take the next piece; return how many events it completed, and whether one hints at the end."""
        *lines, rest = piece.split(b"\n")
        events, is_over = 0, False
        if lines:
            if self._skipping:
                events += 1
            else:
                lines[0] = self._rest + lines[0]
            for line in lines[self._skipping :]:
                if line.startswith(_DATA):
                    events += 1
                    is_over = is_over or _hints_at_end(line)
            self._rest, self._skipping = b"", False
        if self._skipping or len(self._rest) + len(rest) > MAX_EVENT_BYTES:
            self._rest, self._skipping = b"", True
        else:
            self._rest += rest
        return events, is_over


def _hints_at_end(line: bytes) -> bool:
    if _STATUS not in line or _CONTENT in line or len(line) > MAX_EVENT_BYTES:
        return False
    try:
        event = parse_object(line[len(_DATA) :])
    except BadResponse:
        return False
    status = event.get("status")
    return event.get("type") == "status" and isinstance(status, str) and status.lower() in ENDS


def find_stream_error(body: bytes) -> str | None:
    """Return the message of the last event that says that the run met an error."""
    for line in reversed(body.split(b"\n")):
        if not line.startswith(_DATA):
            continue
        try:
            event = parse_object(line[len(_DATA) :])
        except BadResponse:
            continue
        if event.get("type") == "status" and event.get("status") == "error":
            return short_text(event.get("message"), max_chars=MAX_ERROR_CHARS)
    return None
