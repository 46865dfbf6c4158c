"""How far the clocks of this host, PostgreSQL, Redis and each Suna are apart.

Renum decides by PostgreSQL's clock alone; the others matter for log-ins, tokens that run out, and people who
compare logs.
"""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from renum_site.doctor.finding import Finding, State

MAX_APART_S = 2.0
MAX_SUNA_APART_S = 30.0
"""A Suna tells its time in whole seconds; what suffers are credentials that run out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One clock: how many seconds it is ahead of this host's, known to within `unsure_s`."""

    name: str
    ahead_s: float
    unsure_s: float
    is_suna: bool

    @property
    def is_apart(self) -> bool:
        """Whether it is surely further from ours than it may be."""
        allowed_s = MAX_SUNA_APART_S if self.is_suna else MAX_APART_S
        return abs(self.ahead_s) - self.unsure_s > allowed_s


class ClockReadings:
    """What the looks read from the clocks that they met; several threads note theirs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._readings: list[Reading] = []

    def note(self, name: str, *, said: float, asked_at: float, took_s: float, is_suna: bool = False) -> None:
        """Note what a clock said (seconds since 1970) to a question sent `asked_at` by the host's clock."""
        grain_s = 0.5 if is_suna else 0.0
        reading = Reading(
            name=name,
            # A clock that tells whole seconds is half of one further on average.
            ahead_s=said + grain_s - (asked_at + took_s / 2),
            unsure_s=took_s / 2 + grain_s,
            is_suna=is_suna,
        )
        with self._lock:
            self._readings.append(reading)

    def take(self) -> list[Reading]:
        """Return what was noted so far."""
        with self._lock:
            return list(self._readings)


def compare_clocks(readings: list[Reading]) -> Iterator[Finding]:
    """Say how far the clocks are apart."""
    for reading in readings:
        if reading.is_apart:
            yield Finding(
                area="clock",
                check="suna_clock" if reading.is_suna else "service_clock",
                state=State.WARNING,
                seen=_("The clock of %(name)s is %(seconds)s s %(where)s this host's.")
                % {
                    "name": reading.name,
                    "seconds": f"{abs(reading.ahead_s):.1f}",
                    "where": _("ahead of") if reading.ahead_s > 0 else _("behind"),
                },
                fix=_("Set the clock of both hosts by NTP: `timedatectl set-ntp true`."),
            )
    good = [reading for reading in readings if not reading.is_apart]
    host = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
    if good:
        names = ", ".join(reading.name for reading in good)
        seen = _("This host's clock (%(time)s UTC) agrees with %(names)s.") % {"time": host, "names": names}
        yield Finding(area="clock", check="host_clock", state=State.OK, seen=seen)
    elif not readings:
        yield Finding(
            area="clock",
            check="host_clock",
            state=State.SKIPPED,
            seen=_("There was no other clock to compare this host's with (%(time)s UTC).") % {"time": host},
        )
