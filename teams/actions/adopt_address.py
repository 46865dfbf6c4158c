"""Taking the e-mail address that staff gave a person for one that is theirs."""

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction

from teams.models import User


def adopt_address(*, user: User) -> None:
    """Write down `user.email` as confirmed where the person has no addresses of their own yet.

    Whoever signs up has some from the start, unconfirmed. So what stands alone was written by staff, who
    vouch for it. One that somebody else has confirmed stays theirs.
    """
    if not user.email or EmailAddress.objects.filter(user=user).exists():
        return
    try:
        with transaction.atomic():
            EmailAddress.objects.create(user=user, email=user.email.lower(), verified=True, primary=True)
    except IntegrityError:
        # Somebody else's by now, or adopted in this very moment.
        return


def replace_addresses(*, user: User) -> None:
    """Take `user.email`, as staff wrote it, for the person's only address."""
    with transaction.atomic():
        EmailAddress.objects.filter(user=user).delete()
        adopt_address(user=user)
