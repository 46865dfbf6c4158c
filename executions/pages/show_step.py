"""The page of one step: what it was asked, from where, what it gave, each attempt, and why it went so."""

import uuid

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from billing.ledger import Tally, totals_of_execution
from executions.models import Execution, ExecutionStep
from executions.pages.event_choice import EventChoice, events_chosen
from executions.pages.event_lines import build_lines
from executions.pages.show_events import find_to_explain
from executions.pages.spending import spending_of
from executions.pages.step_view import build_attempts, build_condition_lines, build_sources, json_text
from executions.wording import awaited_by_step, status_words, step_sentence
from teams.models import Agent, SunaConnection
from teams.pages.show_team import may_use
from teams.pages.signed_in import SignedInRequest, signed_in
from teams.wording import step_conditions_words, step_titles
from teams.workflow.plan import plan_from_json
from teams.workflow.shapes import ID_PATTERN

EVENTS_SHOWN = 50
SHOWN_CHARS = 100_000


@require_safe
@signed_in
def show_step(request: SignedInRequest, execution_id: uuid.UUID, step_id: str) -> HttpResponse:
    """Show the step."""
    if not ID_PATTERN.fullmatch(step_id):
        raise Http404
    execution = find_to_explain(request, execution_id)
    step = get_object_or_404(ExecutionStep.objects.filter(execution=execution), step_id=step_id)
    context = _context(execution, step)
    connection = SunaConnection.objects.defer("sealed_credential").get(pk=execution.connection_id)
    context["suna"] = connection.base_url if may_use(request.user, connection) else ""
    return render(request, "executions/step.html", context)


def _context(execution: Execution, step: ExecutionStep) -> dict[str, object]:
    plan = plan_from_json(execution.plan)
    planned = plan.step(step.step_id)
    titles = step_titles(plan.steps)
    statuses = dict(execution.steps.values_list("step_id", "status"))
    awaited = awaited_by_step(plan, statuses)
    agent = Agent.objects.filter(connection_id=execution.connection_id, agent_id=step.agent_id).first()
    events = events_chosen(execution, EventChoice(step=step.step_id))[: EVENTS_SHOWN + 1]
    lines = build_lines(events, titles=titles)
    text = step.result_text or ""
    return {
        "execution": execution,
        "status_words": status_words(execution.status),
        "step": step,
        "title": titles.get(step.step_id, step.step_id),
        "step_status": status_words(step.status),
        "sentence": step_sentence(
            status=step.status,
            code=step.code,
            params=step.reason_params,
            awaited=awaited.get(step.step_id, ()),
            names=titles,
        ),
        "agent": agent.name if agent and agent.name else step.agent_id,
        "model": planned.model_name or (agent.model_name if agent else ""),
        "sources": build_sources(planned, titles, is_frozen=bool(step.input)),
        "prompt": step.input[:SHOWN_CHARS],
        "is_prompt_cut": len(step.input) > SHOWN_CHARS,
        "answer": text[:SHOWN_CHARS],
        "is_answer_cut": len(text) > SHOWN_CHARS,
        "has_answer": step.result_text is not None,
        "result": json_text(step.result_data)[:SHOWN_CHARS],
        "asked_conditions": step_conditions_words(planned, titles),
        "conditions": build_condition_lines(step.conditions or [], titles),
        "attempts": build_attempts(step),
        "lines": lines[:EVENTS_SHOWN],
        "has_more_events": len(lines) > EVENTS_SHOWN,
        "spending": spending_of(totals_of_execution(execution.pk).by_step.get(step.step_id, Tally())),
    }
