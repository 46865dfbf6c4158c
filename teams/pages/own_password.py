"""Asking for the password again before something that outlives the session: a stolen session has none."""

from django.contrib.auth import authenticate
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from redis.exceptions import RedisError

from teams.actions.second_factor import CodeRequired, WrongCode, check_code
from teams.actions.sign_in_limit import TooManyTries
from teams.models import User
from teams.pages.signed_in import SignedInRequest

MAX_PASSWORD_CHARS = 4096


@sensitive_variables("password")
def find_password_problem(request: SignedInRequest) -> str:
    """Return why the form does not show that its sender is who signed in; "" where it does.

    It shows it by the `password`, and where there is a second factor by its `code` as well.

    A try counts like one of signing in. Who has no password here is not asked: another service signs them in.
    """
    if not request.user.has_usable_password():
        return ""
    problem = password_problem(request.user, request.POST.get("password", ""), request)
    return problem or _code_problem(request)


@sensitive_variables("code")
def _code_problem(request: SignedInRequest) -> str:
    try:
        check_code(user=request.user, code=request.POST.get("code", ""))
    except CodeRequired:
        return _("Give a code of your second factor as well.")
    except WrongCode:
        return _("The code is wrong or was used already. Wait for the next one.")
    except TooManyTries as refusal:
        words = _("Too many tries. Wait %(seconds)s seconds, then try again.")
        return words % {"seconds": refusal.retry_after_s}
    return ""


@sensitive_variables("password")
def password_problem(user: User, password: str, request: HttpRequest | None = None) -> str:
    """Return why the text is not the person's password; "" where it is. It counts as a try."""
    if not password or len(password) > MAX_PASSWORD_CHARS:
        return _("Give your password, so that nobody else does this in your name.")
    try:
        person = authenticate(request, username=user.get_username(), password=password)
    except TooManyTries as refusal:
        words = _("Too many tries. Wait %(seconds)s seconds, then try again.")
        return words % {"seconds": refusal.retry_after_s}
    except RedisError:
        return _("Passwords cannot be looked at for the moment. Try again in a few seconds.")
    return "" if person is not None and person.pk == user.pk else _("This is not your password.")
