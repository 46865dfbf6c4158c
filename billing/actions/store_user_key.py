"""Store a user's key for a service, or replace the one that is there."""

import datetime as dt
import logging
import re
from dataclasses import dataclass

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from billing.models import UserApiKey
from billing.models.user_api_key import KEY_PATTERN, SERVICE_NAME_PATTERN
from teams.actions.audit import record
from teams.actions.refusal import InvalidInput
from teams.models import User
from teams.models.encrypted_text import fingerprint_of
from teams.workflow.problems import Problem

logger = logging.getLogger("renum.security")


class KeyRefused(InvalidInput):
    """A key or a service name that cannot be stored. Says which rule was broken, never what was sent."""

    code = "key_refused"
    status = 400
    field = ""

    def __init__(self, message: str) -> None:
        super().__init__(message, problems=[Problem(f"/{self.field}", self.code, message)])


class InvalidKey(KeyRefused):
    """Not a key: 8 to 4096 visible ASCII characters, without spaces or line breaks."""

    code = "invalid_key"
    field = "key"


class InvalidService(KeyRefused):
    """Not a service's name: 1 to 40 letters, digits and inner hyphens."""

    code = "invalid_service"
    field = "service"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKey:
    """The row, without its secret, and whether spaces round the key were taken off."""

    row: UserApiKey
    trimmed: bool


@sensitive_variables()
def store_user_key(*, user: User, service: str, key: str, now: dt.datetime) -> StoredKey:
    """Store `user`'s own key for a service; the key that was there is gone.

    The service's name is lower-cased. Spaces and tabs round the key are taken off, which is reported; a line
    break is refused, because it means that something else was copied along. Raises InvalidService and
    InvalidKey. Nobody stores a key for somebody else: `user` is the person who asks.
    """
    service_name = check_service_name(service)
    trimmed_key = key.strip(" \t")
    if re.fullmatch(KEY_PATTERN, trimmed_key) is None:
        raise InvalidKey("a key has 8 to 4096 visible ASCII characters, no spaces and no line breaks")
    with transaction.atomic():
        UserApiKey.objects.bulk_create(
            [
                UserApiKey(
                    user=user,
                    service_name=service_name,
                    encrypted_key=UserApiKey.seal_key(
                        user_id=user.pk, service_name=service_name, key=trimmed_key
                    ),
                    fingerprint=fingerprint_of(trimmed_key),
                    created_at=now,
                    updated_at=now,
                    last_used_at=None,
                    last_used_execution_id=None,
                )
            ],
            update_conflicts=True,
            unique_fields=["user", "service_name"],
            update_fields=[
                "encrypted_key",
                "fingerprint",
                "updated_at",
                "last_used_at",
                "last_used_execution_id",
            ],
        )
        row = UserApiKey.objects.get(user=user, service_name=service_name)
        record("key_stored", by=user, details={"service": service_name, "fingerprint": row.fingerprint})
    logger.info(
        "user key stored",
        extra={"user_id": str(user.pk), "service": service_name, "fingerprint": row.fingerprint},
    )
    return StoredKey(row=row, trimmed=trimmed_key != key)


def check_service_name(service: str) -> str:
    """Return the name as it is stored; InvalidService where it could not be part of a header's name."""
    # Lower-casing comes second: some letters outside ASCII become ASCII by it.
    name = service.lower() if service.isascii() else service
    if re.fullmatch(SERVICE_NAME_PATTERN.strip("^$"), name) is None:
        raise InvalidService("a service's name has 1 to 40 letters, digits and inner hyphens")
    return name
