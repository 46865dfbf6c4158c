"""The catalogue: the agents that a connection offers, as they were when it was last synced."""

from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

from teams.models.suna_connection import SunaConnection
from teams.models.uuid7 import new_id

if TYPE_CHECKING:
    from teams.models.user import User


class AgentQuerySet(models.QuerySet["Agent"]):
    """The one place that says which agents a person may choose from."""

    def visible_to(self, user: "User") -> "AgentQuerySet":
        """Return the agents of the connections that the user may use."""
        return self.filter(connection__in=SunaConnection.objects.visible_to(user))


class Agent(models.Model):
    """One agent of one connection. `agent_id` is Suna's own id, opaque to us.

    `missing_since` is set where the last sync did not find it any more. `changed_at` is when a sync last
    found its name, its description or its model to be another, and `changed_from` what they were before,
    only those that changed: {"model_name": "..."}. Teams whose steps name such an agent are told so.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    connection = models.ForeignKey(SunaConnection, on_delete=models.CASCADE, related_name="agents")
    agent_id = models.CharField(_("agent id"), max_length=128)
    name = models.CharField(_("name"), max_length=200)
    description = models.TextField(_("description"), blank=True)
    model_name = models.CharField(_("model"), max_length=200, blank=True)
    synced_at = models.DateTimeField(_("synced at"), null=True, blank=True)
    missing_since = models.DateTimeField(_("missing since"), null=True, blank=True)
    changed_at = models.DateTimeField(_("changed at"), null=True, blank=True)
    has_team_server = models.BooleanField(
        _("has the team's MCP server"),
        default=False,
        db_default=False,
        help_text=_("Set it once the agent in Suna has Renum's MCP server: docs/team-server.md says how."),
    )
    changed_from = models.JSONField(
        _("before"), default=dict, db_default=models.Value({}, models.JSONField()), blank=True
    )

    objects = AgentQuerySet.as_manager()

    class Meta:
        verbose_name = _("agent")
        verbose_name_plural = _("agents")
        ordering = ["name", "agent_id"]
        constraints = [
            models.UniqueConstraint(name="agent_once_per_connection", fields=["connection", "agent_id"]),
        ]

    def __str__(self) -> str:
        return self.name or self.agent_id
