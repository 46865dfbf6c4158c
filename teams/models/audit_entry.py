"""The audit trail: who did what, to what, when, from where. Rows are appended; a trigger refuses the rest."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from teams.models.uuid7 import new_id


class AuditEntry(models.Model):
    """One act. `actor` is empty where nobody was signed in, and emptied when the person is deleted.

    `actor_name` stays, and so do kind, id and name of the thing, which may be gone. `details` has a few plain
    values and never a secret. `address` is the client's, where the act came by the web.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    at = models.DateTimeField(_("at"), db_default=Now())
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("who"),
    )
    actor_name = models.CharField(_("name then"), max_length=150, blank=True)
    act = models.CharField(_("act"), max_length=40)
    thing_kind = models.CharField(_("kind"), max_length=40, blank=True)
    thing_id = models.CharField(_("id"), max_length=64, blank=True)
    thing_name = models.CharField(_("thing"), max_length=200, blank=True)
    team_id = models.UUIDField(_("team"), null=True, blank=True)
    address = models.GenericIPAddressField(_("address"), null=True, blank=True)
    details = models.JSONField(_("details"), default=dict, blank=True)

    class Meta:
        db_table = "renum_audit_entries"
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit trail")
        ordering = ["-id"]
        indexes = [
            models.Index(name="audit_of_actor", fields=["actor", "-id"]),
            models.Index(name="audit_of_act", fields=["act", "-id"]),
            models.Index(name="audit_of_thing", fields=["thing_id", "-id"], condition=~Q(thing_id="")),
        ]
        constraints = [models.CheckConstraint(name="audit_act_named", condition=~Q(act=""))]

    def __str__(self) -> str:
        return f"{self.act} {self.thing_name}".strip()
