"""The stream of a run of b1 or b2: the rows again, in the stream's own order, with chunks between them.

In the stream `content` and `metadata` are JSON strings inside the JSON. b1 leaves the row with the tokens
out and b2 the end of the turn; in both `tool_completed` comes before the tool's result.
"""

import json
from typing import Any

from executions.suna.simulator.clock import iso
from executions.suna.simulator.event_stream import Recording
from executions.suna.simulator.profiles.y2025_08_errors import model_error_text
from executions.suna.simulator.profiles.y2025_08_rows import (
    Written,
    spoken_text,
    tool_execution,
    write_rows,
)
from executions.suna.simulator.run import Run

_COMPLETED = {"type": "status", "status": "completed", "message": "Agent run completed successfully"}
_LATE = {"type": "status", "status": "completed"}
_STOP = {"type": "status", "status": "STOP"}
_ERROR = {"type": "status", "status": "ERROR"}
END_STREAM = {"type": "status", "status": "END_STREAM"}
_FIRST_CHUNK, _LAST_CHUNK = 0.15, 0.85
_MOST_CHUNKS = 24

Timed = tuple[float, dict[str, Any]]


def build_recording(run: Run, *, variant: str, piece_chars: int | None = None) -> Recording:
    """Return everything that the stream of this run will ever say; text comes by `piece_chars` characters."""
    events = _events_of_rows(run, variant=variant, piece_chars=piece_chars)
    live_end: dict[str, Any] | None = None
    if run.ends_at is not None and not run.lingers:
        live_end = _add_ends(events, run, variant=variant)
    return Recording(events=events, late_end=_LATE, live_end=live_end, stopped_end=_STOP)


def _add_ends(events: list[Timed], run: Run, *, variant: str) -> dict[str, Any] | None:
    """Add what the list says at the run's end; what the control channel says beside it is returned."""
    script, ends_at = run.script, run.ends_at or 0.0
    last_tool = script.turns[-1].tool if script.turns else None
    if script.outcome == "model_error":
        error = {
            "type": "status",
            "status": "error",
            "message": model_error_text(script.error, variant=variant),
        }
        if variant == "b1":
            # Recorded: the error is pushed after the end, so that only a second reader meets it.
            events += [(ends_at, _COMPLETED), (ends_at, error)]
            return None
        events.append((ends_at, error))
        return _ERROR
    if script.outcome in ("crash", "shutdown"):
        message = run.final_error or script.error or ""
        events.append((ends_at, {"type": "status", "status": "error", "message": message.splitlines()[0]}))
        return _ERROR
    if script.outcome == "out_of_budget":
        events.append((ends_at, {"type": "status", "status": "stopped", "message": script.error}))
        return None
    events.append((ends_at, _COMPLETED))
    if variant == "b1" and last_tool in ("complete", "ask"):
        # Recorded: after a terminating tool the turn's end is pushed behind the run's.
        _move_last_turn_end(events)
    # Recorded: the control channel may be quicker than the list.
    return END_STREAM if variant == "b1" and last_tool == "ask" else None


def _events_of_rows(run: Run, *, variant: str, piece_chars: int | None) -> list[Timed]:
    hidden = "response_end" if variant == "b1" else "thread_run_end"
    events: list[Timed] = []
    held: Written | None = None
    for written in write_rows(run, variant=variant):
        if written.part == "tool":
            held = written
            continue
        if written.part != hidden:
            events.append((written.at, _event(written.row, part=written.part)))
        if written.part == "response_start" and run.ends_at is not None:
            events.extend(_chunks(run, written, piece_chars=piece_chars))
        if held is not None and written.part == "tool_completed":
            content = {"tool_execution": tool_execution(run.script.turns[held.turn])}
            events.append((written.at, _event({**held.row, "content": content}, part="tool")))
            held = None
    return events


def _move_last_turn_end(events: list[Timed]) -> None:
    position = max(index for index, (_, event) in enumerate(events[:-1]) if _is_turn_end(event))
    _, event = events.pop(position)
    events.append((events[-1][0], event))


def _is_turn_end(event: dict[str, Any]) -> bool:
    return '"thread_run_end"' in event.get("content", "")


def _event(row: dict[str, Any], *, part: str) -> dict[str, Any]:
    metadata = {**row["metadata"], "stream_status": "complete"} if part == "assistant" else row["metadata"]
    return {**row, "content": json.dumps(row["content"]), "metadata": json.dumps(metadata)}


def _chunks(run: Run, opened: Written, *, piece_chars: int | None) -> list[Timed]:
    script = run.script
    if script.outcome in ("crash", "shutdown", "out_of_budget"):
        return []
    text = spoken_text(script.turns[opened.turn])
    if script.fails_in(opened.turn):
        text = text[: len(text) // 2]
    if not text:
        return []
    count = min(_MOST_CHUNKS, max(4, len(text) // 100), len(text))
    if piece_chars is not None:
        count = -(-len(text) // piece_chars)
    length = ((run.ends_at or 0.0) - run.picked_up_at) / len(script.turns)
    size = -(-len(text) // count)
    thread_run_id = opened.row["metadata"]["thread_run_id"]
    metadata = json.dumps({"stream_status": "chunk", "thread_run_id": thread_run_id})
    chunks: list[Timed] = []
    for sequence, start in enumerate(range(0, len(text), size)):
        share = _FIRST_CHUNK + (_LAST_CHUNK - _FIRST_CHUNK) * sequence / max(1, count - 1)
        at = run.picked_up_at + (opened.turn + share) * length
        content = json.dumps({"role": "assistant", "content": text[start : start + size]})
        event = {
            "sequence": sequence,
            "message_id": None,
            "thread_id": run.thread_id,
            "type": "assistant",
            "is_llm_message": True,
            "content": content,
            "metadata": metadata,
            "created_at": iso(at),
            "updated_at": iso(at),
        }
        chunks.append((at, event))
    return chunks
