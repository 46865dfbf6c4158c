"""The stream of a run of d: hints for its web pages, the rows before they are written, and few true ends.

Recorded order of a turn that ends the run by a tool: tool_started, the tool's result, tool_completed, two
`finish` events, only then the whole answer, and a third `finish`. `llm_response_end` carries no tokens here.
Every object has `_event_id`, the entry's place in the Redis stream.
"""

from collections.abc import Iterator
from typing import Any

from executions.suna.simulator.clock import iso
from executions.suna.simulator.profiles.native_errors import model_error_text
from executions.suna.simulator.profiles.native_events import (
    Event,
    Timed,
    argument_deltas,
    call_chunks,
    chunks_of,
    row_event,
)
from executions.suna.simulator.profiles.native_models import alias_of
from executions.suna.simulator.profiles.native_rows import Timing, part_times, turns_of
from executions.suna.simulator.profiles.native_turn import NativeTurn, Row, dated
from executions.suna.simulator.run import Run

_SYSTEM_TOKENS = 25_900
_COMPLETED = {"type": "status", "status": "completed", "message": "completed"}


def build_stream(run: Run, *, timing: Timing) -> list[Timed]:
    """Return all entries of the run's stream, each with its time and its `_event_id`."""
    turns = turns_of(run, version="d", timing=timing)
    events = list(_opening(run))
    for turn in turns:
        events.extend(_turn_events(turn, is_last=turn is turns[-1]))
    if run.ends_at is not None:
        events.extend((timing.done_at, event) for event in _ends_of(run, timing.done_at))
    return _numbered(events)


def _numbered(events: list[Timed]) -> list[Timed]:
    numbered: list[Timed] = []
    millisecond, number = -1, 0
    for at, event in events:
        # A stream's ids never go back, whatever the entries say of their own times.
        number = number + 1 if int(at * 1000) <= millisecond else 0
        millisecond = max(millisecond, int(at * 1000))
        numbered.append((at, {**event, "_event_id": f"{millisecond}-{number}"}))
    return numbered


def _opening(run: Run) -> Iterator[Timed]:
    began, picked_up = run.started_at, run.picked_up_at
    at, ready_at = iso(began), iso(picked_up)
    model_called = run.script.outcome != "nothing_to_do"
    yield (
        began,
        {
            "type": "ack",
            "message": "Working on your request...",
            "agent_run_id": run.id,
            "timestamp": at,
        },
    )
    estimate = {
        "type": "estimate",
        "estimated_seconds": 3.5,
        "confidence": "low",
        "message": "This should take about 3 seconds",
        "timestamp": at,
        "breakdown": {"prep": 0.5, "llm": 3.0, "tools": 0.0},
    }
    yield began, estimate
    yield began, {"type": "status", "status": "initializing", "message": "Starting execution..."}
    stages: tuple[tuple[str, str, int], ...] = (("initializing", "Setting up", 10), ("ready", "Ready", 100))
    for stage, detail, progress in stages:
        prep = {"type": "prep_stage", "stage": stage, "timestamp": ready_at}
        yield picked_up, {**prep, "detail": detail, "progress": progress}
    if not model_called:
        return
    yield (
        picked_up,
        {"type": "thinking", "message": "AI is processing your request...", "timestamp": ready_at},
    )
    tokens = run.script.turns[0].tokens_input if run.script.turns else 0
    usage = {"type": "context_usage", "current_tokens": _SYSTEM_TOKENS + tokens, "message_count": 1}
    yield picked_up, {**usage, "compressed": False, "timestamp": ready_at}
    first_ms = round((picked_up - began) * 1000.0 + 100.0, 1)
    timing = {"type": "timing", "first_response_ms": first_ms, "timestamp": ready_at}
    yield picked_up, {**timing, "pipeline": "stateless"}


def _turn_events(turn: NativeTurn, *, is_last: bool) -> list[Timed]:
    run, script = turn.run, turn.run.script
    rows = turn.rows()
    speaks = run.ends_at is not None and script.outcome not in ("crash", "shutdown", "out_of_budget")
    closes = speaks and script.outcome != "model_error"
    parts = ["thread_run_start", "response_start", *(_closing_parts(turn) if closes else [])]
    chunks = list(chunks_of(turn)) if speaks else []
    if closes and turn.turn.tool:
        chunks += call_chunks(turn, list(argument_deltas(turn)), first=len(chunks))
    opening: list[Timed] = []
    closing: list[Timed] = []
    sequence = len(chunks)
    for index, (part, at) in enumerate(part_times(turn, parts)):
        if index < 2:
            opening.append((at, row_event(dated(rows[part], at), part=part, version="d")))
            continue
        if part.startswith("bare_end"):
            bare = {"type": "llm_response_end", "timestamp": iso(at), "thread_run_id": turn.thread_run_id}
            closing.append((at, bare))
            continue
        event = row_event(dated(_streamed(turn, part, rows), at), part=part, version="d")
        event["created_by_user_id"] = None
        event["agent_version_id"] = None
        if part in ("tool", "assistant"):
            event["sequence"] = sequence
            sequence += 1
        if part == "tool":
            # Recorded: the database names the agent beside a tool's result, the stream does not.
            event["agent_id"] = None
        closing.append((at, event))
    at = opening[-1][0]
    first = {
        "type": "llm_ttft",
        "ttft_seconds": 0.02 * turn.length,
        "model": alias_of(run),
        "thread_id": run.thread_id,
    }
    return [*opening, (at, first), *sorted([*chunks, *closing], key=lambda timed: timed[0])]


def _closing_parts(turn: NativeTurn) -> list[str]:
    if not turn.turn.tool:
        return ["assistant", "finish", "bare_end"]
    tool = ["tool_started", "tool", "tool_completed"]
    if not turn.ends_here:
        return [*tool, "assistant", "finish", "bare_end"]
    ends = ["terminated_tools", "bare_end_early", "terminated", "terminating_tool"]
    return [*tool, *ends, "assistant", "finish", "bare_end"]


def _streamed(turn: NativeTurn, part: str, rows: dict[str, Row]) -> Row:
    """Return what the stream says where it is not what the database gets."""
    ends = {"agent_should_terminate": True}
    if part == "tool_completed" and turn.ends_here:
        linked = {**ends, "linked_tool_result_message_id": turn.id("tool")}
        return turn.tool_status("tool_completed", metadata=linked, finish_reason="agent_terminated")
    if part == "terminated_tools":
        return turn.status_row(part, "finish", finish_reason="agent_terminated", tools_executed=True)
    if part == "terminated":
        return turn.status_row(part, "finish", metadata=ends, finish_reason="agent_terminated")
    if part == "terminating_tool":
        return turn.status_row(
            part, "terminating_tool_completed", tool_call_id=turn.call_id, function_name=turn.turn.tool
        )
    if part == "finish" and turn.turn.tool:
        return turn.status_row(part, "finish", finish_reason="tool_calls", tools_executed=True)
    if part == "assistant" and turn.turn.tool:
        call = turn.described_call(arguments=turn.arguments, _original_function_name=None)
        return {**rows[part], "metadata": {**rows[part]["metadata"], "tool_calls": [call]}}
    return rows[part]


def _ends_of(run: Run, at: float) -> list[Event]:
    script = run.script
    if script.outcome == "model_error" and not script.partial:
        text = model_error_text(script.error, version="d")
        return [{"type": "status", "status": "error", "message": text, "error_type": "bad_request"}]
    if script.outcome == "model_error":
        text = model_error_text(script.error, version="d")
        return [_error(run, text, "PIPELINE_ERROR", at)]
    if script.outcome == "crash":
        return [_error(run, script.error or "", "PIPELINE_ERROR", at)]
    if script.outcome == "shutdown":
        return [_error(run, "Instance is shutting down", "SHUTDOWN", at)]
    if script.outcome == "out_of_budget":
        stopped = {"type": "status", "status": "stopped", "message": "insufficient_credits"}
        return [_error(run, script.error or "", "INSUFFICIENT_CREDITS", at), stopped]
    return [_COMPLETED]


def _error(run: Run, text: str, code: str, at: float) -> dict[str, Any]:
    return {
        "type": "error",
        "error": text,
        "error_code": code,
        "recoverable": False,
        "agent_run_id": run.id,
        "timestamp": iso(at),
    }
