"""Runs as every version of Suna shows them: the start's answer, one run, the runs of a thread."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from executions.agent_service import BadResponse, RunStatus, RunView
from executions.suna.wire.values import Json, parse_object, read_id, read_rows, short_text

_STATUS_BY_WORD = {
    "running": RunStatus.RUNNING,
    "completed": RunStatus.COMPLETED,
    "failed": RunStatus.FAILED,
    "stopped": RunStatus.STOPPED,
}
MAX_ERROR_CHARS = 20_000
"""A worker's error holds a whole traceback (suna-contract §2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One run of a thread's list, with the time at which Suna inserted it."""

    view: RunView
    started_at: dt.datetime | None


def read_start(body: bytes, *, place: str | None) -> RunView:
    """Return the run that a start made; BadResponse where the answer names none, or one somewhere else.

    Where `place` is None the start made the thread, and the answer names it.
    """
    answer = parse_object(body)
    run_id = read_id(answer, "agent_run_id")
    thread = answer.get("thread_id")
    if thread is not None:
        thread = read_id(answer, "thread_id")
    if place is not None and thread not in (None, place):
        raise BadResponse("the started run belongs to another thread")
    return RunView(run_id=run_id, place=place or thread, status=RunStatus.RUNNING, word="running")


def read_run(body: bytes, *, run_id: str, thread_key: str) -> RunView:
    """Return one run. `thread_key` is the name under which this version gives its thread."""
    return _build_view(parse_object(body), run_id=run_id, place=None, thread_key=thread_key)


def read_thread_runs(body: bytes, *, place: str) -> tuple[RunRow, ...]:
    """Return the runs of a thread, newest first, as Suna lists them (suna-contract §1.3)."""
    rows = read_rows(parse_object(body), "agent_runs")
    return tuple(
        RunRow(
            view=_build_view(row, run_id=None, place=place, thread_key="thread_id"),
            started_at=read_time(row.get("started_at")),
        )
        for row in rows
    )


def read_active_runs(body: bytes) -> frozenset[str]:
    """Return the ids of the runs under way; BadResponse where the answer is no such list."""
    return frozenset(read_id(row, "id") for row in read_rows(parse_object(body), "active_runs"))


def _build_view(
    row: Mapping[str, Json], *, run_id: str | None, place: str | None, thread_key: str
) -> RunView:
    found_id = read_id(row, "id")
    if run_id is not None and found_id != run_id:
        raise BadResponse("the answer is about another run")
    thread = row.get(thread_key)
    if thread not in (None, ""):
        thread = read_id(row, thread_key)
    if place is not None and thread not in (None, place):
        raise BadResponse("the run belongs to another thread")
    word = short_text(row.get("status"), max_chars=100)
    if word is None:
        raise BadResponse("the run has no status")
    return RunView(
        run_id=found_id,
        place=thread or place,
        status=_STATUS_BY_WORD.get(word, RunStatus.UNKNOWN),
        word=word,
        error=short_text(row.get("error"), max_chars=MAX_ERROR_CHARS),
        restarted=_was_shut_down(row.get("error")),
    )


def _was_shut_down(error: Json) -> bool:
    # A run whose instance was shut down tells it in words only (suna-contract §2).
    return isinstance(error, str) and error.startswith("Instance ") and "shutting down" in error


def read_time(value: Json) -> dt.datetime | None:
    """Return an ISO time with its zone, or None where the value is no such time."""
    if not isinstance(value, str):
        return None
    try:
        moment = dt.datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
