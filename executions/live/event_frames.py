"""The events of an execution as server-sent events.

Each is a message without a name whose `id` is its `seq` and whose data is what the list of events shows. The
last one is named `end`, has no id, and says {status, last_seq}; status is null where the execution is gone.
"""

import json
from collections.abc import Callable, Iterator

from django.utils.translation import override

from executions.live.event_rows import PAGE, Ask, Standing, find_events, find_standings
from executions.live.frames import FIRST
from executions.models import ExecutionEvent

Render = Callable[[ExecutionEvent], bytes]
"""Returns an event as JSON, without a line break."""


def event_frame(event: ExecutionEvent, *, render: Render, language: str) -> bytes:
    """Return one event in the words of a language."""
    with override(language):
        return b"id: %d\ndata: %s\n\n" % (event.seq, render(event))


def end_frame(standing: Standing | None, *, last_seq: int) -> bytes:
    """Return the last event."""
    status = None if standing is None else standing.status
    data = json.dumps({"status": status, "last_seq": last_seq}).encode()
    return b"event: end\ndata: %s\n\n" % data


def event_frames_so_far(ask: Ask, *, render: Render, language: str) -> Iterator[bytes]:
    """Yield what there is now, for a server that keeps no stream open; the client comes back for more."""
    yield FIRST
    standing = find_standings([ask.execution_id]).get(ask.execution_id)
    while found := find_events([ask])[ask]:
        yield from (event_frame(event, render=render, language=language) for event in found)
        ask = Ask(execution_id=ask.execution_id, after=found[-1].seq)
        if len(found) < PAGE:
            break
    if standing is None or (standing.is_over and ask.after >= standing.last_seq):
        yield end_frame(standing, last_seq=ask.after)
