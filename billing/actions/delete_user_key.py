"""Delete a user's key for a service."""

import logging

from django.db import transaction

from billing.models import UserApiKey
from teams.actions.audit import record
from teams.actions.refusal import Refusal
from teams.models import User

logger = logging.getLogger("renum.security")


class KeyNotFound(Refusal):
    """The user has no key for that service."""

    code = "key_not_found"
    status = 404


def delete_user_key(*, user: User, service: str, by: User | None = None) -> None:
    """Delete `user`'s key for a service, as staff where `by` is somebody else. Raises KeyNotFound.

    Runs that were started with it go on: Suna has it already. To be sure, it is withdrawn at its provider.
    """
    service_name = service.lower()
    with transaction.atomic():
        deleted, _ = UserApiKey.objects.filter(user=user, service_name=service_name).delete()
        if not deleted:
            raise KeyNotFound("no key is stored for that service")
        by, about = (user, None) if by in (None, user) else (by, user)
        record("key_deleted", by=by, about=about, details={"service": service_name})
    logger.info("user key deleted", extra={"user_id": str(user.pk), "service": service_name})
