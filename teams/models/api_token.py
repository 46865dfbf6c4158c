"""A token of an API client: knox's hashed, expiring token with a name and a scope of ours."""

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.utils.translation import gettext_lazy as _
from knox.models import AbstractAuthToken

from teams.models.uuid7 import new_id


class ApiTokenScope(models.TextChoices):
    """What a token may do: each scope includes those before it."""

    READ = "read", _("read")
    RUN = "run", _("read and run")
    ADMIN = "admin", _("everything its user may")


class ApiToken(AbstractAuthToken):  # type: ignore[misc]  # knox has no types
    """One token. Only its SHA-512 is stored; the token itself is shown once, when it is made.

    `public_id` is what a token is named by: its primary key is the hash. `token_key` are its first
    characters, by which its owner recognises it. `made_with` is the token that it was made with, which it
    goes with; none where it was made with a password or a session.
    """

    public_id = models.UUIDField(
        _("id"), default=new_id, db_default=RandomUUID(), unique=True, editable=False
    )
    name = models.CharField(_("name"), max_length=100, blank=True)
    scope = models.CharField(
        _("scope"), max_length=10, choices=ApiTokenScope.choices, default=ApiTokenScope.ADMIN
    )
    # The database deletes what was made with a token that goes, whoever deletes it: see the migration.
    made_with = models.ForeignKey(
        "self",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    last_used_at = models.DateTimeField(_("last used at"), null=True, blank=True)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        constraints = [
            models.CheckConstraint(
                name="api_token_scope_known", condition=models.Q(scope__in=ApiTokenScope.values)
            ),
        ]
