"""What the doctor says: findings and the report that they make. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext_lazy as _

AREAS: Mapping[str, Any] = {
    "database": _("Database"),
    "redis": _("Redis"),
    "drivers": _("Drivers and queue"),
    "schedules": _("Schedules"),
    "keys": _("Encryption keys"),
    "suna": _("Suna"),
    "teams": _("Teams"),
    "executions": _("Executions"),
    "prices": _("Prices"),
    "clock": _("Clocks"),
    "mail": _("Mail"),
    "disk": _("Disk"),
    "deployment": _("Deployment"),
}
"""What is looked at, in the order in which it is told."""


class State(StrEnum):
    """How something stands. `skipped`: it could not be looked at, for a reason that is told elsewhere."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"
    SKIPPED = "skipped"


STATE_WORDS: Mapping[State, Any] = {
    State.OK: _("well"),
    State.WARNING: _("look at it"),
    State.ERROR: _("broken"),
    State.SKIPPED: _("not looked at"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at.

    `check` is a stable name in its area. `seen` says what was seen, `fix` in one sentence what to do about it
    (empty where all is well); both in the language of whoever asks.
    """

    area: str
    check: str
    state: State
    seen: str
    fix: str = ""

    @property
    def area_words(self) -> str:
        """The area as people call it."""
        return str(AREAS[self.area])

    @property
    def state_words(self) -> str:
        """The state in a word."""
        return str(STATE_WORDS[self.state])


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One examination: all findings by area, and how long it took in seconds."""

    findings: tuple[Finding, ...]
    took_s: float

    @property
    def errors(self) -> tuple[Finding, ...]:
        """What does not work."""
        return tuple(found for found in self.findings if found.state is State.ERROR)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What somebody should look at."""
        return tuple(found for found in self.findings if found.state is State.WARNING)
