"""Who is asking: a bearer token of ours. Browsers on our own pages come with their session instead."""

import re
from typing import cast

from django.utils import timezone
from knox.auth import TokenAuthentication
from knox.crypto import hash_token
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from teams.actions.note_token_use import note_token_use
from teams.models import ApiToken, User

_TOKEN = re.compile(rb"[A-Za-z0-9_]{16,200}")


class BearerToken(TokenAuthentication):  # type: ignore[misc]
    """`Authorization: Bearer <token>`, looked up by its hash in one query. All that fail look alike."""

    def authenticate_credentials(self, token: bytes) -> tuple[User, ApiToken]:
        """Return the token's user and the token. Raises AuthenticationFailed."""
        if not _TOKEN.fullmatch(token):
            raise _refused()
        found = ApiToken.objects.select_related("user").filter(digest=hash_token(token.decode())).first()
        now = timezone.now()
        if found is None or not found.user.is_active or (found.expiry and found.expiry <= now):
            raise _refused()
        note_token_use(token=found, now=now)
        return found.user, found


def person(request: Request) -> User:
    """Return who asks; only for endpoints that refuse the anonymous."""
    return cast("User", request.user)


def token_of(request: Request) -> ApiToken | None:
    """Return the token that was used; None where a browser's session was."""
    return request.auth if isinstance(request.auth, ApiToken) else None


def _refused() -> AuthenticationFailed:
    return AuthenticationFailed("The token is not valid, or not any more.")
