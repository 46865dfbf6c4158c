"""What clients get about the steps of an execution and about their runs in Suna."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.reverse import reverse

from billing.api.figures import cost_of, figures_of, usage_of
from billing.ledger import Tally, Totals, totals_of_execution
from executions.actions.start_decision import is_in_doubt
from executions.api.executions_seen import operates
from executions.api.question_output import questions_of, written_questions
from executions.engine.state import StepStatus
from executions.models import AgentRun, Execution, ExecutionStep, QuestionState
from executions.wording import awaited_by_step, step_sentence
from teams.api.authentication import person
from teams.api.null_text import TextOrNull
from teams.wording import step_titles
from teams.workflow.plan import Plan, plan_from_json

VERBS = ("start_again", "give_up_start")
LINKS = {
    "self": "execution-step",
    "runs": "execution-step-runs",
    "start_again": "execution-step-start-again",
    "give_up_start": "execution-step-give-up-start",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a sentence about a step needs beside its row: the words for step ids, and who waits for whom."""

    titles: Mapping[str, str]
    awaited: Mapping[str, Sequence[str]]


class StepOutput(serializers.ModelSerializer[ExecutionStep]):
    """A step: where it stands, why, and its result as text and as data.

    `code`, `message` and `params` say why: for programs, for people (in the request's language; null where
    the step completed), and the facts. `reused_from` is the execution in which the result was made, null
    where that is this one. The serializer's context holds `standing`, a Standing.
    """

    title = serializers.SerializerMethodField()
    code = TextOrNull()
    message = serializers.SerializerMethodField()
    params = serializers.JSONField(source="reason_params")
    reused_from = serializers.UUIDField(source="reused_from.execution_id", default=None, allow_null=True)

    class Meta:
        model = ExecutionStep
        fields = [
            "step_id",
            "title",
            "position",
            "agent_id",
            "role",
            "status",
            "code",
            "message",
            "params",
            "attempts",
            "retry_at",
            "reused_from",
            "result_text",
            "result_data",
            "started_at",
            "finished_at",
        ]

    def get_title(self, step: ExecutionStep) -> str:
        """Return what messages call the step."""
        standing: Standing = self.context["standing"]
        return standing.titles.get(step.step_id, step.step_id)

    def get_message(self, step: ExecutionStep) -> str | None:
        """Return the sentence for people."""
        standing: Standing = self.context["standing"]
        sentence = step_sentence(
            status=step.status,
            code=step.code,
            params=step.reason_params,
            awaited=standing.awaited.get(step.step_id, ()),
            names=standing.titles,
        )
        return sentence or None


class StepDetailOutput(StepOutput):
    """A step with the prompt that it was given, what was cut from it, and how its conditions were judged."""

    class Meta(StepOutput.Meta):
        fields = [
            *StepOutput.Meta.fields,
            "input",
            "input_cuts",
            "conditions",
            "undecidable",
            "context_version",
        ]


class AgentRunOutput(serializers.ModelSerializer[AgentRun]):
    """One run in Suna. `turn` 1 is the attempt's start; later turns are answers to a question."""

    code = TextOrNull()
    message = TextOrNull()
    usage = serializers.SerializerMethodField()
    cost = serializers.SerializerMethodField()

    class Meta:
        model = AgentRun
        fields = [
            "id",
            "attempt",
            "turn",
            "agent_id",
            "model_name",
            "thread_id",
            "suna_run_id",
            "status",
            "code",
            "message",
            "api_key_type",
            "usage",
            "cost",
            "usage_complete",
            "created_at",
            "start_requested_at",
            "started_at",
            "stop_requested_at",
            "finished_at",
        ]

    def get_usage(self, run: AgentRun) -> dict[str, int]:
        """Return the run's tokens."""
        return usage_of(run.individual_usage_metrics)

    def get_cost(self, run: AgentRun) -> dict[str, Any]:
        """Return the run's cost."""
        return cost_of(run.individual_cost_metrics)


def steps_with_origin(execution: Execution) -> QuerySet[ExecutionStep]:
    """Return the steps, each with what names the step that it was reused from."""
    unread = ("input", "input_cuts", "conditions", "result_text", "result_data", "reason_params")
    return execution.steps.select_related("reused_from").defer(*(f"reused_from__{name}" for name in unread))


def step_rows(execution: Execution, plan: Plan, totals: Totals, request: Request) -> list[dict[str, Any]]:
    """Return the execution's steps in the order of the document, in one query."""
    # A step's input may be 256 KiB: it is shown with the step alone.
    steps = list(steps_with_origin(execution).order_by("position").defer("input", "input_cuts", "conditions"))
    context = {"standing": _standing(plan, {step.step_id: step.status for step in steps})}
    asked = _open_questions(execution, steps, request)
    return [
        _step(StepOutput(step, context=context).data, step, totals, execution, request)
        | {"question": asked.get(step.step_id)}
        for step in steps
    ]


def step_detail(execution: Execution, step: ExecutionStep, request: Request) -> dict[str, Any]:
    """Return one step with everything that is known of it."""
    statuses = dict(execution.steps.values_list("step_id", "status"))
    standing = _standing(plan_from_json(execution.plan), statuses)
    shown = StepDetailOutput(step, context={"standing": standing}).data
    written = _step(shown, step, totals_of_execution(execution.pk), execution, request)
    runs = step.agent_runs.order_by("attempt", "turn")
    asked = written_questions(questions_of(execution, person(request)).filter(step=step), request)
    still_open = [one for one in asked if one["status"] == QuestionState.OPEN]
    return {
        **written,
        "question": still_open[0] if still_open else None,
        "questions": asked,
        "agent_runs": AgentRunOutput(runs, many=True).data,
    }


def _open_questions(
    execution: Execution, steps: Sequence[ExecutionStep], request: Request
) -> dict[str, dict[str, Any]]:
    """Return the question with which each step waits; no query where none does."""
    if not any(step.status == StepStatus.WAITING_INPUT for step in steps):
        return {}
    rows = questions_of(execution, person(request)).filter(state=QuestionState.OPEN)
    return {one["step_id"]: one for one in written_questions(rows, request)}


def _standing(plan: Plan, statuses: Mapping[str, str]) -> Standing:
    return Standing(titles=step_titles(plan.steps), awaited=awaited_by_step(plan, statuses))


def _step(
    written: dict[str, Any], step: ExecutionStep, totals: Totals, execution: Execution, request: Request
) -> dict[str, Any]:
    place = {"execution_id": execution.pk, "step_id": step.step_id}
    figures = figures_of(totals.by_step.get(step.step_id, Tally()))
    links = {word: reverse(f"api:{name}", kwargs=place, request=request) for word, name in LINKS.items()}
    may_decide = is_in_doubt(step) and execution.cancel_requested_at is None
    can = list(VERBS) if may_decide and operates(execution, person(request)) else []
    return {**written, **figures, "can": can, "links": links}
