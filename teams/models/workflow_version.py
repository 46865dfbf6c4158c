"""One immutable saved revision of a team's workflow."""

import json
from functools import cached_property

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from teams.models.team import Team
from teams.models.uuid7 import new_id
from teams.workflow.plan import Json


class WorkflowVersion(models.Model):
    """A definition as it was saved. A trigger refuses every change: saving again makes a new version.

    `source` is the JSON text itself, byte for byte: PostgreSQL's jsonb would reorder its keys.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(_("number"))
    source = models.TextField(_("definition"))
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    note = models.CharField(_("note"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("workflow version")
        verbose_name_plural = _("workflow versions")
        ordering = ["team", "-number"]
        constraints = [
            models.UniqueConstraint(name="workflow_version_number_once", fields=["team", "number"]),
            models.CheckConstraint(name="workflow_version_numbered", condition=models.Q(number__gte=1)),
        ]

    def __str__(self) -> str:
        return f"{self.team} v{self.number}"

    @cached_property
    def definition(self) -> Json:
        """Return the definition as JSON values, keys in the order they were written."""
        return json.loads(self.source)
