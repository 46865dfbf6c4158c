"""How the time of an execution was spent, step by step: folded from its events. Pure; nothing here draws."""

from executions.timeline.axis import Tick, build_ticks
from executions.timeline.critical_path import find_critical_path
from executions.timeline.fold import TIMELINE_KINDS, Fact, Span, StepTime, Timeline, build_timeline

__all__ = [
    "TIMELINE_KINDS",
    "Fact",
    "Span",
    "StepTime",
    "Tick",
    "Timeline",
    "build_ticks",
    "build_timeline",
    "find_critical_path",
]
