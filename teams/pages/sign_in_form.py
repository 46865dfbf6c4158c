"""The forms that people sign in with, on the page and in the admin: they say why a try was not made."""

from typing import TYPE_CHECKING, Any

from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from teams.actions.sign_in_limit import TooManyTries

if TYPE_CHECKING:
    from django.contrib.admin.forms import AdminAuthenticationForm as AdminForm
else:
    from unfold.forms import AuthenticationForm as AdminForm


class _SaysWhy(AuthenticationForm):
    def clean(self) -> dict[str, Any]:
        """Look at name and password; a try too many is an error of the form."""
        try:
            return super().clean()
        except TooManyTries as refusal:
            message = _("Too many tries. Wait %(seconds)s seconds, then try again.")
            params = {"seconds": refusal.retry_after_s}
            raise ValidationError(message, code="throttled", params=params) from None
        except RedisError:
            message = _("Nobody can sign in at the moment. Try again in a few seconds.")
            raise ValidationError(message, code="unavailable") from None


class SignInForm(_SaysWhy):
    """Signing in on the page."""


class AdminSignInForm(_SaysWhy, AdminForm):
    """Signing in to the admin."""
