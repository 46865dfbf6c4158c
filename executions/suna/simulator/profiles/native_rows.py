"""What a run of c1, c2 or d writes into its thread, and when the database shows it.

c1 and c2 write row by row. d writes in batches: on the normal path all is there before the run is
`completed`, after an error or a stop the last batch comes later than the status.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from executions.suna.simulator.profiles.native_errors import model_error_text
from executions.suna.simulator.profiles.native_turn import NativeTurn, Row, dated
from executions.suna.simulator.run import Run, Thread, UserMessage

_ORDERS = {
    "c1": (
        "thread_run_start response_start tool_started assistant tool tool_completed error finish terminated "
        "response_end thread_run_end"
    ),
    "c2": (
        "thread_run_start response_start assistant tool_started tool tool_completed error finish terminated "
        "response_end thread_run_end"
    ),
    "d": (
        "thread_run_start response_start tool_started tool_completed assistant tool finish response_end "
        "thread_run_end"
    ),
}
TICK_S = 1e-6
# A short run may not be longer in the database than in the stream by more than this share of it.
_MOST_LAG = 0.1
_KEPT_IN_OPTIMIZED = ("user", "assistant", "tool")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """When the worker of a run is `done`, and how often the database gets rows (0: each at once)."""

    done_at: float
    flush_s: float


def timing_of(run: Run, *, lag_s: float, flush_s: float = 0.0) -> Timing:
    """Return the timing of a run; `lag_s` is how much later than the stream the database knows its end."""
    if run.ends_at is None:
        return Timing(done_at=math.inf, flush_s=flush_s)
    lag = min(lag_s, _MOST_LAG * (run.ends_at - run.picked_up_at))
    return Timing(done_at=run.ends_at - lag, flush_s=flush_s)


def turns_of(run: Run, *, version: str, timing: Timing) -> list[NativeTurn]:
    """Return the turns of a run with their times. A run without an end opens its first and says no more."""
    script = run.script
    if script.outcome == "nothing_to_do":
        return []
    turns = script.turns if run.ends_at is not None else script.turns[:1]
    whole = timing.done_at - run.picked_up_at if run.ends_at is not None else 0.0
    each = whole / max(1, len(turns))
    if script.outcome == "model_error" and not script.partial:
        # A model that refuses the call leaves nothing at all (suna-contract §9.24).
        turns = turns[:-1]
    return [
        NativeTurn(
            run=run,
            turn=turn,
            number=number,
            version=version,
            began=run.picked_up_at + number * each,
            length=each,
        )
        for number, turn in enumerate(turns)
    ]


def part_times(turn: NativeTurn, parts: list[str]) -> Iterator[tuple[str, float]]:
    """Yield each part with its time: the first two open the turn, the others come behind the text."""
    for index, part in enumerate(parts):
        share = 0.02 * index if index < 2 else 0.86 + 0.12 * (index - 1) / len(parts)
        # Parts of one instant keep their order; the text's tick is between the first two and the others.
        tick = turn.number * 100 + (index if index < 2 else index + 1)
        yield part, turn.began + share * turn.length + tick * TICK_S


def user_row(thread: Thread, message: UserMessage) -> Row:
    """Return a message that somebody put on the thread."""
    return dated(
        {
            "message_id": message.id,
            "thread_id": thread.id,
            "type": message.kind,
            "is_llm_message": message.is_llm_message,
            "content": {"role": "user", "content": message.text},
            "metadata": {},
            "agent_id": None,
            "agent_version_id": None,
        },
        message.created_at,
    )


def optimized(row: Row) -> Row | None:
    """Return a row as the default reading shows it, if at all: only people's words keep their content."""
    if row["type"] not in _KEPT_IN_OPTIMIZED:
        return None
    dropped = {"agent_version_id"} if row["type"] == "user" else {"agent_version_id", "content"}
    return {key: value for key, value in row.items() if key not in dropped}


def build_rows(run: Run, *, version: str, timing: Timing, now: float) -> list[tuple[float, Row]]:
    """Return the rows of a run that are there now, each with its time, oldest first."""
    turns = turns_of(run, version=version, timing=timing)
    rows: list[tuple[float, Row]] = []
    opened: NativeTurn | None = None
    for turn in turns:
        for part, at, row in _written(turn):
            if not run.shows(at, now):
                continue
            if part == "thread_run_start":
                opened = turn
            shown_at = _shown_at(run, at, timing) + (len(rows) + 1) * TICK_S if timing.flush_s else at
            if shown_at <= now or (run.ended and not _is_late(run)):
                rows.append((shown_at, dated(row, shown_at)))
    if run.cut_at is not None and opened is not None and version != "d":
        rows.extend(_cancelled(opened, run.cut_at))
    return rows


def _written(turn: NativeTurn) -> Iterator[tuple[str, float, Row]]:
    script = turn.run.script
    error = None
    if script.fails_in(turn.number):
        error = model_error_text(script.error, version=turn.version)
    rows = turn.rows(error=error)
    parts = [part for part in _ORDERS[turn.version].split() if part in rows]
    if turn.run.ends_at is None:
        parts = parts[:2]
    elif script.outcome in ("crash", "shutdown", "out_of_budget"):
        parts = [*parts[:2], "thread_run_end"]
    for part, at in part_times(turn, parts):
        yield part, at, rows[part]


def _is_late(run: Run) -> bool:
    return run.cut_at is not None or run.script.outcome not in ("completed", "raw")


def _shown_at(run: Run, at: float, timing: Timing) -> float:
    batch = run.started_at + timing.flush_s * (1 + (at - run.started_at) // timing.flush_s)
    shown_at = batch if _is_late(run) else min(batch, timing.done_at)
    # Nothing of a run is written before the run itself, and its prompt.
    return max(shown_at, run.visible_at) if math.isfinite(run.visible_at) else shown_at


def _cancelled(turn: NativeTurn, at: float) -> list[tuple[float, Row]]:
    closing = (
        turn.status_row("cancelled", "finish", finish_reason="cancelled"),
        turn.status_row("thread_run_end", "thread_run_end"),
    )
    return [
        (at + number * TICK_S, dated(row, at + number * TICK_S))
        for number, row in enumerate(closing, start=1)
    ]
