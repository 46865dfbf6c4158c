"""What allauth asks of the site: who may sign up, how a password is looked at, how mails are sent."""

import logging
import smtplib
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.account.stages import EmailVerificationStage
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from redis.exceptions import RedisError

from teams.actions.adopt_address import adopt_address
from teams.actions.confirmed_address import awaits_confirmation
from teams.actions.sign_in import address_of
from teams.actions.sign_in_limit import TooManyTries
from teams.models import User

logger = logging.getLogger("renum.security")
_NOBODY = "0.0.0.0"  # noqa: S104  an address that no client has, where the server does not know it


class ConfirmedAddressStage(EmailVerificationStage):  # type: ignore[misc]  # allauth brings no types
    """Keeps out who signed up and has not confirmed their address yet, and nobody else."""

    def handle(self) -> tuple[HttpResponseBase | None, bool]:
        """Send the mail once more and show what to do; let everybody else pass."""
        user = self.login.user
        if isinstance(user, User) and not awaits_confirmation(user):
            return None, True
        answer: tuple[HttpResponseBase | None, bool] = super().handle()
        return answer


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth brings no types
    """allauth's hooks, as this site answers them."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Return whether anybody may make an account."""
        return bool(settings.SIGN_UP == "open")

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the client's address, by the same rule as the limit of tries."""
        return address_of(request) or _NOBODY

    def get_login_stages(self) -> list[str]:
        """Return what signing in goes through, with our own look at the address."""
        theirs = f"{EmailVerificationStage.__module__}.{EmailVerificationStage.__qualname__}"
        ours = f"{ConfirmedAddressStage.__module__}.{ConfirmedAddressStage.__qualname__}"
        return [ours if stage == theirs else stage for stage in super().get_login_stages()]

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Leave the tries of a password to LimitedBackend: there strangers lock nobody out for good."""

    @sensitive_variables()
    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Return whose name and password these are; what was not looked at is an error of the form."""
        try:
            found: User | None = super().authenticate(request, **credentials)
        except TooManyTries as refusal:
            words = _("Too many tries. Wait %(seconds)s seconds, then try again.")
            params = {"seconds": refusal.retry_after_s}
            raise ValidationError(words, code="throttled", params=params) from None
        except RedisError:
            words = _("Nobody can sign in at the moment. Try again in a few seconds.")
            raise ValidationError(words, code="unavailable") from None
        return found

    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponseBase | None:
        """Take over the address that staff wrote, before anybody asks whether it is confirmed."""
        answer: HttpResponseBase | None = super().pre_login(request, user, **kwargs)
        if answer is None and not kwargs.get("signup"):
            adopt_address(user=user)
        return answer

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send a mail in its reader's language. One that cannot be sent is told on the page."""
        if not settings.SENDS_MAIL:
            return
        reader = context.get("user") or _reader_of(email)
        language = (reader.language if isinstance(reader, User) else "") or translation.get_language()
        try:
            with translation.override(language):
                super().send_mail(template_prefix, email, context)
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            logger.warning("a mail about an account was not sent: %s", type(error).__name__)
            words = _("The mail could not be sent. Try again later, or ask whoever runs Renum here.")
            messages.error(self.request, words)


def _reader_of(email: str) -> User | None:
    address = EmailAddress.objects.filter(email=email.lower(), verified=True).select_related("user").first()
    return address.user if address else None
