"""Telling somebody by mail that they are invited, where the site sends mail."""

import logging
import smtplib

from django.conf import settings
from django.core.mail import send_mail
from django.utils import translation
from django.utils.translation import gettext as _

from teams.models import AddressKind, TeamInvitation, User

logger = logging.getLogger(__name__)

_NOWHERE = "django.core.mail.backends.dummy.EmailBackend"


def mail_invitation(invitation: TeamInvitation, *, page_url: str) -> bool:
    """Send the mail; return whether it was sent. Call it outside a transaction.

    Whoever is invited by user name gets none: a mail that takes its time would tell who has an account. The
    mail is in the language of the account that has the address, else in the inviter's.
    """
    if invitation.kind != AddressKind.EMAIL or settings.EMAIL_BACKEND == _NOWHERE:
        return False
    account = User.objects.filter(email__iexact=invitation.address).exclude(language="").first()
    language = account.language if account else translation.get_language()
    with translation.override(language):
        named = {
            "team": invitation.team.name,
            "name": invitation.invited_by.get_username() if invitation.invited_by else "",
            "url": page_url,
        }
        subject = _("You are invited to the team %(team)s") % named
        text = _(
            "%(name)s invites you to the team %(team)s in Renum.\n\n"
            "Sign in or make an account with this e-mail address, then accept or decline here:\n%(url)s\n\n"
            "If you do not know them, ignore this mail."
        )
        text %= named
    try:
        return bool(send_mail(subject, text, None, [invitation.address]))
    except (smtplib.SMTPException, OSError, UnicodeError) as error:
        logger.warning("an invitation could not be mailed: %s", type(error).__name__)
        return False
