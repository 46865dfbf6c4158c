"""Writing into a document what somebody changed in its form, and nothing else."""

from collections.abc import Mapping, Sequence
from typing import Any

from teams.builder.controls import Control, Member, Values, normalized
from teams.builder.names import name_of, names_of, renamed
from teams.builder.rows import PARTS, Row, read_mode, read_row, write_row
from teams.builder.step_controls import document_controls, step_controls
from teams.workflow.condition_parsing import OPERATORS
from teams.workflow.raw_steps import steps_of

Sent = Mapping[str, Sequence[str]]
"""What a browser sent, by the names of the fields: `type`, `s0-role`, `s0-c1-value`.

A field that was not sent at all stays as it is. One of many values is sent with an empty one, so that none
ticked is told apart from not sent.
"""
NAMES = ("agent_id", "id")


def apply_form(document: dict[str, Any], sent: Sent) -> dict[str, Any]:
    """Return the document with every field that was sent with other than it shows.

    A step that gets another name is followed by all that names it.
    """
    changed = _write_all(document, document_controls(), sent, prefix="")
    names = names_of(document)
    controls = [control for control in step_controls(document) if control.name not in NAMES]
    if not isinstance(document.get("agents"), list):
        return changed
    steps = []
    for position, step in enumerate(steps_of(document)):
        prefix = f"s{position}-"
        written = _write_all(step, tuple(controls), sent, prefix=prefix)
        # Rows of conditions that were taken away or begun anew by the mode are not those that were sent.
        if read_mode(step) == read_mode(written):
            written = _write_rows(written, sent, names, prefix)
        steps.append(written)
    return _write_names({**changed, "agents": steps}, sent)


def _write_all(holder: Member, controls: tuple[Control, ...], sent: Sent, *, prefix: str) -> Member:
    written = holder
    for control in controls:
        shown, given = control.read(written), sent.get(f"{prefix}{control.name}")
        if shown is None or given is None:
            continue
        values = _values(control, given)
        if _is_other(control, shown, values):
            written = control.write(written, values)
    return written


def _values(control: Control, given: Sequence[str]) -> Values:
    if not control.is_many:
        return (normalized(given[-1]) if given else "",)
    return tuple(dict.fromkeys(value for value in map(normalized, given) if value))


def _is_other(control: Control, shown: Values, values: Values) -> bool:
    if control.is_many:
        return {normalized(value) for value in shown} != set(values)
    if control.has_lines:
        return normalized(shown[0]) != values[0]
    return _one_line(shown[0]) != _one_line(values[0])


def _one_line(value: str) -> str:
    """Return a text as a field of one line sends it: otherwise it would seem that somebody changed it."""
    return normalized(value).replace("\n", "").strip()


def _write_rows(step: Member, sent: Sent, names: Sequence[str], prefix: str) -> Member:
    given = step.get("conditions")
    if not isinstance(given, list):
        return step
    items = []
    for position, item in enumerate(given):
        before = read_row(item, names)
        after = None if before is None else _row_sent(before, sent, f"{prefix}c{position}-")
        items.append(item if before is None or after is None else write_row(item, before, after))
    return {**step, "conditions": items}


def _row_sent(before: Row, sent: Sent, prefix: str) -> Row | None:
    parts = {}
    for name in PARTS:
        given = sent.get(f"{prefix}{name}")
        typed = normalized(given[-1]) if given else before.part(name)
        parts[name] = before.part(name) if _one_line(typed) == _one_line(before.part(name)) else typed
    if parts["operator"] not in OPERATORS:
        parts["operator"] = before.operator
    after = Row(**parts)
    return None if after == before else after


def _write_names(document: dict[str, Any], sent: Sent) -> dict[str, Any]:
    before = names_of(document)
    controls = tuple(control for control in step_controls(document) if control.name in NAMES)
    steps = []
    for position, step in enumerate(steps_of(document)):
        written = _write_all(step, controls, sent, prefix=f"s{position}-")
        if name_of(step) and not name_of(written):
            # Without an agent for the moment: whatever names the step shall find it again.
            written = {"id": name_of(step), **written}
        steps.append(written)
    after = [name_of(step) for step in steps]
    others = {
        old: new for old, new in zip(before, after, strict=True) if before.count(old) == 1 and old != new
    }
    return renamed({**document, "agents": steps}, others)
