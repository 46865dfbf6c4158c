"""Executions, read-only, with the one verb that staff have: to cancel."""

import uuid
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from executions.actions.cancel_execution import cancel_execution
from executions.models import AgentRun, Execution, ExecutionStep
from teams.actions.refusal import Refusal
from teams.admin.read_only import ReadOnly, excerpt
from teams.admin.theme import ModelAdmin, TabularInline, action
from teams.models import User

LARGE_COLUMNS = ("plan", "initial_prompt", "result", "result_text")


class StepInline(ReadOnly, TabularInline[ExecutionStep, Execution]):
    """The steps, with the beginning of what each gave."""

    model = ExecutionStep
    extra = 0
    fields = (
        "position",
        "step_id",
        "agent_id",
        "role",
        "status",
        "code",
        "attempts",
        "answer",
        "finished_at",
    )
    readonly_fields = ("answer",)

    @admin.display(description=_("result"))
    def answer(self, obj: ExecutionStep) -> str:
        """Show the beginning of the result."""
        return excerpt(obj.result_text)


class RunInline(ReadOnly, TabularInline[AgentRun, Execution]):
    """The attempts."""

    model = AgentRun
    extra = 0
    show_change_link = True
    fields = ("step_name", "attempt", "turn", "agent_id", "status", "code", "suna_run_id", "finished_at")
    readonly_fields = ("step_name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[AgentRun]:
        """Fetch the steps' names along."""
        return super().get_queryset(request).select_related("step").defer("step__input", "step__result_text")

    @admin.display(description=_("step"))
    def step_name(self, obj: AgentRun) -> str:
        """Name the step."""
        return obj.step.step_id


@admin.register(Execution)
class ExecutionAdmin(ReadOnly, ModelAdmin[Execution]):
    """Executions as their rows stand. Only the orchestrator writes them."""

    inlines = (StepInline, RunInline)
    list_display = (
        "id",
        "team",
        "status",
        "code",
        "started_by",
        "tokens",
        "cost",
        "created_at",
        "finished_at",
    )
    list_filter = ("status", "usage_complete")
    list_select_related = ("team", "started_by")
    search_fields = ("team__name", "started_by__username", "code")
    show_full_result_count = False
    actions = ("cancel_selected",)
    actions_detail = ("cancel",)
    fields = (
        "team",
        "workflow_version",
        "connection",
        "status",
        "code",
        "message",
        "prompt",
        "answer",
        "started_by",
        "payer",
        "key_owner",
        "tokens",
        "cost",
        "usage_complete",
        "events_link",
        "deadline_at",
        "cancel_requested_at",
        "created_at",
        "started_at",
        "finished_at",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Execution]:
        """Leave large texts and the connection's credential in the database until they are shown."""
        rows = super().get_queryset(request)
        if request.resolver_match and request.resolver_match.url_name == "executions_execution_changelist":
            return rows.defer(*LARGE_COLUMNS)
        related = ("team", "workflow_version__team", "connection", "started_by", "payer", "key_owner")
        deferred = ("plan", "connection__sealed_credential", "workflow_version__source")
        return rows.select_related(*related).defer(*deferred)

    def has_cancel_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tell whether the person may cancel, and where one execution is named, whether it can be."""
        if not request.user.has_perm("executions.change_execution"):
            return False
        return obj is None or self._find_cancellable(obj) is not None

    @admin.display(description=_("prompt"))
    def prompt(self, obj: Execution) -> str:
        """Show the beginning of the prompt."""
        return excerpt(obj.initial_prompt)

    @admin.display(description=_("result"))
    def answer(self, obj: Execution) -> str:
        """Show the beginning of the answer."""
        return excerpt(obj.result_text)

    @admin.display(description=_("tokens"))
    def tokens(self, obj: Execution) -> int:
        """Show the tokens of all model calls so far."""
        usage = obj.usage_metrics
        return int(usage.get("tokens_input", 0)) + int(usage.get("tokens_output", 0))

    @admin.display(description=_("cost, USD"))
    def cost(self, obj: Execution) -> str:
        """Show the cost so far; unknown parts are marked, never counted as nothing."""
        cost = obj.cost_metrics
        if not cost:
            return "?"
        more = " + ?" if cost.get("unpriced") or obj.usage_metrics.get("unreported") else ""
        return f"{cost.get('cost_usd', '0')}{more}"

    @admin.display(description=_("events"))
    def events_link(self, obj: Execution) -> str:
        """Link to the timeline."""
        address = reverse("admin:executions_executionevent_changelist")
        query = urlencode({"execution__id__exact": str(obj.pk)})
        return format_html('<a class="text-primary-600" href="{}?{}">{}</a>', address, query, obj.event_seq)

    @admin.action(description=_("Cancel the selected executions"), permissions=["cancel"])
    def cancel_selected(self, request: HttpRequest, queryset: QuerySet[Execution]) -> None:
        """Ask for each to be cancelled; say which were over already."""
        asked = 0
        for execution in queryset.select_related("team"):
            try:
                cancel_execution(execution=execution, by=_person(request), as_staff=True)
                asked += 1
            except Refusal as refusal:
                messages.warning(request, f"{execution}: {refusal.message}")
        if asked:
            messages.success(request, _("Asked for %(count)s to be cancelled.") % {"count": asked})

    @action(description=_("Cancel this execution"), permissions=["cancel"], url_path="cancel")
    def cancel(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask before cancelling: an action's address can be opened by a link, which must change nothing."""
        execution = self._find_cancellable(object_id)
        if execution is None:
            raise Http404
        address = reverse("admin:executions_execution_change", args=[execution.pk])
        if request.method == "POST":
            try:
                cancel_execution(execution=execution, by=_person(request), as_staff=True)
                messages.success(request, _("Asked for it to be cancelled."))
            except Refusal as refusal:
                messages.warning(request, refusal.message)
            return HttpResponseRedirect(address)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Cancel this execution"),
            "opts": self.opts,
            "execution": execution,
            "back": address,
        }
        return TemplateResponse(request, "admin/executions/cancel.html", context)

    def _find_cancellable(self, object_id: Any) -> Execution | None:
        """Return the execution where it is not over and nobody asked yet."""
        try:
            pk = uuid.UUID(str(object_id))
        except ValueError:
            return None
        open_ones = Execution.objects.unfinished().filter(cancel_requested_at=None)
        return open_ones.select_related("team").defer(*LARGE_COLUMNS).filter(pk=pk).first()


def _person(request: HttpRequest) -> User:
    if isinstance(request.user, AnonymousUser):
        raise PermissionDenied
    return request.user
