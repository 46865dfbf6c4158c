"""Steps that come, go, are doubled and change places; conditions that come and go."""

import re
from collections.abc import Callable
from typing import Any

from teams.builder.controls import Member
from teams.builder.names import names_of
from teams.builder.rows import with_row, without_row
from teams.workflow.definition import MAX_STEPS
from teams.workflow.raw_steps import steps_of

BLANK: dict[str, Any] = {
    "version": 1,
    "type": "sequential",
    "agents": [{"agent_id": "", "id": "step-1"}],
}
"""What a new team begins with."""

_VERB = re.compile(r"(add|up|down|copy|remove|condition|uncondition)(?::([0-9]{1,3}))?(?::([0-9]{1,5}))?")
Steps = list[Member]


def change(document: dict[str, Any], verb: str) -> tuple[dict[str, Any], int | None]:
    """Carry out `add`, `up:2`, `down:2`, `copy:2`, `remove:2`, `condition:2` or `uncondition:2:0`.

    Returns the document and the position of the step to look at next. Anything else changes nothing.
    """
    match = _VERB.fullmatch(verb)
    if match is None:
        return document, None
    name, step_at, row_at = match.group(1), int(match.group(2) or -1), int(match.group(3) or -1)
    steps = steps_of(document)
    if name == "add":
        return _add(document, steps)
    if not 0 <= step_at < len(steps):
        return document, None
    if name == "copy":
        return _copy(document, steps, step_at)
    made, look_at = _CHANGES[name](list(steps), step_at, row_at)
    return {**document, "agents": made}, look_at


def _add(document: dict[str, Any], steps: Steps) -> tuple[dict[str, Any], int | None]:
    if len(steps) >= MAX_STEPS:
        return document, None
    made = {"agent_id": "", "id": _free_name(document, "step")}
    return {**document, "agents": [*steps, made]}, len(steps)


def _copy(document: dict[str, Any], steps: Steps, at: int) -> tuple[dict[str, Any], int | None]:
    if len(steps) >= MAX_STEPS:
        return document, None
    name = names_of(document)[at] or "step"
    made = {**steps[at], "id": _free_name(document, re.sub(r"-[0-9]+$", "", name)[:100] or "step")}
    return {**document, "agents": [*steps[: at + 1], made, *steps[at + 1 :]]}, at + 1


def _free_name(document: dict[str, Any], stem: str) -> str:
    taken = set(names_of(document))
    number = len(taken) + 1 if stem == "step" else 2
    while f"{stem}-{number}" in taken:
        number += 1
    return f"{stem}-{number}"


def _moved(steps: Steps, at: int, to: int) -> tuple[Steps, int | None]:
    if not 0 <= to < len(steps):
        return steps, at
    steps[at], steps[to] = steps[to], steps[at]
    return steps, to


def _removed(steps: Steps, at: int, _row: int) -> tuple[Steps, int | None]:
    del steps[at]
    return steps, min(at, len(steps) - 1) if steps else None


def _with_row(steps: Steps, at: int, _row: int) -> tuple[Steps, int | None]:
    steps[at] = with_row(steps[at])
    return steps, at


def _without_row(steps: Steps, at: int, row: int) -> tuple[Steps, int | None]:
    steps[at] = without_row(steps[at], row)
    return steps, at


_CHANGES: dict[str, Callable[[Steps, int, int], tuple[Steps, int | None]]] = {
    "up": lambda steps, at, _: _moved(steps, at, at - 1),
    "down": lambda steps, at, _: _moved(steps, at, at + 1),
    "remove": _removed,
    "condition": _with_row,
    "uncondition": _without_row,
}
