"""What differs between two definitions: steps that came, went, moved or changed, and both texts compared.

Works on JSON values, valid or not. A step is known by its identity, its `id` or else its `agent_id`
(language, section 2). Pointers lead into the definition that they are about (RFC 6901). The order of an
object's members says nothing in JSON, and `$schema` nothing in the language: neither is a difference.
"""

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from teams.workflow.plan import Json
from teams.workflow.problems import pointer_text

MAX_TEXT_LINES = 4_000
"""Of both texts together. Comparing longer ones could take seconds; changes by step are told all the same."""

_At = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One value that came, went or changed; `pointer` leads into the later definition unless it went."""

    kind: Literal["added", "removed", "changed"]
    pointer: str
    before: Json = None
    after: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDiff:
    """One step that differs; `before` and `after` are pointers to it, None where it is not there.

    `role` is what the later definition calls its part, "" where nothing does.
    """

    step: str
    kind: Literal["added", "removed", "changed", "moved"]
    before: str | None
    after: str | None
    changes: tuple[Change, ...] = ()
    role: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionDiff:
    """All that differs. `document` are changes outside the steps; `text` a unified diff, None if too long."""

    is_same: bool
    steps: tuple[StepDiff, ...]
    document: tuple[Change, ...]
    text: str | None


def is_same_definition(before: Json, after: Json) -> bool:
    """Whether both say the same."""
    return _canonical(before) == _canonical(after)


def diff_definitions(
    before: Json, after: Json, *, before_name: str = "before", after_name: str = "after"
) -> DefinitionDiff:
    """Return what has to be done to `before` to make it `after`. The names head the text."""
    if is_same_definition(before, after):
        return DefinitionDiff(is_same=True, steps=(), document=(), text="")
    old, new = _steps_of(before), _steps_of(after)
    return DefinitionDiff(
        is_same=False,
        steps=tuple(_diff_steps(old, new)),
        document=tuple(_changes(_rest_of(before, old), _rest_of(after, new), ())),
        text=_diff_texts(before, after, before_name, after_name),
    )


def _canonical(definition: Json) -> str:
    if isinstance(definition, dict):
        definition = {key: value for key, value in definition.items() if key != "$schema"}
    return json.dumps(definition, sort_keys=True, ensure_ascii=True)


def _steps_of(definition: Json) -> dict[str, tuple[int, Json]] | None:
    """Return place and value of each step by its identity; None where they have none, or share one."""
    agents = definition.get("agents") if isinstance(definition, dict) else None
    if not isinstance(agents, list):
        return None
    steps: dict[str, tuple[int, Json]] = {}
    for position, step in enumerate(agents):
        identity = step.get("id", step.get("agent_id")) if isinstance(step, dict) else None
        if not isinstance(identity, str) or identity in steps:
            return None
        steps[identity] = (position, step)
    return steps


def _rest_of(definition: Json, steps: Mapping[str, object] | None) -> Json:
    """Return the definition without what is compared step by step."""
    if not isinstance(definition, dict):
        return definition
    left_out = {"$schema"} if steps is None else {"$schema", "agents"}
    return {key: value for key, value in definition.items() if key not in left_out}


def _diff_steps(
    old: Mapping[str, tuple[int, Json]] | None, new: Mapping[str, tuple[int, Json]] | None
) -> Iterator[StepDiff]:
    old, new = old or {}, new or {}
    moved = _moved([name for name in old if name in new], [name for name in new if name in old])
    for name, (position, step) in old.items():
        if name not in new:
            gone_from = pointer_text(("agents", position))
            yield StepDiff(step=name, kind="removed", before=gone_from, after=None, role=_role_of(step))
            continue
        now_at, now = new[name]
        changes = tuple(_changes(step, now, ("agents", now_at)))
        if changes or name in moved:
            yield StepDiff(
                step=name,
                kind="changed" if changes else "moved",
                before=pointer_text(("agents", position)),
                after=pointer_text(("agents", now_at)),
                changes=changes,
                role=_role_of(now),
            )
    for name, (position, step) in new.items():
        if name not in old:
            stands_at = pointer_text(("agents", position))
            yield StepDiff(step=name, kind="added", before=None, after=stands_at, role=_role_of(step))


def _role_of(step: Json) -> str:
    role = step.get("role") if isinstance(step, dict) else None
    return role.strip() if isinstance(role, str) else ""


def _moved(before: Sequence[str], after: Sequence[str]) -> set[str]:
    """Return the steps that stand elsewhere among those that both have: the fewest that explain it."""
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    stayed = {
        name for block in matcher.get_matching_blocks() for name in before[block.a : block.a + block.size]
    }
    return set(before) - stayed


def _changes(before: Json, after: Json, at: _At) -> Iterator[Change]:
    """Yield what differs between two values; objects by member, lists by place."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            yield from _change_of(before, after, key, at, key in before, key in after)
    elif isinstance(before, list) and isinstance(after, list):
        for place in range(max(len(before), len(after))):
            yield from _change_of(before, after, place, at, place < len(before), place < len(after))
    elif _canonical(before) != _canonical(after):
        yield Change(kind="changed", pointer=pointer_text(at), before=before, after=after)


def _change_of(
    before: Json, after: Json, key: str | int, at: _At, is_before: bool, is_after: bool
) -> Iterator[Change]:
    pointer = pointer_text((*at, key))
    if not is_after:
        yield Change(kind="removed", pointer=pointer, before=before[key])
    elif not is_before:
        yield Change(kind="added", pointer=pointer, after=after[key])
    else:
        yield from _changes(before[key], after[key], (*at, key))


def _diff_texts(before: Json, after: Json, before_name: str, after_name: str) -> str | None:
    old, new = (json.dumps(one, indent=2, ensure_ascii=False).splitlines() for one in (before, after))
    if len(old) + len(new) > MAX_TEXT_LINES:
        return None
    return "\n".join(difflib.unified_diff(old, new, before_name, after_name, lineterm=""))
