"""From the events of an execution to the spans of time that each step waited, started, ran and asked."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

WAITING = "waiting"
STARTING = "starting"
UNSURE = "unsure"
RUNNING = "running"
ASKING = "asking"
RETRYING = "retrying"
STOPPING = "stopping"
PHASES = (WAITING, STARTING, UNSURE, RUNNING, ASKING, RETRYING, STOPPING)

_BEGINS: Mapping[str, str] = {
    "step_ready": WAITING,
    "start_put_back": WAITING,
    "start_abandoned": WAITING,
    "question_answered": WAITING,
    "step_starting": STARTING,
    "start_in_doubt": UNSURE,
    "start_unknown": UNSURE,
    "step_running": RUNNING,
    "run_adopted": RUNNING,
    "question_asked": ASKING,
    "step_retrying": RETRYING,
    "step_cancelled": STOPPING,
}
_ENDS = frozenset({"step_completed", "step_failed", "step_skipped", "run_stopped"})
_PAUSES, _GOES_ON = frozenset({"execution_paused", "execution_quarantined"}), "execution_resumed"
TIMELINE_KINDS = frozenset({*_BEGINS, *_ENDS, *_PAUSES, _GOES_ON})
"""The kinds of events that a timeline is made of; it passes over all others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One event. `attempt` is what it says of itself, None where it says nothing."""

    kind: str
    step_id: str
    at: dt.datetime
    attempt: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTime:
    """One step's row. `finished_at` is None while it is not over."""

    step_id: str
    finished_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A time that a step spent in one phase, in one attempt. An open one lasts until `now`."""

    phase: str
    attempt: int
    begin: dt.datetime
    end: dt.datetime
    is_open: bool = False

    @property
    def seconds(self) -> float:
        """How long it was."""
        return (self.end - self.begin).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The spans of each step in their order, and the times in which the execution was paused or set aside."""

    begin: dt.datetime
    end: dt.datetime
    spans: Mapping[str, tuple[Span, ...]]
    pauses: tuple[Span, ...]


@dataclass(slots=True)
class _Row:
    finished_at: dt.datetime | None
    attempt: int = 1
    phase: str = ""
    since: dt.datetime | None = None
    spans: list[Span] = field(default_factory=list)

    def turn(self, phase: str, at: dt.datetime) -> None:
        if phase != self.phase:
            self.close(at)
            self.phase, self.since = phase, at

    def close(self, at: dt.datetime, *, is_open: bool = False) -> None:
        if self.since is not None and (at > self.since or is_open):
            self.spans.append(
                Span(
                    phase=self.phase,
                    attempt=self.attempt,
                    begin=self.since,
                    end=max(at, self.since),
                    is_open=is_open,
                )
            )
        self.phase, self.since = "", None


def build_timeline(
    *,
    facts: Iterable[Fact],
    steps: Sequence[StepTime],
    began_at: dt.datetime,
    ended_at: dt.datetime | None,
    now: dt.datetime,
) -> Timeline:
    """Fold events, given in their order, into spans.

    `began_at` is when a driver took the execution up; `ended_at` is None while it goes on. What a step's row
    says of its end goes before what its events leave open, so that nothing runs on after its end.
    """
    until = ended_at or max(now, began_at)
    rows = {step.step_id: _Row(finished_at=step.finished_at) for step in steps}
    whole = _Row(finished_at=None)
    for fact in facts:
        if not fact.step_id:
            _pause(whole, fact)
        elif (row := rows.get(fact.step_id)) is not None:
            _take(row, fact)
    for row in rows.values():
        # A run that is being stopped may be over later than its step.
        end = until if row.finished_at is None or row.phase == STOPPING else row.finished_at
        row.close(end, is_open=ended_at is None and (row.finished_at is None or row.phase == STOPPING))
    whole.close(until, is_open=ended_at is None)
    ends = [span.end for row in rows.values() for span in row.spans]
    return Timeline(
        begin=began_at,
        end=max([until, *ends]),
        spans={step_id: tuple(row.spans) for step_id, row in rows.items()},
        pauses=tuple(whole.spans),
    )


def _pause(whole: _Row, fact: Fact) -> None:
    if fact.kind in _PAUSES:
        whole.turn("paused", fact.at)
    elif fact.kind == _GOES_ON:
        whole.close(fact.at)


def _take(row: _Row, fact: Fact) -> None:
    if fact.kind in _ENDS:
        row.close(fact.at)
    elif fact.kind == "step_cancelled" and row.phase not in (STARTING, UNSURE, RUNNING):
        # Nothing runs that would have to be stopped.
        row.close(fact.at)
    elif fact.kind in _BEGINS:
        phase = _BEGINS[fact.kind]
        if fact.kind == "step_starting" and fact.attempt is not None and fact.attempt != row.attempt:
            row.close(fact.at)
            row.attempt = fact.attempt
        row.turn(phase, fact.at)
