"""What a definition holds before anybody has judged it: its steps, and the paths in their conditions.

Pure: JSON values in and out. What cannot be read is left as it is, for `parsing` to refuse.
"""

from collections.abc import Callable, Mapping
from typing import Any

from teams.workflow.plan import Json


def steps_of(definition: Json) -> list[dict[str, Any]]:
    """Return the steps that are objects; [] where there are none."""
    agents = definition.get("agents") if isinstance(definition, Mapping) else None
    return [step for step in agents if isinstance(step, dict)] if isinstance(agents, list) else []


def with_paths(conditions: Json, replace: Callable[[Json], Json]) -> Json:
    """Return conditions, however they are nested, with each path replaced by what `replace` makes of it.

    A path is what stands under `field`; what is compared with, under `value`, is nobody's path.
    """
    if isinstance(conditions, dict):
        return {
            key: replace(inner) if key == "field" else inner if key == "value" else with_paths(inner, replace)
            for key, inner in conditions.items()
        }
    return (
        [with_paths(inner, replace) for inner in conditions] if isinstance(conditions, list) else conditions
    )


def with_root(path: Json, others: Mapping[str, str], roots: Mapping[str, str]) -> Json:
    """Return a path that leads to another name: `others` are the names before and after.

    `roots` are what stands before and behind a name, ("steps.", ""). Anything else stays as it is.
    """
    if not isinstance(path, str):
        return path
    # The longest first: ids may hold dots, and one may begin with another.
    for old in sorted(others, key=len, reverse=True):
        for before, after in roots.items():
            root = f"{before}{old}{after}"
            if path == root or path.startswith(f"{root}."):
                return f"{before}{others[old]}{after}" + path.removeprefix(root)
    return path
