"""The shared contexts of executions as they grew, read-only."""

from django.contrib import admin
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast, Left
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from executions.models import ContextChange
from teams.admin.read_only import MAX_SHOWN_CHARS, ReadOnly, excerpt
from teams.admin.theme import ModelAdmin


@admin.register(ContextChange)
class ContextChangeAdmin(ReadOnly, ModelAdmin[ContextChange]):
    """One change of one key a row. Reached from its execution, which filters it."""

    list_display = ("version", "key", "beginning", "author", "created_at", "execution_link")
    search_fields = ("key", "author")
    fields = ("execution", "version", "key", "beginning", "author", "created_at")
    ordering = ("-execution", "version")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ContextChange]:
        """Fetch the execution's name along and the beginning of the value; both can be large."""
        rows = super().get_queryset(request).select_related("execution__team")
        beginning = Left(Cast("value", TextField()), MAX_SHOWN_CHARS + 1)
        return rows.annotate(value_text=beginning).defer(
            "value",
            "execution__plan",
            "execution__initial_prompt",
            "execution__result",
            "execution__result_text",
        )

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow the filter that the link from an execution sets."""
        return lookup == "execution__id__exact" or super().lookup_allowed(lookup, value, request)

    @admin.display(description=_("value"))
    def beginning(self, obj: ContextChange) -> str:
        """Show how the value begins, as JSON."""
        return excerpt(getattr(obj, "value_text", None) or "null")

    @admin.display(description=_("execution"))
    def execution_link(self, obj: ContextChange) -> str:
        """Name the execution."""
        return str(obj.execution)
