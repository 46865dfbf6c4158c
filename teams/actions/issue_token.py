"""Making a token for an API client, against a name and a password."""

import datetime as dt
import logging
from dataclasses import dataclass, field

from django.contrib.auth import authenticate
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from teams.actions.refusal import Refusal
from teams.models import ApiToken, ApiTokenScope, User

logger = logging.getLogger("renum.security")

PREFIX = "rnm_"
"""By it, scanners of leaked secrets know a token of ours."""


class WrongCredentials(Refusal):
    """No active person has that name and that password; which of the two is wrong is not told."""

    code = "wrong_credentials"
    status = 401


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedToken:
    """The row and the token itself, which is nowhere else: it is shown once."""

    row: ApiToken
    token: str = field(repr=False)


@sensitive_variables()
def issue_token(
    *,
    request: HttpRequest | None,
    username: str,
    password: str,
    name: str,
    scope: ApiTokenScope,
    lifetime: dt.timedelta,
) -> IssuedToken:
    """Make a token of the person with that name and password. Raises WrongCredentials."""
    user = authenticate(request, username=username, password=password)
    if not isinstance(user, User):
        logger.warning("no token issued: wrong name or password")
        raise WrongCredentials("The name or the password is wrong.")
    row, token = ApiToken.objects.create(user, expiry=lifetime, prefix=PREFIX, name=name, scope=scope.value)
    logger.info("api token issued", extra={"user_id": str(user.pk), "scope": scope.value})
    return IssuedToken(row=row, token=token)
