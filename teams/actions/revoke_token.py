"""Ending a token before its time."""

import logging

from django.db import transaction

from teams.actions.audit import record
from teams.models import ApiToken, User

logger = logging.getLogger("renum.security")


def revoke_token(*, token: ApiToken, by: User | None = None) -> None:
    """Delete the token, as staff where `by` is not whose it is; its next use is refused.

    Revoking one that is gone already changes nothing.
    """
    with transaction.atomic():
        deleted, _ = ApiToken.objects.filter(pk=token.pk).delete()
        if deleted:
            by, about = (token.user, None) if by in (None, token.user) else (by, token.user)
            record("token_revoked", by=by, about=about, details={"token": token.name})
    logger.info("api token revoked", extra={"user_id": str(token.user_id)})
