"""Making a token for an API client: against a name and a password, or for somebody who is signed in."""

import datetime as dt
import logging
from dataclasses import dataclass, field

from django.conf import settings
from django.contrib.auth import authenticate
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from knox.crypto import hash_token

from teams.actions.audit import record
from teams.actions.confirmed_address import awaits_confirmation
from teams.actions.refusal import Refusal, input_problem
from teams.actions.second_factor import check_code
from teams.actions.token_text import build_token
from teams.models import ApiToken, ApiTokenScope, User

logger = logging.getLogger("renum.security")

SHOWN_CHARS = 8
"""So much of a token its owner is shown again: the prefix and four characters, to know it by."""
MAX_TOKENS = 100


class WrongCredentials(Refusal):
    """No active person has that name and that password; which of the two is wrong is not told."""

    code = "wrong_credentials"
    status = 401


class EmailNotConfirmed(Refusal):
    """The person made an account and has not confirmed its e-mail address yet."""

    code = "email_not_confirmed"
    status = 403


class TokenGone(Refusal):
    """The token that another was to be made with was revoked in this very moment."""

    code = "authentication_failed"
    status = 401


class TooManyTokens(Refusal):
    """The person has as many tokens as one may have."""

    code = "too_many_tokens"


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
    code: str,
    name: str,
    scope: ApiTokenScope,
    lifetime: dt.timedelta,
) -> IssuedToken:
    """Make a token of the person with that name and password, and the code of their second factor if any.

    Raises WrongCredentials, EmailNotConfirmed, CodeRequired, WrongCode, TooManyTries and TooManyTokens.
    """
    user = authenticate(request, username=username, password=password)
    if not isinstance(user, User):
        logger.warning("no token issued: wrong name or password")
        raise WrongCredentials("The name or the password is wrong.")
    if awaits_confirmation(user):
        raise EmailNotConfirmed(
            "Confirm your e-mail address first: follow the link in the mail you were sent."
        )
    check_code(user=user, code=code)
    return _make(user, name=name, scope=scope, expiry=timezone.now() + lifetime)


@sensitive_variables()
def issue_own_token(
    *, by: User, using: ApiToken | None, name: str, scope: ApiTokenScope, lifetime: dt.timedelta | None
) -> IssuedToken:
    """Make a token of the person who asks, with their session or with a token of the scope `admin`.

    What is made with a token (`using`) does not outlive it, neither its time nor its being revoked: one that
    leaked cannot be drawn out. Without a `lifetime` it lives as long as it may. Raises InvalidInput,
    TooManyTokens and TokenGone.
    """
    now = timezone.now()
    last = using.expiry if using is not None else None
    expiry = now + (lifetime or default_lifetime())
    if last is not None and expiry > last:
        if lifetime is not None:
            message = "A token made with another ends no later than that. Sign in for a longer one."
            raise input_problem("/expires_in_days", "out_of_range", message)
        expiry = last
    with transaction.atomic():
        # Whoever revokes it waits, and takes the new one along.
        if (
            using is not None
            and not ApiToken.objects.select_for_update(no_key=True).filter(pk=using.pk).exists()
        ):
            raise TokenGone("The token that this request came with was revoked.")
        return _make(by, using=using, name=name, scope=scope, expiry=expiry)


def default_lifetime() -> dt.timedelta:
    """Return how long a token lives of which nobody says it."""
    lifetime: dt.timedelta = settings.REST_KNOX["TOKEN_TTL"]
    return lifetime


def _make(
    user: User, *, using: ApiToken | None = None, name: str, scope: ApiTokenScope, expiry: dt.datetime
) -> IssuedToken:
    token = build_token()
    row = ApiToken(
        digest=hash_token(token),
        token_key=token[:SHOWN_CHARS],
        user=user,
        made_with=using,
        expiry=expiry,
        name=name,
        scope=scope.value,
    )
    with transaction.atomic():
        # One at a time for each person: each counts those that were made before.
        User.objects.select_for_update(no_key=True).filter(pk=user.pk).only("pk").first()
        if ApiToken.objects.filter(user=user, expiry__gt=timezone.now()).count() >= MAX_TOKENS:
            raise TooManyTokens(f"You have {MAX_TOKENS} tokens already. Revoke those that you do not need.")
        row.save(force_insert=True)
        record("token_issued", by=user, details={"token": name, "scope": scope.value})
    logger.info("api token issued", extra={"user_id": str(user.pk), "scope": scope.value})
    return IssuedToken(row=row, token=token)
