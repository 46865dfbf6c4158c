"""Why nothing starts on a connection although there is room: it is out of order.

A probe, one start that is let through, tells when it is in order again. Pure: `now` is passed, in seconds.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from executions.orchestrator.start_line import Key

WAITS_FOR_A_PERSON = ("credential_refused", "payment_required", "unknown_suna")
"""Codes that only a person can mend: they are kept on the connection's row."""

_INTERVALS_S: Mapping[str, tuple[float, float]] = {
    "unavailable": (1.0, 15.0),
    "contract_changed": (1.0, 15.0),
    "redirect_refused": (2.0, 60.0),
    "credential_refused": (30.0, 300.0),
    "payment_required": (30.0, 300.0),
    "unknown_suna": (30.0, 300.0),
}
"""For how long nothing starts until the first probe, and to what that doubles."""

PAUSES = frozenset(_INTERVALS_S)


@dataclass(slots=True, kw_only=True)
class StartPause:
    """One pause. `probe` is the start that is let through to see, `is_stored` whether the row says it too.

    A stubborn pause ends only with a start that Suna takes: other calls succeed while starts do not.
    """

    code: str
    interval_s: float
    probe_at: float
    is_stubborn: bool = False
    is_stored: bool = False
    probe: Key | None = None

    def may_probe(self, *, now: float) -> bool:
        """Whether one start may be let through now."""
        return self.probe is None and now >= self.probe_at

    def outranks(self, code: str) -> bool:
        """Whether a refusal for this code tells nothing that the pause does not tell better."""
        return code == "unavailable" or (code == "contract_changed" and self.code in WAITS_FOR_A_PERSON)

    def put_off(self, *, now: float, jitter: Callable[[float, float], float]) -> None:
        """Take in that the probe failed: the next one comes after twice the time."""
        self.probe = None
        self.interval_s = min(self.interval_s * 2, _INTERVALS_S[self.code][1])
        self.probe_at = now + self.interval_s * jitter(1.0, 1.2)


def begin_pause(code: str, *, now: float, jitter: Callable[[float, float], float]) -> StartPause:
    """Return the pause that begins now."""
    first_s, _ = _INTERVALS_S[code]
    return StartPause(code=code, interval_s=first_s, probe_at=now + first_s * jitter(1.0, 1.2))
