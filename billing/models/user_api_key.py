"""Users' own keys for the services that their agents use. Reading them is the key vault's business alone."""

import re
import uuid
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from teams.models import User
from teams.models.encrypted_text import StrictEncryptedTextField, Undecryptable, open_sealed, seal
from teams.models.uuid7 import new_id

SERVICE_NAME_PATTERN = r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$"
"""What may follow X-API-Key- in a header's name. No "_": some servers drop it, others read it as "-"."""

KEY_PATTERN = r"[\x21-\x7e]{8,4096}"
"""What a key may consist of. Anything else makes an HTTP client raise an error that quotes the key."""


class SecretNotLoaded(Exception):
    """The encrypted column was read through an ordinary query; only the key vault loads it."""


class UserApiKeyQuerySet(models.QuerySet["UserApiKey"]):
    """Rows without their secret, unless it is asked for by name."""

    def for_user(self, user: User) -> "UserApiKeyQuerySet":
        """Return the user's own keys: nobody sees another's."""
        return self.filter(user=user)

    def with_secret(self) -> "UserApiKeyQuerySet":
        """Load the encrypted column as well. Nobody but the key vault needs it."""
        return self.defer(None)


class UserApiKeyManager(models.Manager["UserApiKey"]):
    """Leaves the encrypted column in the database."""

    def get_queryset(self) -> UserApiKeyQuerySet:
        """Return all rows without their secret."""
        return UserApiKeyQuerySet(self.model, using=self._db).defer("encrypted_key")

    def for_user(self, user: User) -> UserApiKeyQuerySet:
        """Return the user's own keys; see the query set."""
        return self.get_queryset().for_user(user)

    def with_secret(self) -> UserApiKeyQuerySet:
        """Return all rows with their secret; see the query set."""
        return self.get_queryset().with_secret()


class UserApiKey(models.Model):
    """One user's key for one service. The ciphertext is bound to both: moved to another row it does not open.

    `fingerprint` is what people see of the key. `last_used_at` is when it was last handed to the starter
    of a run, and null for a key that was never used since it was stored; `last_used_execution_id` is the
    execution that it was used for, a plain id as in the ledger.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_keys", verbose_name=_("user")
    )
    service_name = models.CharField(_("service"), max_length=40)
    encrypted_key = StrictEncryptedTextField(_("key"), editable=False)
    fingerprint = models.CharField(_("fingerprint"), max_length=40)
    created_at = models.DateTimeField(_("created at"))
    updated_at = models.DateTimeField(_("updated at"))
    last_used_at = models.DateTimeField(_("last used at"), null=True, blank=True)
    last_used_execution_id = models.UUIDField(_("last used by execution"), null=True, blank=True)

    objects = UserApiKeyManager()

    class Meta:
        db_table = "user_api_keys"
        # Cascades and related look-ups go through the base manager; they must not decrypt either.
        base_manager_name = "objects"
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering = ["service_name"]
        constraints = [
            models.UniqueConstraint(name="user_api_key_once_per_service", fields=["user", "service_name"]),
            models.CheckConstraint(
                name="user_api_key_service_pattern", condition=Q(service_name__regex=SERVICE_NAME_PATTERN)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.service_name} {self.fingerprint}"

    def refresh_from_db(
        self, using: str | None = None, fields: Iterable[str] | None = None, from_queryset: Any = None
    ) -> None:
        """Refuse to fetch the secret behind an attribute access; Django would, for a deferred column."""
        wanted = None if fields is None else list(fields)
        if wanted is not None and "encrypted_key" in wanted:
            raise SecretNotLoaded("UserApiKey.encrypted_key is read by billing.key_vault only")
        super().refresh_from_db(using=using, fields=wanted, from_queryset=from_queryset)

    @staticmethod
    @sensitive_variables()
    def seal_key(*, user_id: uuid.UUID, service_name: str, key: str) -> str:
        """Return what `encrypted_key` holds for that user and service."""
        return seal(key, _binding(user_id, service_name))

    @sensitive_variables()
    def open_key(self) -> str:
        """Return the key; `Undecryptable` where the row is not what we wrote or the key unfit to be sent."""
        label = "billing.UserApiKey"
        key = open_sealed(self.encrypted_key, _binding(self.user_id, self.service_name), label=label)
        if re.fullmatch(KEY_PATTERN, key) is None:
            raise Undecryptable(label)
        return key


def _binding(user_id: uuid.UUID, service_name: str) -> dict[str, str]:
    return {"user": str(user_id), "service": service_name}
