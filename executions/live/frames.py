"""Live output as server-sent events: what a client gets, byte by byte.

Two events: `live` with an object {run, step, attempt, turn, kind, ...}, and as the last `over` with {status}.
None has an id: who connects again is told everything anew.
"""

import json
from collections.abc import Mapping
from typing import Any

from executions.live.under_way import RunUnderWay
from executions.orchestrator.live_keys import EVENTS, NUMBER

RETRY_MS = 3000
HEARTBEAT = b": still here\n\n"


def retry_frame(after_ms: int) -> bytes:
    """Return what tells a client when to come back after the stream has ended."""
    return f"retry: {after_ms}\n\n".encode()


FIRST = retry_frame(RETRY_MS)


class NoEntry(Exception):
    """Something in a stream of Redis that no driver wrote."""


def live_frame(run: RunUnderWay, event: Mapping[str, Any]) -> bytes:
    """Return one event of a run."""
    data = {
        "run": str(run.id),
        "step": run.step_id,
        "attempt": run.attempt,
        "turn": run.turn,
        **event,
    }
    return _frame("live", data)


def over_frame(status: str | None) -> bytes:
    """Return the last event: the execution is over, with this status, or it is not there any more."""
    return _frame("over", {"status": status})


def run_frame(run: RunUnderWay) -> bytes:
    """Return what says that a run is under way; all that follows tells of it from its beginning."""
    return live_frame(run, {"kind": "run", "source": run.source.value})


def read_entry(fields: Mapping[Any, bytes]) -> tuple[int, list[dict[str, Any]]]:
    """Return an entry's number and its events. Raises NoEntry."""
    try:
        number = int(fields[NUMBER.encode()])
        events = json.loads(fields[EVENTS.encode()])
    except (KeyError, ValueError, RecursionError) as error:
        raise NoEntry from error
    if not isinstance(events, list) or not all(
        isinstance(event, dict) and isinstance(event.get("kind"), str) for event in events
    ):
        raise NoEntry
    return number, events


def _frame(name: str, data: Mapping[str, Any]) -> bytes:
    # In JSON no line ends: a text cannot begin an event of its own.
    text = json.dumps(data, ensure_ascii=False).encode(errors="replace")
    return b"event: " + name.encode() + b"\ndata: " + text + b"\n\n"
