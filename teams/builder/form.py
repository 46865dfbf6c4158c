"""What stands in the fields for a document."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from teams.builder.controls import Control, Member, Values
from teams.builder.names import name_of, names_of
from teams.builder.rows import Row, read_rows
from teams.builder.step_controls import document_controls, step_controls
from teams.workflow.definition import MAX_STEPS
from teams.workflow.plan import Json
from teams.workflow.raw_steps import steps_of

_SHOWN_INSIDE = {"retry": {"max_attempts"}, "limits": {"max_parallel", "deadline"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class StepForm:
    """One step. `values` are by the names of its fields; a field that is not there cannot be shown.

    `rows` are its conditions, None for each that no row can show. `unshown` are the members of the step that
    the form does not show in full.
    """

    position: int
    name: str
    values: Mapping[str, Values]
    rows: tuple[Row | None, ...]
    unshown: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentForm:
    """The whole form."""

    values: Mapping[str, Values]
    steps: tuple[StepForm, ...]
    unshown: tuple[str, ...]


def can_be_a_form(document: Json) -> bool:
    """Whether the document is an object whose steps are objects, and not too many of them."""
    if not isinstance(document, dict):
        return False
    agents = document.get("agents", [])
    return (
        isinstance(agents, list) and len(agents) <= MAX_STEPS and all(isinstance(one, dict) for one in agents)
    )


def build_form(document: dict[str, Any]) -> DocumentForm:
    """Return the fields of a document that `can_be_a_form`."""
    names = names_of(document)
    controls = step_controls(document)
    around = document_controls()
    values = read_values(document, around)
    steps = tuple(
        _step_form(position, step, controls, names) for position, step in enumerate(steps_of(document))
    )
    unshown = _unshown(document, around, values, ("agents", "version", "$schema"))
    return DocumentForm(values=values, steps=steps, unshown=unshown)


def read_values(holder: Member, controls: tuple[Control, ...]) -> dict[str, Values]:
    """Return what each field shows, without those that cannot show what is there."""
    read = {control.name: control.read(holder) for control in controls}
    return {name: values for name, values in read.items() if values is not None}


def _step_form(position: int, step: Member, controls: tuple[Control, ...], names: list[str]) -> StepForm:
    values = read_values(step, controls)
    rows = tuple(read_rows(step, names))
    unshown = _unshown(step, controls, values, ())
    if None in rows:
        unshown = (*unshown, "conditions")
    return StepForm(position=position, name=name_of(step), values=values, rows=rows, unshown=unshown)


def _unshown(
    holder: Member, controls: tuple[Control, ...], values: Mapping[str, Values], known: tuple[str, ...]
) -> tuple[str, ...]:
    shown = {control.member.partition("/")[0] for control in controls if control.name in values}
    return tuple(
        key
        for key, value in holder.items()
        if key not in known
        and not key.startswith("x-")
        and (
            key not in shown
            or (key in _SHOWN_INSIDE and isinstance(value, dict) and not set(value) <= _SHOWN_INSIDE[key])
        )
    )
