"""Looking at several parts at once, each in a thread that nobody waits for longer than it may take.

A part that hangs costs its own findings from there on and nothing else: what a thread has found by then
counts, and the thread is left behind. So nothing that is looked at may write.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping

from django.db import Error, connections
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from renum_site.doctor.finding import Finding, State

logger = logging.getLogger(__name__)

Look = Callable[[], Iterable[Finding]]


class _Looking:
    """One look under way in its thread."""

    def __init__(self, area: str, look: Look, *, language: str | None) -> None:
        self._area = area
        self._look = look
        self._language = language
        self._found: list[Finding] = []
        self._thread = threading.Thread(target=self._run, name=f"doctor-{area}", daemon=True)
        self._thread.start()

    def wait(self, *, until: float, limit_s: float) -> list[Finding]:
        """Return what was found by then; a look that is not done says so."""
        self._thread.join(max(0.0, until - time.monotonic()))
        # Asked before the list is copied: what it finds in between is not lost.
        hangs = self._thread.is_alive()
        found = list(self._found)
        if hangs:
            found.append(_hanging(self._area, limit_s))
        return found

    def _run(self) -> None:
        try:
            # A thread begins without a language of its own.
            with override(self._language):
                self._look_through()
        finally:
            connections.close_all()

    def _look_through(self) -> None:
        try:
            for finding in self._look():
                self._found.append(finding)
        except Error as error:
            self._found.append(_lost_database(self._area, error))
        except Exception as error:
            # A doctor outlives whatever its patient does.
            # No locals and no message: either may hold a secret.
            logger.debug("the look at %s failed", self._area, exc_info=True)
            self._found.append(_failed(self._area, error))


def look_side_by_side(looks: Mapping[str, Look], *, limit_s: float) -> dict[str, list[Finding]]:
    """Return what each look found, by area, within `limit_s` in all."""
    until = time.monotonic() + limit_s
    language = get_language()
    under_way = {area: _Looking(area, look, language=language) for area, look in looks.items()}
    return {area: looking.wait(until=until, limit_s=limit_s) for area, looking in under_way.items()}


def _hanging(area: str, limit_s: float) -> Finding:
    return Finding(
        area=area,
        check="hangs",
        state=State.ERROR,
        seen=_("It did not answer within %(seconds)s s.") % {"seconds": f"{limit_s:g}"},
        fix=_("Look whether the server is overloaded, frozen or cut off, and ask again."),
    )


def _lost_database(area: str, error: Error) -> Finding:
    return Finding(
        area=area,
        check="database_error",
        state=State.ERROR,
        seen=_("PostgreSQL refused to tell: %(kind)s.") % {"kind": type(error).__name__},
        fix=_("Mend what is told of the database, then ask again."),
    )


def _failed(area: str, error: Exception) -> Finding:
    return Finding(
        area=area,
        check="look_failed",
        state=State.ERROR,
        seen=_("It could not be looked at: %(kind)s.") % {"kind": type(error).__name__},
        fix=_("Ask again with RENUM_LOG_LEVEL=DEBUG, which shows where, and report it."),
    )
