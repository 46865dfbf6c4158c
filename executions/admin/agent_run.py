"""Runs of agents in Suna, read-only; what staff may decide about one is in `start_verbs`."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from executions.admin.start_verbs import StartVerbActions
from executions.models import AgentRun
from teams.admin.read_only import ReadOnly
from teams.admin.theme import ModelAdmin


@admin.register(AgentRun)
class AgentRunAdmin(StartVerbActions, ReadOnly, ModelAdmin[AgentRun]):
    """One attempt a row."""

    list_display = ("agent_id", "step_name", "attempt", "turn", "status", "code", "created_at", "finished_at")
    list_filter = ("status", "api_key_type", "usage_complete")
    search_fields = ("agent_id", "thread_id", "suna_run_id", "code")
    fields = (
        "execution",
        "step_name",
        "attempt",
        "turn",
        "agent_id",
        "model_name",
        "connection",
        "thread_id",
        "suna_run_id",
        "status",
        "code",
        "message",
        "api_key_type",
        "individual_usage_metrics",
        "individual_cost_metrics",
        "usage_complete",
        "created_at",
        "start_requested_at",
        "start_decision",
        "started_at",
        "stop_requested_at",
        "finished_at",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[AgentRun]:
        """Fetch what the rows name along with them, texts and the connection's credential not."""
        rows = super().get_queryset(request).select_related("step", "execution__team", "connection")
        return rows.defer(
            "step__input",
            "step__result_text",
            "step__result_data",
            "execution__plan",
            "execution__initial_prompt",
            "execution__result",
            "execution__result_text",
            "connection__sealed_credential",
        )

    @admin.display(description=_("step"), ordering="step__step_id")
    def step_name(self, obj: AgentRun) -> str:
        """Name the step."""
        return obj.step.step_id
