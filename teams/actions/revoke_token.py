"""Ending a token before its time."""

import logging

from django.db import transaction

from teams.actions.audit import record
from teams.models import ApiToken

logger = logging.getLogger("renum.security")


def revoke_token(*, token: ApiToken) -> None:
    """Delete the token; its next use is refused. Revoking one that is gone already changes nothing."""
    with transaction.atomic():
        deleted, _ = ApiToken.objects.filter(pk=token.pk).delete()
        if deleted:
            record("token_revoked", by=token.user, details={"token": token.name})
    logger.info("api token revoked", extra={"user_id": str(token.user_id)})
