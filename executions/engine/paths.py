"""Resolving a plan's path against what is known: steps, shared context and the initial prompt.

Only members of objects and items of lists are followed; nothing is called and no attribute is read.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from executions.engine.context import context_of, result_value
from executions.engine.state import ExecutionState, StepState, StepStatus
from teams.workflow.plan import Json, Path, Plan


class Missing(Enum):
    """The one value of a path that is not there; null is a value like any other."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING

_INDEX = re.compile(r"(?:0|[1-9][0-9]{0,8})\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What conditions and the output map may look at."""

    initial_prompt: str
    steps: Mapping[str, StepState]
    context: Mapping[str, Json]

    def resolve(self, path: Path) -> Json:
        """Return the value at the path, or MISSING.

        text, data and status of a step are always there, null where the step has none; its value in the
        context only once it completed.
        """
        if path.root == "initial_prompt":
            return _descend(self.initial_prompt, path.segments)
        if path.root == "context":
            return _descend(self.context, path.segments)
        step = self.steps.get(path.step or "")
        if step is None:
            return MISSING
        if path.root == "text":
            return _descend(step.text, path.segments)
        if path.root == "data":
            return _descend(step.data, path.segments)
        if path.root == "status":
            return _descend(step.status.value, path.segments)
        if step.status is not StepStatus.COMPLETED:
            return MISSING
        return _descend(result_value(step), path.segments)


def view_of(plan: Plan, state: ExecutionState) -> View:
    """Return the view of one state."""
    return View(initial_prompt=state.initial_prompt, steps=state.steps, context=context_of(plan, state))


def _descend(value: Json, segments: Sequence[str]) -> Json:
    """Follow the segments. Keys may hold dots: of those that are there, the longest wins."""
    at = 0
    while at < len(segments):
        if isinstance(value, Mapping):
            for end in range(len(segments), at, -1):
                key = ".".join(segments[at:end])
                if key in value:
                    value, at = value[key], end
                    break
            else:
                return MISSING
        elif isinstance(value, list):
            segment = segments[at]
            if _INDEX.match(segment) is None or int(segment) >= len(value):
                return MISSING
            value, at = value[int(segment)], at + 1
        else:
            return MISSING
    return value
