"""The mail server: whether it answers and takes the log-in, and who mails would be from. None is sent."""

import smtplib
import ssl
from collections.abc import Iterator

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from renum_site.doctor.finding import Finding, State
from renum_site.missing_service import reason_of

ANSWERS_WITHIN_S = 3.0


def look_at_mail() -> Iterator[Finding]:
    """Log in to the mail server and leave again."""
    if not settings.EMAIL_HOST:
        yield _say("server", State.OK, _("No mail server is set (RENUM_MAIL_URL): Renum sends no mail."))
        return
    place = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    try:
        _log_in()
    except smtplib.SMTPAuthenticationError:
        yield _say(
            "log_in",
            State.ERROR,
            _("The mail server %(place)s refuses the log-in.") % {"place": place},
            _("Check the user and the password in RENUM_MAIL_URL."),
        )
    except (OSError, smtplib.SMTPException) as error:
        # A refusal may quote what was sent to it.
        reason = type(error).__name__ if isinstance(error, smtplib.SMTPException) else reason_of(error)
        yield _say(
            "server",
            State.ERROR,
            _("The mail server %(place)s cannot be used: %(reason)s") % {"place": place, "reason": reason},
            _("Check RENUM_MAIL_URL: smtp:// begins plainly and turns to TLS, smtps:// is TLS at once."),
        )
    else:
        yield _say(
            "server", State.OK, _("The mail server %(place)s answers and lets us in.") % {"place": place}
        )
    yield _judge_sender(settings.DEFAULT_FROM_EMAIL)


def _log_in() -> None:
    context = ssl.create_default_context()
    place = (settings.EMAIL_HOST, settings.EMAIL_PORT)
    server = (
        smtplib.SMTP_SSL(*place, timeout=ANSWERS_WITHIN_S, context=context)
        if settings.EMAIL_USE_SSL
        else smtplib.SMTP(*place, timeout=ANSWERS_WITHIN_S)
    )
    with server:
        if settings.EMAIL_USE_TLS:
            server.starttls(context=context)
        if settings.EMAIL_HOST_USER:
            server.login(settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD)
        server.noop()


def _judge_sender(sender: str) -> Finding:
    fix = _("Set RENUM_MAIL_FROM to an address that the mail server may send from.")
    try:
        validate_email(sender)
    except ValidationError:
        return _say("sender", State.ERROR, _("Mails have no usable sender."), fix)
    if sender.rpartition("@")[2] in ("localhost", "example.org", "example.com"):
        seen = _("Mails would come from %(sender)s, which nobody can answer.") % {"sender": sender}
        return _say("sender", State.WARNING, seen, fix)
    return _say("sender", State.OK, _("Mails come from %(sender)s.") % {"sender": sender})


def _say(check: str, state: State, seen: str, fix: str = "") -> Finding:
    return Finding(area="mail", check=check, state=state, seen=seen, fix=fix)
