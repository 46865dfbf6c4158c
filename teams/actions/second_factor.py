"""Looking at the code of a second factor where no page of allauth does: at the API and before own tokens."""

from allauth.mfa.models import Authenticator
from django.views.decorators.debug import sensitive_variables

from teams.actions.refusal import Refusal
from teams.actions.sign_in_limit import forget_tries, take_try
from teams.models import User

MAX_CODE_CHARS = 20


class CodeRequired(Refusal):
    """The person has a second factor, and gave no code of it."""

    code = "code_required"
    status = 401


class WrongCode(Refusal):
    """The code is wrong, was used already, or is over."""

    code = "wrong_code"
    status = 401


def has_second_factor(user: User) -> bool:
    """Return whether the person gives a code when they sign in."""
    return bool(Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists())


def tries_name(user: User) -> str:
    """Return under which name the tries of the person's codes are counted."""
    return f"second factor of {user.pk}"


@sensitive_variables()
def check_code(*, user: User, code: str) -> None:
    """Take a code of the person's app, or one of their recovery codes, which is used up by that.

    Does nothing for who has no second factor. A few wrong codes close this for a quarter of an hour, whatever
    addresses they come from. Raises CodeRequired, WrongCode and TooManyTries.
    """
    if not has_second_factor(user):
        return
    code = code.strip()
    if not code:
        raise CodeRequired("Give the code that your authenticator app shows, or a recovery code.")
    name = tries_name(user)
    take_try(username=name, address="")
    # What is longer is no code, and was counted.
    known = Authenticator.objects.filter(
        user=user, type__in=[Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES]
    )
    if len(code) > MAX_CODE_CHARS or not any(row.wrap().validate_code(code) for row in known):
        raise WrongCode("The code is wrong or was used already. Each code works once.")
    forget_tries(username=name, address="")
