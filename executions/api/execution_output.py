"""What clients get about executions. Fields are named one by one: nothing leaves by accident."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.reverse import reverse

from billing.api.figures import LEDGER_FIGURES, cost_of, figures_of, usage_of
from billing.ledger import totals_of_execution
from billing.models import UsageLog
from executions.actions.execution_rights import is_pause_wanted
from executions.api.execution_names import TeamNameOutput
from executions.api.executions_seen import verbs_of
from executions.api.step_output import step_rows
from executions.models import Execution, ExecutionEvent
from executions.wording import NO_NAMES, event_words, execution_sentence
from teams.api.authentication import person
from teams.api.null_text import TextOrNull
from teams.api.team_output import PersonOutput
from teams.wording import step_titles
from teams.workflow.plan import plan_from_json

LINKS = {
    "self": "execution",
    "events": "execution-events",
    "event_log": "execution-event-log",
    "steps": "execution-steps",
    "runs": "execution-runs",
    "context": "execution-context",
    "context_history": "execution-context-history",
    "result": "execution-result",
    "usage": "execution-usage",
    "cancel": "execution-cancellation",
    "pause": "execution-pause",
    "resume": "execution-resume",
    "release": "execution-release",
    "retry": "execution-retry",
    "run_again": "execution-run-again",
}
MAX_RETRIES = 100


class ExecutionOutput(serializers.ModelSerializer[Execution]):
    """An execution as lists show it; load it with `executions_of`.

    `code`, `message` and `params` say why it stands where it stands: for programs, for people (in the
    request's language), and the facts. `names` of the serializer's context are the words for step ids in the
    message; without them, as in lists, the ids themselves stand there. Null where there is nothing to say.
    `can` are the verbs that are legal now for whoever asks, each with its address under the same word in
    `links`.
    """

    team = TeamNameOutput()
    version = serializers.IntegerField(source="workflow_version.number")
    connection = serializers.UUIDField(source="connection_id")
    started_by = PersonOutput()
    payer = PersonOutput()
    prompt_start = serializers.CharField()
    labels = serializers.ListField(child=serializers.CharField())
    code = TextOrNull()
    message = serializers.SerializerMethodField()
    params = serializers.JSONField(source="message_params")
    usage = serializers.SerializerMethodField()
    cost = serializers.SerializerMethodField()
    can = serializers.SerializerMethodField()
    links = serializers.SerializerMethodField()

    class Meta:
        model = Execution
        fields = [
            "id",
            "team",
            "version",
            "connection",
            "started_by",
            "payer",
            "prompt_start",
            "labels",
            "status",
            "code",
            "message",
            "params",
            "usage",
            "cost",
            "usage_complete",
            "retried_from",
            "can",
            "cancel_requested_at",
            "pause_requested_at",
            "resume_requested_at",
            "deadline_at",
            "created_at",
            "started_at",
            "finished_at",
            "links",
        ]

    def get_message(self, execution: Execution) -> str | None:
        """Return the sentence for people."""
        sentence = execution.message or execution_sentence(
            status=execution.status,
            code=execution.code,
            params=execution.message_params,
            names=self.context.get("names", NO_NAMES),
            is_pause_wanted=is_pause_wanted(execution),
        )
        return sentence or None

    def get_usage(self, execution: Execution) -> dict[str, int]:
        """Return the tokens so far."""
        return usage_of(execution.usage_metrics)

    def get_cost(self, execution: Execution) -> dict[str, Any]:
        """Return the cost so far."""
        return cost_of(execution.cost_metrics)

    def get_can(self, execution: Execution) -> list[str]:
        """Return what the person may do with it now."""
        return list(verbs_of(execution, person(self.context["request"])))

    def get_links(self, execution: Execution) -> dict[str, str]:
        """Return where the execution's other addresses are."""
        request = self.context["request"]
        place = {"execution_id": execution.pk}
        links = {word: reverse(f"api:{name}", kwargs=place, request=request) for word, name in LINKS.items()}
        team = reverse("api:team", kwargs={"team_id": execution.team_id}, request=request)
        return {**links, "team": team}


class EventOutput(serializers.ModelSerializer[ExecutionEvent]):
    """One fact of the timeline; `step_id` is null where it is about the execution as a whole.

    `message` says in the request's language what `kind` says to programs.
    """

    step_id = TextOrNull()
    message = serializers.SerializerMethodField()

    class Meta:
        model = ExecutionEvent
        fields = ["seq", "kind", "message", "step_id", "data", "actor", "created_at"]

    def get_message(self, event: ExecutionEvent) -> str:
        """Return the words for people."""
        return event_words(event.kind)


class UsageOutput(serializers.ModelSerializer[UsageLog]):
    """One row of the ledger: one answer of a model. `cost_usd` is null where no price is known."""

    class Meta:
        model = UsageLog
        fields = [
            "id",
            "created_at",
            "step_id",
            "agent_id",
            "agent_run_id",
            "attempt",
            *LEDGER_FIGURES,
        ]


def execution_detail(execution: Execution, request: Request) -> dict[str, Any]:
    """Return an execution with its prompt, its steps and its answer. Figures are sums of ledger rows."""
    totals = totals_of_execution(execution.pk)
    plan = plan_from_json(execution.plan)
    seen = Execution.objects.for_user(person(request))
    retries = seen.filter(retried_from=execution).order_by("-id")
    context = {"request": request, "names": step_titles(plan.steps)}
    return {
        **ExecutionOutput(execution, context=context).data,
        **figures_of(totals.overall),
        "retries": list(retries.values_list("id", flat=True)[:MAX_RETRIES]),
        "prompt": execution.initial_prompt,
        "answer": execution.result,
        "result_text": execution.result_text,
        "steps": step_rows(execution, plan, totals, request),
    }
