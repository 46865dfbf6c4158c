"""What the teams of executions wrote, read-only."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from executions.models import TeamMessage
from teams.admin.read_only import ReadOnly
from teams.admin.theme import ModelAdmin

EXCERPT_CHARS = 120


@admin.register(TeamMessage)
class TeamMessageAdmin(ReadOnly, ModelAdmin[TeamMessage]):
    """One message a row. Reached from its execution, which filters it."""

    list_display = ("seq", "kind", "sender", "recipient", "excerpt", "created_at", "execution_link")
    list_filter = ("kind",)
    search_fields = ("sender", "recipient", "text")
    fields = (
        "execution",
        "seq",
        "kind",
        "sender",
        "recipient",
        "text",
        "thread",
        "expires_at",
        "default_answer",
        "place",
        "created_at",
    )
    ordering = ("-execution", "seq")

    def get_queryset(self, request: HttpRequest) -> QuerySet[TeamMessage]:
        """Fetch the execution's name along, not its texts."""
        rows = super().get_queryset(request).select_related("execution__team")
        return rows.defer(
            "execution__plan", "execution__initial_prompt", "execution__result", "execution__result_text"
        )

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow the filter that a link from an execution sets."""
        return lookup == "execution__id__exact" or super().lookup_allowed(lookup, value, request)

    @admin.display(description=_("text"))
    def excerpt(self, obj: TeamMessage) -> str:
        """Show how it begins."""
        return Truncator(obj.text).chars(EXCERPT_CHARS)

    @admin.display(description=_("execution"))
    def execution_link(self, obj: TeamMessage) -> str:
        """Name the execution."""
        return str(obj.execution)
