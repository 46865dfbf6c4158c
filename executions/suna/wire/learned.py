"""What detection learned of one build, laid over what its version promises. Pure.

A connection keeps it as JSON beside much else, written by whatever version of Renum detected it. So only
those capabilities are taken from it in which builds of this version are known to differ.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from executions.agent_service import LiveSource
from executions.suna.wire.profile import Capabilities, WireProfile
from executions.suna.wire.values import Json


def read_learned(profile: WireProfile, learned: Mapping[str, Json]) -> Capabilities:
    """Return what a build of a version can do; what makes no sense in `learned` counts as not learned."""
    changes: dict[str, Any] = {}
    for name in profile.varying:
        value = _read_value(name, learned.get(name))
        if value is not None:
            changes[name] = value
    return dataclasses.replace(profile.capabilities, **changes)


def _read_value(name: str, value: Json) -> bool | LiveSource | None:
    if name == "live":
        return LiveSource(value) if value in list(LiveSource) else None
    return value if isinstance(value, bool) else None
