"""What an ended run's event stream tells when it is read as a whole (suna-contract §3).

Every event is one line `data: <JSON>`. Those with a status of their own are about the run; the others, whose
status stands inside `content`, are about its steps.
"""

from executions.agent_service import BadResponse
from executions.suna.wire.runs import MAX_ERROR_CHARS
from executions.suna.wire.values import parse_object, short_text

_DATA = b"data:"


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
