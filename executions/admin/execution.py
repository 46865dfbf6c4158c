"""Executions, read-only; what staff may ask of them is in `execution_verbs`."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from executions.actions.expected_cost import find_expected_cost
from executions.admin.execution_filters import WaitsFilter, search_executions
from executions.admin.execution_verbs import LARGE_COLUMNS, VerbActions
from executions.models import AgentRun, Execution, ExecutionStep
from teams.admin.read_only import ReadOnly, excerpt
from teams.admin.theme import ModelAdmin, TabularInline
from teams.admin.theme_filters import Autocomplete, ChoiceList, DateTimeRange
from teams.templatetags.renum import usd


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
class ExecutionAdmin(VerbActions, ReadOnly, ModelAdmin[Execution]):
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
    list_filter = (
        WaitsFilter,
        ("status", ChoiceList),
        ("team", Autocomplete),
        ("created_at", DateTimeRange),
        ("finished_at", DateTimeRange),
        "usage_complete",
    )
    list_filter_submit = True
    list_select_related = ("team", "started_by")
    search_fields = ("code",)
    search_help_text = _("An id, a label, a code, or a part of the name of a team or of who started it")
    show_full_result_count = False
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
        "expected_cost",
        "usage_complete",
        "events_link",
        "messages_link",
        "context_link",
        "deadline_at",
        "retried_from",
        "crash_count",
        "cancel_requested_at",
        "pause_requested_at",
        "resume_requested_at",
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

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Execution], search_term: str
    ) -> tuple[QuerySet[Execution], bool]:
        """Search without reading every execution; nothing is found twice."""
        return search_executions(queryset, search_term), False

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

    @admin.display(description=_("expected cost"))
    def expected_cost(self, obj: Execution) -> str:
        """Show what was to be expected before it began, to be compared with what it came to."""
        expected = find_expected_cost(obj)
        if expected is None:
            return "?"
        if expected.p90 is None:
            return usd(expected.median)
        return f"{usd(expected.median)} \N{EN DASH} {usd(expected.p90)}"

    @admin.display(description=_("events"))
    def events_link(self, obj: Execution) -> str:
        """Link to the timeline."""
        return _link_to(obj, "executionevent", obj.event_seq)

    @admin.display(description=_("messages"))
    def messages_link(self, obj: Execution) -> str:
        """Link to what was said in it."""
        return _link_to(obj, "teammessage", obj.team_messages.count())

    @admin.display(description=_("shared context"))
    def context_link(self, obj: Execution) -> str:
        """Link to what was written into the shared context."""
        return _link_to(obj, "contextchange", obj.context_changes.count())


def _link_to(execution: Execution, model_name: str, number: int) -> str:
    address = reverse(f"admin:executions_{model_name}_changelist")
    query = urlencode({"execution__id__exact": str(execution.pk)})
    return format_html('<a class="text-primary-600" href="{}?{}">{}</a>', address, query, number)
