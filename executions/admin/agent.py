"""The catalogue of agents, for staff."""

import uuid
from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from executions.actions.team_server_of_agent import give_team_server
from executions.admin.suna_connection import staff_of
from executions.wording import refusal_sentence
from executions.wording.team_server import given_words
from teams.actions.refusal import Refusal
from teams.admin.connection_choices import ConnectionChoices
from teams.admin.theme import ModelAdmin
from teams.models import Agent, SunaConnection

MAX_AT_ONCE = 20


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
    actions = ("give_tools",)
    readonly_fields = ("synced_at", "missing_since", "changed_at", "changed_from")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Agent]:
        """Fetch the connection's name along, its credential not."""
        rows = super().get_queryset(request)
        return rows.select_related("connection").defer("connection__sealed_credential")

    @admin.action(description=_("Give them the team's tools in Suna"), permissions=["give"])
    def give_tools(self, request: HttpRequest, queryset: QuerySet[Agent]) -> None:
        """Attach the team's MCP server to each of them."""
        for agent in queryset[:MAX_AT_ONCE]:
            try:
                given = give_team_server(agent=agent, by=staff_of(request))
            except Refusal as refusal:
                words = refusal_sentence(code=refusal.code, message=refusal.message)
                self.message_user(request, f"{agent}: {words}", messages.WARNING)
                continue
            level = messages.WARNING if given.changed else messages.SUCCESS
            self.message_user(request, given_words(str(agent), given.changed), level)

    def has_give_permission(self, request: HttpRequest) -> bool:
        """Whoever may change a connection may change what its agents have."""
        return bool(request.user.has_perm("teams.change_sunaconnection"))
