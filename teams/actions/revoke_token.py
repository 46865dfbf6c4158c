"""Ending a token before its time."""

import logging

from teams.models import ApiToken

logger = logging.getLogger("renum.security")


def revoke_token(*, token: ApiToken) -> None:
    """Delete the token; its next use is refused. Revoking one that is gone already changes nothing."""
    ApiToken.objects.filter(pk=token.pk).delete()
    logger.info("api token revoked", extra={"user_id": str(token.user_id)})
