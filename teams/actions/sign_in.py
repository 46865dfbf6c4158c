"""Looking at a name and a password: the one place that does, with its limit of tries."""

from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from teams.actions.sign_in_limit import forget_tries, take_try
from teams.models import User


class LimitedBackend(ModelBackend):
    """Django's own, which counts tries by name and address. Raises TooManyTries before it looks."""

    @sensitive_variables("password")
    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """Return the person; None where name or password are wrong."""
        if username is None or password is None:
            return None
        username = name_of(username)
        address = "" if request is None else address_of(request)
        take_try(username=username, address=address)
        user = super().authenticate(request, username=username, password=password, **kwargs)
        if not isinstance(user, User):
            return None
        forget_tries(username=username, address=address)
        return user


def name_of(given: str) -> str:
    """Return the user name of whoever confirmed the e-mail address; what was given where nobody did.

    So a name and its addresses share their tries. A user name that looks like an address comes first.
    """
    if "@" not in given or "\x00" in given or User.objects.filter(username=given).exists():
        return given
    owners = EmailAddress.objects.filter(email=given.lower(), verified=True)
    return owners.values_list("user__username", flat=True).first() or given


def address_of(request: HttpRequest) -> str:
    """Return the client's address: what the outermost proxy of ours says, or who is connected.

    X-Forwarded-For counts only as far as RENUM_NUM_PROXIES says that our own proxies wrote it.
    """
    proxies: int = settings.REST_FRAMEWORK["NUM_PROXIES"]
    connected = str(request.META.get("REMOTE_ADDR") or "")
    forwarded = str(request.META.get("HTTP_X_FORWARDED_FOR") or "")
    if not proxies or not forwarded:
        return connected
    named = [part.strip() for part in forwarded.split(",")]
    return named[-min(proxies, len(named))]
