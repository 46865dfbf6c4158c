"""The audit trail in the admin: read, filtered and searched, by those who may."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from teams.admin.read_only import ReadOnly
from teams.admin.theme import ModelAdmin
from teams.admin.theme_filters import Autocomplete, DateTimeRange
from teams.models import AuditEntry
from teams.wording.audit import ACTS


class ActFilter(admin.SimpleListFilter):
    """Narrows the list to one act, in words."""

    title = _("act")
    parameter_name = "act"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return every act that there can be."""
        return sorted(((act, str(words)) for act, words in ACTS.items()), key=lambda pair: pair[1])

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep those."""
        return queryset if self.value() is None else queryset.filter(act=self.value())


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnly, ModelAdmin[AuditEntry]):
    """One act a row. A trigger refuses changes and deletion."""

    list_display = ("at", "who", "what", "thing_kind", "thing_name", "address")
    list_filter = (ActFilter, ("actor", Autocomplete), ("at", DateTimeRange))
    list_filter_submit = True
    list_select_related = ("actor",)
    show_full_result_count = False
    search_fields = ("actor_name", "thing_name", "thing_id", "address")
    fields = ("at", "who", "what", "thing_kind", "thing_name", "thing_id", "team_id", "address", "details")

    @admin.display(description=_("who"), ordering="actor_name")
    def who(self, obj: AuditEntry) -> str:
        """Name the person as they are called now, or were."""
        return str(obj.actor or obj.actor_name)

    @admin.display(description=_("act"), ordering="act")
    def what(self, obj: AuditEntry) -> str:
        """Say what was done, in words."""
        return str(ACTS.get(obj.act, obj.act))
