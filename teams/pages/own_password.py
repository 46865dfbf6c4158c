"""Asking for the password again before something that outlives the session: a stolen session has none."""

from django.contrib.auth import authenticate
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from redis.exceptions import RedisError

from teams.actions.sign_in_limit import TooManyTries
from teams.pages.signed_in import SignedInRequest

MAX_PASSWORD_CHARS = 4096


@sensitive_variables("password")
def find_password_problem(request: SignedInRequest) -> str:
    """Return why the form's `password` does not show that its sender is who signed in; "" where it does.

    A try counts like one of signing in. Who has no password here is not asked: another service signs them in.
    """
    if not request.user.has_usable_password():
        return ""
    password = request.POST.get("password", "")
    if not password or len(password) > MAX_PASSWORD_CHARS:
        return _("Give your password, so that nobody else does this in your name.")
    try:
        person = authenticate(request, username=request.user.get_username(), password=password)
    except TooManyTries as refusal:
        words = _("Too many tries. Wait %(seconds)s seconds, then try again.")
        return words % {"seconds": refusal.retry_after_s}
    except RedisError:
        return _("Passwords cannot be looked at for the moment. Try again in a few seconds.")
    return "" if person is not None and person.pk == request.user.pk else _("This is not your password.")
