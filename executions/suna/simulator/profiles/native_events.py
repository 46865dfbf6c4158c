"""The stream of a run of c1 or c2: the rows again, in the stream's own order, with chunks between them.

`content` and `metadata` are JSON strings inside the JSON. c1 repeats a tool call's arguments as far as they
have come and gives them as an object in the end; c2 gives each piece once. The row with the tokens is in the
stream for the last turn only.
"""

import json
from collections.abc import Iterator
from typing import Any

from executions.suna.simulator.clock import iso
from executions.suna.simulator.event_stream import Recording
from executions.suna.simulator.profiles.native_errors import model_error_text
from executions.suna.simulator.profiles.native_rows import TICK_S, Timing, part_times, turns_of
from executions.suna.simulator.profiles.native_turn import NativeTurn, Row, dated
from executions.suna.simulator.run import Run

Event = dict[str, Any]
Timed = tuple[float, Event]

LATE_END = {"type": "status", "status": "completed"}
COMPLETED = {
    "c1": {"type": "status", "status": "completed", "message": "Agent run completed successfully"},
    "c2": {"type": "status", "status": "completed", "message": "Worker run completed successfully"},
}
_STOP = {"type": "status", "status": "STOP"}
_ERROR = {"type": "status", "status": "ERROR"}
_ORDERS = {
    "c1": (
        "thread_run_start response_start tool_started last_piece assistant tool_completed tool error finish "
        "terminated response_end"
    ),
    "c2": (
        "thread_run_start response_start tool_started last_piece tool tool_completed assistant error finish "
        "terminated response_end"
    ),
}
_FIRST_CHUNK, _LAST_CHUNK = 0.15, 0.85
_MOST_CHUNKS = 24
_PIECES = 3


def build_recording(run: Run, *, timing: Timing, piece_chars: int | None = None) -> Recording:
    """Return everything that the stream of this run of c1 will ever say; text comes by `piece_chars`."""
    events = build_events(run, version="c1", timing=timing, piece_chars=piece_chars)
    failed = run.script.outcome in ("model_error", "crash", "shutdown")
    live_end = _ERROR if failed and run.ends_at is not None else None
    return Recording(events=events, late_end=LATE_END, live_end=live_end, stopped_end=_STOP)


def build_events(run: Run, *, version: str, timing: Timing, piece_chars: int | None = None) -> list[Timed]:
    """Return the stream's entries with their times, the run's end included where it has one."""
    turns = turns_of(run, version=version, timing=timing)
    events: list[Timed] = []
    for turn in turns:
        events.extend(_turn_events(turn, is_last=turn is turns[-1], piece_chars=piece_chars))
    if run.ends_at is not None:
        end = _end_of(run, version=version)
        events.append((timing.done_at, end))
    return events


def _end_of(run: Run, *, version: str) -> Event:
    script = run.script
    if script.outcome == "model_error":
        message = model_error_text(script.error, version=version)
        return {"type": "status", "status": "error", "message": message}
    if script.outcome in ("crash", "shutdown"):
        lines = (run.final_error or script.error or "").splitlines()
        return {"type": "status", "status": "error", "message": lines[0] if lines else ""}
    if script.outcome == "out_of_budget":
        return {"type": "status", "status": "stopped", "message": run.final_error}
    return COMPLETED[version]


def _turn_events(turn: NativeTurn, *, is_last: bool, piece_chars: int | None) -> list[Timed]:
    run, script = turn.run, turn.run.script
    fails = script.fails_in(turn.number)
    error = model_error_text(script.error, version=turn.version) if fails else None
    rows = turn.rows(error=error)
    if run.ends_at is None or script.outcome in ("crash", "shutdown", "out_of_budget"):
        parts = _ORDERS[turn.version].split()[:2]
    else:
        has_piece = {"last_piece"} if "tool_started" in rows else set()
        parts = [part for part in _ORDERS[turn.version].split() if part in rows or part in has_piece]
        if not is_last and "response_end" in parts:
            parts.remove("response_end")
    chunks = list(chunks_of(turn, piece_chars=piece_chars)) if len(parts) > 2 else []
    pieces = (
        list(_call_pieces(turn, first=len(chunks), piece_chars=piece_chars)) if "last_piece" in parts else []
    )
    events: list[Timed] = [*chunks, *pieces[:-1]]
    for part, at in part_times(turn, parts):
        if part == "last_piece":
            events.append((at, {**pieces[-1][1], "created_at": iso(at), "updated_at": iso(at)}))
        else:
            events.append((at, row_event(dated(rows[part], at), part=part, version=turn.version)))
    return sorted(events, key=lambda timed: timed[0])


def row_event(row: Row, *, part: str, version: str) -> Event:
    """Return a row as the stream carries it."""
    metadata = {**row["metadata"], "stream_status": "complete"} if part == "assistant" else row["metadata"]
    event = {**row, "content": json.dumps(row["content"]), "metadata": json.dumps(metadata)}
    if version != "c1" and part in ("thread_run_start", "response_start"):
        # From c2 on these two are streamed before they are written (suna-contract §9.21).
        event["message_id"] = None
        del event["agent_id"], event["agent_version_id"]
    return event


def chunks_of(turn: NativeTurn, *, piece_chars: int | None = None) -> Iterator[Timed]:
    """Yield the text piece by piece; of a model that fails in the middle, half of it."""
    text = turn.turn.text
    if turn.run.script.fails_in(turn.number):
        text = text[: len(text) // 2]
    if not text:
        return
    count = min(_MOST_CHUNKS, max(4, len(text) // 100), len(text))
    if piece_chars is not None:
        count = -(-len(text) // piece_chars)
    size = -(-len(text) // count)
    for sequence, start in enumerate(range(0, len(text), size)):
        share = _FIRST_CHUNK + (_LAST_CHUNK - _FIRST_CHUNK) * sequence / max(1, count - 1)
        yield _chunk(turn, sequence, share, text=text[start : start + size], stream_status="chunk")


def _call_pieces(turn: NativeTurn, *, first: int, piece_chars: int | None) -> Iterator[Timed]:
    whole = json.dumps(turn.arguments)
    if turn.version == "c1":
        size = piece_chars or -(-len(whole) // _PIECES)
        cuts = range(0, len(whole) - 1, size)
        given: list[Any] = [*(whole[:cut] for cut in cuts), turn.arguments]
        calls = [turn.described_call(arguments=arguments) for arguments in given]
    else:
        calls = list(argument_deltas(turn))
    yield from call_chunks(turn, calls, first=first)


def argument_deltas(turn: NativeTurn) -> Iterator[dict[str, Any]]:
    """Yield the tool call with each piece of its arguments once, as c2 and d do."""
    whole = json.dumps(turn.arguments)
    size = -(-len(whole) // _PIECES)
    for start in range(0, len(whole), size):
        yield turn.described_call(arguments_delta=whole[start : start + size], is_delta=True)


def call_chunks(turn: NativeTurn, calls: list[dict[str, Any]], *, first: int) -> Iterator[Timed]:
    """Yield one chunk for each state of the tool call, numbered from `first`."""
    for number, call in enumerate(calls):
        yield _chunk(
            turn,
            first + number,
            _LAST_CHUNK + 0.008 * (number + 1) / len(calls),
            text="",
            stream_status="tool_call_chunk",
            tool_calls=[call],
        )


def _chunk(turn: NativeTurn, sequence: int, share: float, *, text: str, **metadata: Any) -> Timed:
    # The tick is between those of the turn's opening and end; chunks of one instant keep their order.
    at = turn.began + share * turn.length + (turn.number * 100 + 2) * TICK_S
    return at, {
        "sequence": sequence,
        "message_id": None,
        "thread_id": turn.run.thread_id,
        "type": "assistant",
        "is_llm_message": True,
        "content": json.dumps({"role": "assistant", "content": text}),
        "metadata": json.dumps({"thread_run_id": turn.thread_run_id, **metadata}),
        "created_at": iso(at),
        "updated_at": iso(at),
    }
