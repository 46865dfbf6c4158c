"""Teams, their members and their versions, for staff."""

import uuid
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms.widgets import Script
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from teams.actions.refusal import NotAllowed
from teams.actions.run_warnings import run_warnings_of
from teams.actions.save_version import save_version
from teams.admin.connection_choices import ConnectionChoices
from teams.admin.read_only import ReadOnly
from teams.admin.team_form import TeamForm
from teams.admin.theme import ModelAdmin, TabularInline, action
from teams.models import Team, TeamMembership, WorkflowVersion


class TeamMembershipInline(TabularInline[TeamMembership, Team]):
    """Who else may see, run or edit the team."""

    model = TeamMembership
    extra = 0
    autocomplete_fields = ("user",)
    fields = ("user", "role")


@admin.register(Team)
class TeamAdmin(ConnectionChoices, ModelAdmin[Team]):
    """Teams. A changed definition becomes the next version; it is checked in the form."""

    form = TeamForm
    warn_unsaved_form = True
    inlines = (TeamMembershipInline,)
    list_display = ("name", "owner", "version", "is_active", "updated_at")
    list_filter = ("is_active",)
    list_select_related = ("owner", "published_version")
    search_fields = ("name", "slug", "owner__username")
    autocomplete_fields = ("owner", "payer")
    prepopulated_fields = {"slug": ("name",)}
    columns = ("name", "slug", "description", "owner", "connection", "payer", "record_content", "is_active")

    class Media:
        css: ClassVar = {"all": ("css/graph.css", "css/staff-workflow.css")}
        js = (
            Script("vendor/json-editor.min.js", defer=True),
            Script("js/staff-workflow.js", defer=True),
            Script("js/drawing.js", defer=True),
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Team]:
        """Leave definitions in the database; the form fetches the one that it shows."""
        return super().get_queryset(request).defer("published_version__source")

    def get_fieldsets(self, request: HttpRequest, obj: Team | None = None) -> Any:
        """Leave the writing parts out for those who may only look."""
        may_write = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        workflow = ("definition", "note", "based_on", "seen") if may_write else ("definition",)
        return ((None, {"fields": self.columns}), (_("Workflow"), {"fields": workflow}))

    def get_prepopulated_fields(self, request: HttpRequest, obj: Team | None = None) -> Any:
        """Offer a slug from the name for those who write; Django refuses it for those who look."""
        may_write = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        return self.prepopulated_fields if may_write else {}

    @admin.display(description=_("Workflow definition"))
    def definition(self, obj: Team) -> str:
        """Show the published definition to those who may only look."""
        source = obj.published_version.source if obj.published_version else ""
        return format_html('<pre class="whitespace-pre-wrap font-mono">{}</pre>', source)

    @admin.display(description=_("version"), ordering="published_version__number")
    def version(self, obj: Team) -> int | None:
        """Show the number of the published version."""
        return None if obj.published_version is None else obj.published_version.number

    actions_detail = ("run", "versions", "export", "export_yaml")
    actions_list = ("import_document",)

    @action(description=_("Import a document"), permissions=["add"], url_path="import")
    def import_document(self, request: HttpRequest) -> HttpResponse:
        """Lead to the page that makes a team of a document, or changes one."""
        return HttpResponseRedirect(reverse("document-import"))

    def has_run_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether they may start executions of teams that are not theirs."""
        return request.user.has_perms(("teams.view_team", "executions.add_execution"))

    def has_versions_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether they may see what was saved."""
        return request.user.has_perm("teams.view_workflowversion")

    @action(description=_("Run"), permissions=["run"], url_path="run")
    def run(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Lead to the form that starts the team."""
        return self._lead("staff-team-run", object_id)

    @action(description=_("Versions"), permissions=["versions"], url_path="versions")
    def versions(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Lead to what was saved."""
        return self._lead("staff-team-versions", object_id)

    @action(description=_("Export as JSON"), permissions=["view"], url_path="export")
    def export(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Lead to the team's document as a file."""
        return self._lead("staff-team-export", object_id)

    @action(description=_("Export as YAML"), permissions=["view"], url_path="export-yaml")
    def export_yaml(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Lead to the same document as YAML."""
        return self._lead("staff-team-export", object_id, query="?format=yaml")

    def _lead(self, name: str, object_id: str, *, query: str = "") -> HttpResponse:
        try:
            return HttpResponseRedirect(reverse(name, args=[uuid.UUID(object_id)]) + query)
        except ValueError:
            raise Http404 from None

    def save_model(self, request: HttpRequest, obj: Team, form: Any, change: bool) -> None:
        """Save the columns that were changed, and a changed definition as the next version."""
        if isinstance(request.user, AnonymousUser):
            raise PermissionDenied
        if change:
            # Never the published version, which somebody may have changed since this row was read.
            changed = [name for name in form.changed_data if name in self.columns]
            obj.save(update_fields=[*changed, "updated_at"])
        else:
            super().save_model(request, obj, form, change)
        if form.new_source is not None:
            try:
                save_version(
                    team=obj,
                    by=request.user,
                    source=form.new_source,
                    note=form.cleaned_data["note"],
                    as_staff=True,
                )
            except NotAllowed:
                # May add teams, may not change them: such a person adds a team without a workflow.
                raise PermissionDenied from None
        for warning in run_warnings_of(obj, obj.published_version):
            messages.warning(request, warning.message)


@admin.register(WorkflowVersion)
class WorkflowVersionAdmin(ReadOnly, ModelAdmin[WorkflowVersion]):
    """Versions as they were saved; a trigger refuses every change."""

    list_display = ("team", "number", "author", "note", "created_at")
    list_select_related = ("team", "author")
    search_fields = ("team__name", "note")
    fields = ("team", "number", "author", "note", "created_at", "definition_text")

    def get_queryset(self, request: HttpRequest) -> QuerySet[WorkflowVersion]:
        """Leave the texts in the database until one is looked at."""
        return super().get_queryset(request).defer("source")

    @admin.display(description=_("definition"))
    def definition_text(self, obj: WorkflowVersion) -> str:
        """Show the text as it was saved."""
        return format_html('<pre class="whitespace-pre-wrap font-mono">{}</pre>', obj.source)
