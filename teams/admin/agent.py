"""The catalogue of agents, for staff."""

import uuid
from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from teams.admin.connection_choices import ConnectionChoices
from teams.admin.theme import ModelAdmin
from teams.models import Agent, SunaConnection


class ByConnection(admin.SimpleListFilter):
    """Filters by connection; reads ids and names only."""

    title = _("connection")
    parameter_name = "connection"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        """Offer every connection."""
        return [(str(pk), name) for pk, name in SunaConnection.objects.values_list("pk", "name")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Agent]) -> QuerySet[Agent]:
        """Keep the agents of the chosen one."""
        chosen = self.value()
        # Anything but one of the offered values is no id, and would be an error in the database.
        if chosen is None or chosen not in dict(self.lookup_choices):
            return queryset
        return queryset.filter(connection__id=uuid.UUID(chosen))


class ByPresence(admin.SimpleListFilter):
    """Filters by whether the last sync found the agent."""

    title = _("in Suna")
    parameter_name = "missing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        """Offer both."""
        return [("no", _("there")), ("yes", _("missing"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Agent]) -> QuerySet[Agent]:
        """Keep those that are there, or those that are not."""
        match self.value():
            case "yes":
                return queryset.filter(missing_since__isnull=False)
            case "no":
                return queryset.filter(missing_since__isnull=True)
            case _:
                return queryset


@admin.register(Agent)
class AgentAdmin(ConnectionChoices, ModelAdmin[Agent]):
    """Agents as the last sync found them. What a sync writes is not edited here."""

    list_display = (
        "name",
        "agent_id",
        "connection",
        "model_name",
        "has_team_server",
        "synced_at",
        "missing_since",
        "changed_at",
    )
    list_filter = (ByConnection, ByPresence)
    search_fields = ("name", "agent_id", "model_name")
    fields = (
        "connection",
        "agent_id",
        "name",
        "description",
        "model_name",
        "has_team_server",
        "synced_at",
        "missing_since",
        "changed_at",
        "changed_from",
    )
    readonly_fields = ("synced_at", "missing_since", "changed_at", "changed_from")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Agent]:
        """Fetch the connection's name along, its credential not."""
        rows = super().get_queryset(request)
        return rows.select_related("connection").defer("connection__sealed_credential")
