"""Where a Suna is and how we speak to it. Testing, syncing and detecting live in `executions.actions`."""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import Q, Value
from django.utils.translation import gettext_lazy as _

from teams.models.credential_marks import mark_of, read_expiry
from teams.models.encrypted_text import StrictEncryptedTextField, open_sealed, seal
from teams.models.uuid7 import new_id

if TYPE_CHECKING:
    from teams.models.user import User


class SunaConnectionQuerySet(models.QuerySet["SunaConnection"]):
    """The one place that says which connections a person may use."""

    def visible_to(self, user: "User") -> "SunaConnectionQuerySet":
        """Return the user's own connections and the site's."""
        return self.filter(Q(owner=user) | Q(owner=None))

    def with_credential(self) -> "SunaConnectionQuerySet":
        """Load the encrypted column as well: Undecryptable where a row's is not readable."""
        return self.defer(None)


class SunaConnectionManager(models.Manager["SunaConnection"]):
    """Leaves the encrypted column in the database: a page must not fail because a key is wrong."""

    def get_queryset(self) -> SunaConnectionQuerySet:
        """Return all rows without their credential."""
        return SunaConnectionQuerySet(self.model, using=self._db).defer("sealed_credential")

    def visible_to(self, user: "User") -> SunaConnectionQuerySet:
        """Return the user's own connections and the site's; see the query set."""
        return self.get_queryset().visible_to(user)

    def with_credential(self) -> SunaConnectionQuerySet:
        """Return all rows with their credential; see the query set."""
        return self.get_queryset().with_credential()


class SunaConnection(models.Model):
    """One Suna with one credential, of one user or, where `owner` is null, of the whole site.

    `wire_profile` is empty until it was detected or set. `capabilities` and `limits` hold what was learned
    ({"parallel_runs": 3}). `throttled_until` says that starts wait; `paused_code` that they wait for a
    person (credential_refused, payment_required, unknown_suna). `unreachable_at` is when a driver last held
    calls back because nobody answers. The credential is bound to this row and its base URL: changed or
    copied elsewhere, it does not decrypt; `credential_marks` are what people recognise its parts by,
    {"bearer": "…x9Zf"}, and `bearer_expires_at` is what a bearer token says of itself. `tested_at` and
    `test_result` are the last test (see `executions.actions.try_connection`). `synced_at` is when the
    catalogue was last taken over, `sync_tried_at` when that was last tried, and `sync_code` why it failed,
    empty where it did not. `moved_at` is when it last got another address although runs may have been
    started at the old one.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="suna_connections",
        verbose_name=_("owner"),
        help_text=_("Empty: a connection of the whole site."),
    )
    name = models.CharField(_("name"), max_length=100)
    base_url = models.CharField(_("base URL"), max_length=500)
    sealed_credential = StrictEncryptedTextField(_("credential"), null=True, blank=True, editable=False)
    wire_profile = models.CharField(_("wire profile"), max_length=20, blank=True)
    sends_user_keys = models.BooleanField(
        _("sends users' keys"),
        default=False,
        help_text=_("Only Sunas that read X-API-Key-<service> should ever be sent users' keys."),
    )
    capabilities = models.JSONField(_("capabilities"), default=dict, blank=True)
    limits = models.JSONField(_("limits"), default=dict, blank=True)
    throttled_until = models.DateTimeField(_("throttled until"), null=True, blank=True)
    paused_code = models.CharField(_("paused because"), max_length=50, blank=True)
    unreachable_at = models.DateTimeField(_("unreachable at"), null=True, blank=True)
    credential_marks = models.JSONField(
        _("credential"), default=dict, db_default=Value({}, models.JSONField()), blank=True, editable=False
    )
    bearer_expires_at = models.DateTimeField(_("token expires at"), null=True, blank=True, editable=False)
    checked_at = models.DateTimeField(_("checked at"), null=True, blank=True)
    moved_at = models.DateTimeField(null=True, blank=True, editable=False)
    tested_at = models.DateTimeField(_("tested at"), null=True, blank=True, editable=False)
    test_result = models.JSONField(
        _("test result"), default=dict, db_default=Value({}, models.JSONField()), blank=True, editable=False
    )
    synced_at = models.DateTimeField(_("agents listed at"), null=True, blank=True, editable=False)
    sync_tried_at = models.DateTimeField(null=True, blank=True, editable=False)
    sync_code = models.CharField(
        _("agents not listed because"), max_length=50, default="", db_default="", blank=True, editable=False
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    objects = SunaConnectionManager()

    class Meta:
        # Related look-ups go through the base manager; they must not decrypt either.
        base_manager_name = "objects"
        verbose_name = _("Suna connection")
        verbose_name_plural = _("Suna connections")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                name="suna_connection_base_url_http",
                condition=Q(base_url__startswith="https://") | Q(base_url__startswith="http://"),
            ),
            models.UniqueConstraint(
                name="suna_connection_name_once",
                fields=["owner", "name"],
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def refresh_from_db(
        self, using: str | None = None, fields: Iterable[str] | None = None, from_queryset: Any = None
    ) -> None:
        """Fetch the credential where it is asked for by name; Django asks the manager that leaves it out."""
        wanted = None if fields is None else list(fields)
        if wanted is not None and "sealed_credential" in wanted and from_queryset is None:
            from_queryset = SunaConnection.objects.with_credential()
        super().refresh_from_db(using=using, fields=wanted, from_queryset=from_queryset)

    def set_credential(self, *, bearer: str = "", api_key: str = "") -> None:
        """Seal a credential for this row and its base URL; the caller saves. Both empty: none."""
        given = {"bearer": bearer, "api_key": api_key}
        self.sealed_credential = seal(json.dumps(given), self._binding()) if bearer or api_key else None
        self.credential_marks = {name: mark_of(secret) for name, secret in given.items() if secret}
        self.bearer_expires_at = read_expiry(bearer)

    def credential(self) -> dict[str, str]:
        """Return {"bearer", "api_key"}, empty strings where unset; Undecryptable where it is not ours."""
        if not self.sealed_credential:
            return {"bearer": "", "api_key": ""}
        opened: dict[str, str] = json.loads(open_sealed(self.sealed_credential, self._binding()))
        return opened

    def _binding(self) -> dict[str, str]:
        return {"connection": str(self.id), "base_url": self.base_url}
