"""What the steps of a document are called, and giving them other names."""

from collections.abc import Mapping
from typing import Any

from teams.workflow.plan import Json
from teams.workflow.raw_steps import steps_of, with_paths, with_root

_ROOTS = {"steps.": "", "agent_": "_result"}
"""What stands before and behind a name in a path that leads to a result."""


def name_of(step: Mapping[str, Json]) -> str:
    """Return what a step is known by: its id, else its agent's; "" for none."""
    name = step.get("id", step.get("agent_id"))
    return name if isinstance(name, str) else ""


def names_of(document: Mapping[str, Json]) -> list[str]:
    """Return the name of each step, "" for one that has none."""
    return [name_of(step) for step in steps_of(document)]


def meant_by(document: Mapping[str, Json], reference: str) -> str:
    """Return the name of the step that a reference leads to, or the reference where it leads nowhere."""
    names = names_of(document)
    if reference in names:
        return reference
    users = [name_of(step) for step in steps_of(document) if step.get("agent_id") == reference]
    return users[0] if len(users) == 1 and users[0] else reference


def renamed(document: dict[str, Any], others: Mapping[str, str]) -> dict[str, Any]:
    """Return the document with every reference to a step of an old name leading to its new one.

    The steps themselves have their new names already.
    """
    others = {old: new for old, new in others.items() if old and new and old != new}
    if not others:
        return document
    changed = {**document}
    if isinstance(document.get("agents"), list):
        changed["agents"] = [_step(step, others) for step in document["agents"]]
    if isinstance(document.get("output"), dict):
        changed["output"] = {name: path_to(path, others) for name, path in document["output"].items()}
    return changed


def _step(step: Json, others: Mapping[str, str]) -> Json:
    if not isinstance(step, dict):
        return step
    changed = {**step}
    if isinstance(step.get("depends_on"), list):
        changed["depends_on"] = [_name(one, others) for one in step["depends_on"]]
    if "input" in step:
        changed["input"] = _references(step["input"], others)
    if "conditions" in step:
        changed["conditions"] = with_paths(step["conditions"], lambda path: path_to(path, others))
    return changed


def _name(value: Json, others: Mapping[str, str]) -> Json:
    return others.get(value, value) if isinstance(value, str) else value


def _references(value: Json, others: Mapping[str, str]) -> Json:
    if isinstance(value, dict):
        return {
            key: _name(inner, others) if key in ("step", "agent_id") else _references(inner, others)
            for key, inner in value.items()
        }
    return [_references(inner, others) for inner in value] if isinstance(value, list) else value


def path_to(path: Json, others: Mapping[str, str]) -> Json:
    """Return a path with the old name in it replaced; anything else as it is."""
    return with_root(path, others, _ROOTS)
