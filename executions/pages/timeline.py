"""When each step waited, started and worked: bars on one scale, from the rows of an execution.

Pure. Places and widths are thousandths of the whole span, so that a page can draw them at any size.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

SCALE = 1000
THINNEST = 3
"""Of a thousand: what was shorter is drawn so wide, or nobody would see it."""
QUARTERS = 4


class Phase(StrEnum):
    """What a bar shows; also its class for the style sheet."""

    WAITING = "waiting"
    STARTING = "starting"
    WORKING = "working"
    FAILED = "failed"
    ASKING = "asking"
    PAUSE = "pause"


@dataclass(frozen=True, slots=True, kw_only=True)
class Worked:
    """One agent run of a step, oldest first; the times that it has none of yet are None."""

    attempt: int
    made_at: dt.datetime
    started_at: dt.datetime | None
    finished_at: dt.datetime | None
    is_good: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTimes:
    """One step with its runs. `is_asking`: a person's answer is waited for."""

    step_id: str
    depends: tuple[str, ...]
    finished_at: dt.datetime | None
    runs: tuple[Worked, ...]
    is_asking: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar. `seconds` is its true length."""

    phase: Phase
    left: int
    width: int
    seconds: int
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One step's bars; `is_critical` where a later end of it would have ended everything later."""

    step_id: str
    bars: tuple[Bar, ...]
    is_critical: bool
    waited_s: int
    worked_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """All rows. `marks` are the seconds at the quarters of the scale, its two ends included."""

    rows: tuple[Row, ...]
    marks: tuple[float, ...]


def build_timeline(
    steps: Sequence[StepTimes], *, began: dt.datetime | None, ended: dt.datetime | None, now: dt.datetime
) -> Timeline | None:
    """Return the timeline up to `ended`, or to `now` while it goes on; None before it began."""
    if began is None:
        return None
    until = max(ended or now, *(step.finished_at or began for step in steps), began)
    whole_s = max((until - began).total_seconds(), 1.0)
    over = {step.step_id: step.finished_at for step in steps}
    critical = find_critical_path(steps)
    rows = []
    for step in steps:
        spans = _spans(step, ready_at=_ready_at(step, over, began), until=until)
        bars = tuple(_bar(span, began=began, whole_s=whole_s) for span in spans)
        rows.append(
            Row(
                step_id=step.step_id,
                bars=bars,
                is_critical=step.step_id in critical,
                waited_s=sum(bar.seconds for bar in bars if bar.phase in (Phase.WAITING, Phase.PAUSE)),
                worked_s=sum(bar.seconds for bar in bars if bar.phase in (Phase.WORKING, Phase.FAILED)),
            )
        )
    marks = tuple(whole_s * quarter / QUARTERS for quarter in range(QUARTERS + 1))
    return Timeline(rows=tuple(rows), marks=marks)


def find_critical_path(steps: Sequence[StepTimes]) -> frozenset[str]:
    """Return the steps that made it take as long as it did: from the last to end back to the first.

    Of what a step waited for, the last to end held it up. Only steps that ran count; the way ends at the
    first that nothing held up.
    """
    ran = {step.step_id: step for step in steps if step.runs}
    if not ran:
        return frozenset()
    found: list[str] = []
    step: StepTimes | None = max(ran.values(), key=_end)
    while step is not None:
        found.append(step.step_id)
        step = max((ran[name] for name in step.depends if name in ran), key=_end, default=None)
    return frozenset(found)


def _end(step: StepTimes) -> tuple[bool, dt.datetime]:
    # What goes on ends after all that has ended.
    return step.finished_at is None, step.finished_at or step.runs[-1].made_at


def _ready_at(
    step: StepTimes, over: Mapping[str, dt.datetime | None], began: dt.datetime
) -> dt.datetime | None:
    """Return when the last that it waits for had ended; None while that goes on."""
    ends = [over.get(name) for name in step.depends]
    known = [end for end in ends if end is not None]
    if len(known) < len(ends) and not step.runs:
        return None
    return max([began, *known])


@dataclass(frozen=True, slots=True)
class _Span:
    phase: Phase
    begins: dt.datetime
    ends: dt.datetime
    attempt: int


def _spans(step: StepTimes, *, ready_at: dt.datetime | None, until: dt.datetime) -> list[_Span]:
    spans: list[_Span] = []

    def add(phase: Phase, begins: dt.datetime, ends: dt.datetime, attempt: int) -> None:
        if ends > begins:
            spans.append(_Span(phase, begins, ends, attempt))

    at, last = ready_at, None
    for run in step.runs:
        if at is not None:
            add(_gap(last, run), at, run.made_at, run.attempt)
        ends = run.finished_at or until
        add(Phase.STARTING, run.made_at, min(run.started_at or ends, ends), run.attempt)
        if run.started_at is not None:
            is_failed = run.finished_at is not None and not run.is_good
            add(Phase.FAILED if is_failed else Phase.WORKING, run.started_at, ends, run.attempt)
        at, last = run.finished_at, run
    if at is not None and step.finished_at is None:
        rest = Phase.ASKING if step.is_asking else Phase.PAUSE if last else Phase.WAITING
        add(rest, at, until, last.attempt if last else 1)
    elif at is not None and last is None and step.finished_at is not None:
        add(Phase.WAITING, at, step.finished_at, 1)
    return spans


def _gap(last: Worked | None, run: Worked) -> Phase:
    if last is None:
        return Phase.WAITING
    # The same attempt goes on after an answer; another one comes after a pause.
    return Phase.ASKING if last.attempt == run.attempt else Phase.PAUSE


def _bar(span: _Span, *, began: dt.datetime, whole_s: float) -> Bar:
    left = max(0.0, (span.begins - began).total_seconds()) / whole_s * SCALE
    seconds = (span.ends - span.begins).total_seconds()
    width = max(THINNEST, round(seconds / whole_s * SCALE))
    return Bar(
        phase=span.phase,
        left=min(round(left), SCALE - width),
        width=width,
        seconds=round(seconds),
        attempt=span.attempt,
    )
