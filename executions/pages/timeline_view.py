"""The timeline of an execution as its page draws it: places in per cent of its width, and words."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils import formats, timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from executions.models import Execution, ExecutionEvent, ExecutionStep
from executions.timeline import (
    TIMELINE_KINDS,
    Fact,
    Span,
    StepTime,
    Timeline,
    build_ticks,
    build_timeline,
    find_critical_path,
)
from teams.templatetags.renum import span as span_words
from teams.workflow.plan import Plan

MAX_EVENTS = 5_000
"""Of more events the timeline leaves out the latest: its page must not become slow."""
LANE_PX, MAX_LANES, MARGIN_PX = 12, 5, 4
AHEAD = 0.03
"""So much of the picture's width lies in the future while it is not over."""
MIN_QUEUE = 0.01
"""Of the time it lasted; nobody sees less."""

_PHASES: Mapping[str, Promise] = {
    "waiting": gettext_lazy("waited for its turn"),
    "starting": gettext_lazy("was being started"),
    "unsure": gettext_lazy("start not confirmed"),
    "running": gettext_lazy("at work"),
    "asking": gettext_lazy("waited for an answer"),
    "retrying": gettext_lazy("waited for another attempt"),
    "stopping": gettext_lazy("was being stopped"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One span: `x` and `width` in per cent, `y` in pixels."""

    phase: str
    x: str
    width: str
    y: int
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One step. `told` is everything that its bars show, in words."""

    step_id: str
    title: str
    height: int
    bars: tuple[Bar, ...]
    is_critical: bool
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One tick of the axis, in per cent. `anchor` keeps its text inside the picture."""

    x: str
    text: str
    anchor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineView:
    """The whole picture. `phases` are those that it shows, for its legend.

    `queued_s` is how long it waited for a driver, and `queued` that time drawn, None where it is too short
    or so long that nothing else could be seen. `now_x` is where the present is, "" when it is over.
    """

    rows: tuple[Row, ...]
    labels: tuple[Label, ...]
    pauses: tuple[Bar, ...]
    queued: Bar | None
    queued_s: int
    now_x: str
    phases: tuple[tuple[str, str], ...]
    zone: str
    has_critical: bool


def build_timeline_view(
    execution: Execution,
    steps: Sequence[ExecutionStep],
    plan: Plan,
    *,
    titles: Mapping[str, str],
    now: dt.datetime,
) -> TimelineView | None:
    """Return the timeline, in one query; None before anything took any time."""
    if execution.started_at is None:
        return None
    timeline = build_timeline(
        facts=_facts(execution),
        steps=[StepTime(step_id=step.step_id, finished_at=step.finished_at) for step in steps],
        began_at=execution.started_at,
        ended_at=execution.finished_at,
        now=now,
    )
    if not any(timeline.spans.values()):
        return None
    present = timeline.end if execution.finished_at is None else None
    timeline, queued = _with_queue(timeline, execution.created_at)
    if present is not None:
        timeline = replace(timeline, end=present + (present - timeline.begin) * AHEAD)
    path = find_critical_path({step.id: step.depends for step in plan.steps}, timeline.spans)
    zone = timezone.get_current_timezone()
    shown = {one.phase for spans in timeline.spans.values() for one in spans}
    return TimelineView(
        rows=tuple(
            _row(step, titles=titles, timeline=timeline, is_critical=step.step_id in path) for step in steps
        ),
        labels=tuple(
            _label(tick.at, tick.unit, timeline)
            for tick in build_ticks(timeline.begin, timeline.end, zone=zone)
        ),
        pauses=tuple(_bar(pause, timeline, told=_("paused")) for pause in timeline.pauses),
        queued=_bar(queued, timeline, told=_("waited for a driver")) if queued else None,
        queued_s=max(0, int((execution.started_at - execution.created_at).total_seconds())),
        now_x=f"{_percent(present, timeline):.2f}%" if present is not None else "",
        phases=tuple((phase, str(words)) for phase, words in _PHASES.items() if phase in shown),
        zone=timezone.localtime(timeline.begin).tzname() or "",
        has_critical=len(path) > 1,
    )


def _with_queue(timeline: Timeline, accepted_at: dt.datetime) -> tuple[Timeline, Span | None]:
    """Return the timeline with the time in the queue before it, where that is worth drawing."""
    waited, lasted = timeline.begin - accepted_at, timeline.end - timeline.begin
    if waited < lasted * MIN_QUEUE or waited > lasted:
        return timeline, None
    queued = Span(phase="queue", attempt=1, begin=accepted_at, end=timeline.begin)
    return replace(timeline, begin=accepted_at), queued


def _facts(execution: Execution) -> list[Fact]:
    rows = ExecutionEvent.objects.filter(execution=execution, kind__in=TIMELINE_KINDS).order_by("seq")
    found = rows.values_list("kind", "step_id", "created_at", "data__attempt")[:MAX_EVENTS]
    return [
        Fact(kind=kind, step_id=step_id, at=at, attempt=_whole(attempt))
        for kind, step_id, at, attempt in found
    ]


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def _row(step: ExecutionStep, *, titles: Mapping[str, str], timeline: Timeline, is_critical: bool) -> Row:
    spans = timeline.spans[step.step_id]
    lanes = {attempt: number for number, attempt in enumerate(dict.fromkeys(one.attempt for one in spans))}
    several = len(lanes) > 1
    told = [_told(one, says_attempt=several) for one in spans]
    bars = tuple(
        _bar(one, timeline, lane=min(lanes[one.attempt], MAX_LANES - 1), told=words)
        for one, words in zip(spans, told, strict=True)
    )
    if not told:
        told = [_not_run(step)]
    return Row(
        step_id=step.step_id,
        title=titles.get(step.step_id, step.step_id),
        height=max(1, min(len(lanes), MAX_LANES)) * LANE_PX + 2 * MARGIN_PX,
        bars=bars,
        is_critical=is_critical,
        told="; ".join(told),
    )


def _not_run(step: ExecutionStep) -> str:
    if step.reused_from_id is not None:
        return _("kept from an earlier execution")
    return {"skipped": _("skipped"), "cancelled": _("cancelled")}.get(step.status, _("not begun"))


def _told(one: Span, *, says_attempt: bool) -> str:
    said = {
        "what": str(_PHASES[one.phase]),
        "time": span_words(round(one.seconds)),
        "attempt": one.attempt,
    }
    if says_attempt:
        return _("attempt %(attempt)s: %(what)s %(time)s") % said
    return f"{said['what']} {said['time']}"


def _bar(one: Span, timeline: Timeline, *, told: str, lane: int = 0) -> Bar:
    begin, end = _percent(one.begin, timeline), _percent(one.end, timeline)
    return Bar(
        phase=one.phase,
        x=f"{begin:.2f}%",
        # What took no time that could be seen is seen all the same.
        width=f"{max(end - begin, 0.3):.2f}%",
        y=MARGIN_PX + lane * LANE_PX,
        told=told,
    )


def _percent(at: dt.datetime, timeline: Timeline) -> float:
    whole_s = (timeline.end - timeline.begin).total_seconds()
    if whole_s <= 0:
        return 0.0
    return min(100.0, max(0.0, 100 * (at - timeline.begin).total_seconds() / whole_s))


def _label(at: dt.datetime, unit: str, timeline: Timeline) -> Label:
    x = _percent(at, timeline)
    forms = {"second": "H:i:s", "minute": "H:i", "day": "j M"}
    anchor = "start" if x < 8 else "end" if x > 92 else "middle"
    return Label(x=f"{x:.2f}%", text=formats.date_format(at, forms[unit]), anchor=anchor)
