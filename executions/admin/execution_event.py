"""The timeline and audit trail, read-only."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from executions.models import ExecutionEvent
from executions.wording import event_words
from teams.admin.read_only import ReadOnly
from teams.admin.theme import ModelAdmin


@admin.register(ExecutionEvent)
class ExecutionEventAdmin(ReadOnly, ModelAdmin[ExecutionEvent]):
    """One fact a row. Reached from its execution, which filters it."""

    list_display = ("seq", "kind", "words", "step_id", "actor", "created_at", "execution_link")
    list_filter = ("kind",)
    search_fields = ("kind", "step_id", "actor")
    fields = ("execution", "seq", "kind", "step_id", "actor", "data", "created_at")
    ordering = ("-execution", "seq")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ExecutionEvent]:
        """Fetch the execution's name along, not its texts."""
        rows = super().get_queryset(request).select_related("execution__team")
        return rows.defer(
            "execution__plan", "execution__initial_prompt", "execution__result", "execution__result_text"
        )

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow the filter that the link from an execution sets."""
        return lookup == "execution__id__exact" or super().lookup_allowed(lookup, value, request)

    @admin.display(description=_("what happened"))
    def words(self, obj: ExecutionEvent) -> str:
        """Say in words what the kind says."""
        return event_words(obj.kind)

    @admin.display(description=_("execution"))
    def execution_link(self, obj: ExecutionEvent) -> str:
        """Name the execution."""
        return str(obj.execution)
