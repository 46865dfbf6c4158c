"""How it stands with a connection, in sentences with who can mend it. Pure, but for the language."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from teams.models import SunaConnection

STILL_UNREACHABLE_S = 120
"""Drivers note again and again that nobody answers, as long as it is so. An older note says nothing."""
WARN_BEFORE_DAYS = 7

_PAUSED: Mapping[str, Any] = {
    "credential_refused": gettext_lazy(
        "Suna refuses the credential of the connection “%(name)s”: no agent is started on it. "
        "%(keeper)s can give it a new one, or test it."
    ),
    "payment_required": gettext_lazy(
        "The account behind the connection “%(name)s” has no credits: no agent is started on it. "
        "%(keeper)s can top it up in Suna and test the connection; Renum tries by itself as well."
    ),
    "unknown_suna": gettext_lazy(
        "At the address of the connection “%(name)s” there is another Suna now, which Renum cannot use: no "
        "agent is started on it. %(keeper)s can correct the address and test the connection."
    ),
}
_OTHER_PAUSE = gettext_lazy(
    "No agent is started on the connection “%(name)s” (%(code)s). %(keeper)s can test it to see why."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing to know of a connection. `holds_up`: nothing is started on it as long as this is so."""

    code: str
    message: str
    holds_up: bool


def connection_notices(connection: SunaConnection, *, now: dt.datetime) -> tuple[Notice, ...]:
    """Return what is to be known of the connection, the worst first; nothing where all is well.

    Load it with its owner.
    """
    said = {"name": connection.name, "keeper": keeper_words(connection), "code": connection.paused_code}
    notices: list[Notice] = []

    def add(code: str, message: str, *, holds_up: bool) -> None:
        notices.append(Notice(code=code, message=message, holds_up=holds_up))

    if not connection.wire_profile:
        untested = _(
            "It is not known yet which Suna the connection “%(name)s” leads to: nothing can run on it. "
            "%(keeper)s can test it."
        )
        add("not_tested", untested % said, holds_up=True)
    if not connection.credential_marks:
        absent = _(
            "The connection “%(name)s” has no credential: Suna takes no start without one. "
            "%(keeper)s can give it one."
        )
        add("credential_absent", absent % said, holds_up=True)
    # What is not there cannot be refused.
    is_told = connection.paused_code == "credential_refused" and not connection.credential_marks
    if connection.paused_code and not is_told:
        add(
            connection.paused_code,
            str(_PAUSED.get(connection.paused_code, _OTHER_PAUSE)) % said,
            holds_up=True,
        )
    if is_unreachable(connection, now=now):
        away = _(
            "The Suna of the connection “%(name)s” cannot be reached at present. Renum keeps trying; "
            "%(keeper)s can test the connection to see why."
        )
        add("unreachable", away % said, holds_up=True)
    if connection.throttled_until is not None and connection.throttled_until > now:
        until = {"until": formats.time_format(timezone.localtime(connection.throttled_until), "H:i:s")}
        full = _(
            "Suna takes no further starts on the connection “%(name)s” until %(until)s. They wait by "
            "themselves; nobody has to do anything."
        )
        add("throttled", full % {**said, **until}, holds_up=True)
    if (expiry := _expiry(connection, said, now=now)) is not None:
        notices.append(expiry)
    return tuple(notices)


def is_unreachable(connection: SunaConnection, *, now: dt.datetime) -> bool:
    """Whether a driver noted a moment ago that nobody answers there."""
    seen = connection.unreachable_at
    return seen is not None and (now - seen).total_seconds() < STILL_UNREACHABLE_S


def keeper_words(connection: SunaConnection) -> str:
    """Return who can mend the connection: its owner's name, or staff."""
    return connection.owner.get_username() if connection.owner is not None else _("Staff")


def expiry_words(expires_at: dt.datetime, *, now: dt.datetime) -> str:
    """Return in how many days a token runs out, or that it has."""
    left_s = (expires_at - now).total_seconds()
    if left_s <= 0:
        return _("has run out")
    hours = int(left_s // 3600)
    if hours < 48:
        return ngettext("runs out in %(count)s hour", "runs out in %(count)s hours", hours) % {"count": hours}
    days = hours // 24
    return ngettext("runs out in %(count)s day", "runs out in %(count)s days", days) % {"count": days}


def _expiry(connection: SunaConnection, said: Mapping[str, str], *, now: dt.datetime) -> Notice | None:
    expires_at = connection.bearer_expires_at
    if expires_at is None or expires_at > now + dt.timedelta(days=WARN_BEFORE_DAYS):
        return None
    words = {**said, "expiry": expiry_words(expires_at, now=now)}
    message = (
        _("The token of the connection “%(name)s” %(expiry)s. %(keeper)s can give it a new one.") % words
    )
    # Some versions do not look at the date: whether it is refused is for Suna to say.
    return Notice(
        code="token_expired" if expires_at <= now else "token_expires", message=message, holds_up=False
    )
