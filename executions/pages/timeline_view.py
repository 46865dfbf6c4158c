"""The timeline of an execution as its page shows it, from the rows of its steps and runs."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from executions.engine.state import AgentRunStatus, StepStatus
from executions.models import AgentRun, Execution, ExecutionStep
from executions.pages.timeline import Bar, Phase, StepTimes, Worked, build_timeline
from executions.wording.phases import phase_words
from teams.workflow.plan import Plan

_NOT_GOOD = frozenset({AgentRunStatus.FAILED, AgentRunStatus.STOPPED, AgentRunStatus.ABANDONED})


@dataclass(frozen=True, slots=True, kw_only=True)
class BarView:
    """One bar, with what it stands for in words. It reaches from `left` over `width` thousandths."""

    bar: Bar
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowView:
    """One step's bars; `is_critical` where it is one of those that made it all take so long."""

    step_id: str
    title: str
    bars: tuple[BarView, ...]
    is_critical: bool
    waited_s: int
    worked_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineView:
    """The rows in the workflow's order, the seconds at the scale's quarters, and the phases that it shows."""

    rows: tuple[RowView, ...]
    marks: tuple[float, ...]
    legend: tuple[tuple[str, str], ...]


def build_timeline_view(
    execution: Execution,
    *,
    plan: Plan,
    steps: Sequence[ExecutionStep],
    titles: Mapping[str, str],
    now: dt.datetime,
) -> TimelineView | None:
    """Return the timeline, in one query; None before anything began."""
    if execution.started_at is None:
        return None
    runs: dict[object, list[Worked]] = {}
    rows = AgentRun.objects.filter(execution=execution).order_by("attempt", "turn")
    for run in rows.only("step_id", "attempt", "status", "created_at", "started_at", "finished_at"):
        runs.setdefault(run.step_id, []).append(_worked(run))
    depends = {step.id: step.depends for step in plan.steps}
    times = [
        StepTimes(
            step_id=step.step_id,
            depends=depends.get(step.step_id, ()),
            finished_at=step.finished_at,
            runs=tuple(runs.get(step.pk, ())),
            is_asking=step.status == StepStatus.WAITING_INPUT,
        )
        for step in steps
    ]
    timeline = build_timeline(times, began=execution.started_at, ended=execution.finished_at, now=now)
    if timeline is None:
        return None
    shown = {bar.phase for row in timeline.rows for bar in row.bars}
    return TimelineView(
        rows=tuple(
            RowView(
                step_id=row.step_id,
                title=titles.get(row.step_id, row.step_id),
                bars=tuple(BarView(bar=bar, words=phase_words(bar.phase)) for bar in row.bars),
                is_critical=row.is_critical,
                waited_s=row.waited_s,
                worked_s=row.worked_s,
            )
            for row in timeline.rows
        ),
        marks=timeline.marks,
        legend=tuple((phase, phase_words(phase)) for phase in Phase if phase in shown),
    )


def _worked(run: AgentRun) -> Worked:
    return Worked(
        attempt=run.attempt,
        made_at=run.created_at,
        started_at=run.started_at,
        finished_at=run.finished_at,
        is_good=run.status not in _NOT_GOOD,
    )
