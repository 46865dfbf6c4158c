"""The words `start`, `stop` and `status`, for `manage.py services` and `python -m renum_site.embedded`."""

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path

from renum_site.embedded.lifecycle import (
    URL_NAMES,
    ServiceStatus,
    list_services,
    start_services,
    stop_services,
)

VERBS = ("start", "stop", "status")


def find_external(values: Mapping[str, str]) -> frozenset[str]:
    """Return the services whose address is set from outside: those are never touched."""
    return frozenset(name for name, url in URL_NAMES.items() if values.get(url, "").strip())


def run_verb(
    verb: str, *, var: Path, external: frozenset[str], as_json: bool, say: Callable[[str], object]
) -> None:
    """Do one of VERBS and tell what came of it. Raises ServiceError."""
    if verb == "stop":
        stopped = stop_services(var=var, external=external)
        say(f"Stopped: {', '.join(stopped)}." if stopped else "Nothing was running.")
        return
    act = start_services if verb == "start" else list_services
    statuses = act(var=var, external=external)
    if as_json:
        say(json.dumps([dataclasses.asdict(status) for status in statuses], indent=1))
        return
    for status in statuses:
        say(_format(status))


def _format(status: ServiceStatus) -> str:
    parts = [f"{status.name:<9}{status.status:<14}{status.address}"]
    if status.data:
        parts.append(f"data in {status.data}")
    return "  ".join(parts).rstrip()
