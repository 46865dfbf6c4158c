"""Two definitions compared, as a page shows it: in words, value by value, and line by line."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from teams.workflow.diff import Change, DefinitionDiff, diff_definitions
from teams.workflow.plan import Json

_STEP_WORDS: Mapping[str, Any] = {
    "added": _("The step is new."),
    "removed": _("The step is gone."),
    "changed": _("The step is another."),
    "moved": _("The step stands elsewhere."),
}
MOST_CHANGES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLine:
    """One value before and after, "" where it is not there; `at` says which value of the step it is."""

    at: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedPart:
    """One step that differs, by its id and role, or what is round the steps (`step_id` "")."""

    step_id: str
    role: str
    sentence: str
    changes: tuple[ChangeLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TextLine:
    """One line of the texts compared; `kind` is added, removed, place or same."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffView:
    """All that differs; `lines` is None where the texts are too long to be compared."""

    is_same: bool
    parts: tuple[ChangedPart, ...]
    lines: tuple[TextLine, ...] | None


def build_diff_view(before: Json, after: Json, *, before_name: str, after_name: str) -> DiffView:
    """Compare two definitions for a page."""
    diff = diff_definitions(before, after, before_name=before_name, after_name=after_name)
    return view_of_diff(diff)


def view_of_diff(diff: DefinitionDiff) -> DiffView:
    """Return what was compared already."""
    return DiffView(is_same=diff.is_same, parts=tuple(_parts(diff)), lines=_lines(diff.text))


def _parts(diff: DefinitionDiff) -> Iterator[ChangedPart]:
    if diff.document:
        changes = tuple(_change(change, depth=0) for change in diff.document[:MOST_CHANGES])
        yield ChangedPart(step_id="", role="", sentence="", changes=changes)
    for step in diff.steps:
        changes = tuple(_change(change, depth=2) for change in step.changes[:MOST_CHANGES])
        said = str(_STEP_WORDS[step.kind])
        yield ChangedPart(step_id=step.step, role=step.role, sentence=said, changes=changes)


def _change(change: Change, *, depth: int) -> ChangeLine:
    at = " / ".join(change.pointer.split("/")[1 + depth :])
    before = "" if change.kind == "added" else _text(change.before)
    after = "" if change.kind == "removed" else _text(change.after)
    return ChangeLine(at=at, before=before, after=after)


def _text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


def _lines(text: str | None) -> tuple[TextLine, ...] | None:
    if text is None:
        return None
    kinds = {"+": "added", "-": "removed", "@": "place"}
    # The first two lines name the texts, which the page has said already.
    return tuple(
        TextLine(kind=kinds.get(line[:1], "same"), text=line[1:] if line[:1] in "+- " else line)
        for line in text.split("\n")[2:]
    )
