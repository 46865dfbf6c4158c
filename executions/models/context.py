"""The shared context as PostgreSQL keeps it: changes, append only, and snapshots of the whole."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from executions.models.execution import Execution
from teams.models.uuid7 import new_id


class ContextChange(models.Model):
    """One key set to one value, by a step ("step:<id>"), a person ("user:<id>") or "system"."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    execution = models.ForeignKey(Execution, on_delete=models.CASCADE, related_name="context_changes")
    version = models.PositiveIntegerField(_("version"))
    key = models.CharField(_("key"), max_length=200)
    value = models.JSONField(_("value"), null=True)
    author = models.CharField(_("author"), max_length=200)
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("context change")
        verbose_name_plural = _("context changes")
        ordering = ["execution", "version"]
        constraints = [
            models.UniqueConstraint(name="context_change_version_once", fields=["execution", "version"]),
            models.CheckConstraint(name="context_change_key_named", condition=~models.Q(key="")),
        ]

    def __str__(self) -> str:
        return f"{self.key} v{self.version}"


class ContextSnapshot(models.Model):
    """The whole context at a version: what a rebuild starts from."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    execution = models.ForeignKey(Execution, on_delete=models.CASCADE, related_name="context_snapshots")
    version = models.PositiveIntegerField(_("version"))
    values = models.JSONField(_("values"))
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("context snapshot")
        verbose_name_plural = _("context snapshots")
        ordering = ["execution", "version"]
        constraints = [
            models.UniqueConstraint(name="context_snapshot_version_once", fields=["execution", "version"]),
        ]

    def __str__(self) -> str:
        return f"v{self.version}"
