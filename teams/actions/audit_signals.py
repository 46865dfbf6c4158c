"""What Django and allauth tell of signing in, passwords and second factors, as entries of the audit trail."""

from typing import Any

from allauth.account.signals import (
    email_added,
    email_changed,
    email_removed,
    password_changed,
    password_reset,
)
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver

from teams.actions.audit import record
from teams.models import User

_TOLD = {
    password_changed: "password_changed",
    password_reset: "password_reset",
    email_added: "email_added",
    email_changed: "email_changed",
    email_removed: "email_removed",
    authenticator_added: "second_factor_added",
    authenticator_removed: "second_factor_removed",
    authenticator_reset: "recovery_codes_made",
}


@receiver(user_logged_in, dispatch_uid="renum-audit-in")
def note_sign_in(user: User, **_: Any) -> None:
    """Note that somebody signed in, with whatever was asked of them."""
    record("signed_in", by=user)


@receiver(user_logged_out, dispatch_uid="renum-audit-out")
def note_sign_out(user: User | None, **_: Any) -> None:
    """Note that somebody signed out."""
    if user is not None:
        record("signed_out", by=user)


@receiver(user_login_failed, dispatch_uid="renum-audit-failed")
def note_failure(credentials: dict[str, Any], **_: Any) -> None:
    """Note that a name and a password were wrong; not a name that nobody has: it may be a password."""
    name = str(credentials.get("username") or "")
    known = User.objects.filter(username=name).first() if name and "\x00" not in name else None
    record("sign_in_failed", by=None, about=known)


def _note(signal: Any, user: User | None = None, **_: Any) -> None:
    record(_TOLD[signal], by=user if isinstance(user, User) else None)


for _signal, _act in _TOLD.items():
    _signal.connect(_note, dispatch_uid=f"renum-audit-{_act}")
