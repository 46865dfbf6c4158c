"""Whether somebody who signed up has shown that they read the mail of their address."""

from allauth.account.models import EmailAddress
from django.conf import settings

from teams.models import User


def awaits_confirmation(user: User) -> bool:
    """Return whether the person must confirm an address before they may sign in.

    Only where the site sends mail, and only of those who signed up: whom staff made has no addresses of their
    own before the first sign-in.
    """
    if settings.ACCOUNT_EMAIL_VERIFICATION != "mandatory":
        return False
    verified = list(EmailAddress.objects.filter(user=user).values_list("verified", flat=True))
    return bool(verified) and not any(verified)
