"""An execution as its page shows it: plain values, gathered in a handful of queries."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import F

from billing.ledger import Tally, totals_of_execution
from executions.actions.estimate_run import Money
from executions.actions.execution_rights import is_pause_wanted
from executions.actions.expected_cost import find_expected_cost
from executions.actions.start_decision import is_in_doubt
from executions.engine.state import EXECUTION_TERMINAL, STEP_TERMINAL, StepStatus
from executions.models import Execution, ExecutionStep, Question
from executions.pages.answer_text import AnswerText, build_answer, spare_formatting
from executions.pages.live_view import NOTHING_LIVE, LiveView
from executions.pages.question_view import QuestionView, build_question_view
from executions.pages.spending import Spending, spending_of
from executions.pages.timeline_view import TimelineView, build_timeline_view
from executions.wording import awaited_by_step, execution_sentence, status_words, step_sentence
from teams.pages.graph_view import GraphView, State, build_graph
from teams.pages.workflow_view import agent_names
from teams.wording import step_titles
from teams.workflow.plan import plan_from_json

MAX_REPEATS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """One step. `is_in_doubt`: a person has to say what became of its start.

    Before `retry_at` it is not started again.
    """

    step_id: str
    title: str
    agent: str
    status: str
    status_words: str
    sentence: str
    attempts: int
    retry_at: dt.datetime | None
    elapsed_s: int | None
    is_over: bool
    answer: AnswerText | None
    spending: Spending
    reused_from: uuid.UUID | None
    live: LiveView | None
    is_in_doubt: bool
    question: QuestionView | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentView:
    """What one agent used and cost, over all its steps."""

    name: str
    spending: Spending


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionView:
    """The execution. `elapsed_s` runs on where `is_over` is false.

    `repeats` is the execution that this one was made from, and `repeated_by` those made from it, newest
    first; of each the id and when it was accepted are loaded.
    """

    status_words: str
    sentence: str
    is_over: bool
    steps: tuple[StepView, ...]
    steps_over: int
    answer: AnswerText | None
    elapsed_s: int | None
    spending: Spending
    agents: tuple[AgentView, ...]
    is_cost_final: bool
    expected: Money | None
    """What its cost was to be expected to be before it began; None where there was no ground to expect."""
    graph: GraphView | None
    timeline: TimelineView | None
    repeats: Execution | None
    repeated_by: tuple[Execution, ...]


def build_execution_view(
    execution: Execution,
    *,
    now: dt.datetime,
    may_answer: bool = False,
    live: Mapping[str, LiveView] = NOTHING_LIVE,
) -> ExecutionView:
    """Gather everything that the page shows, in eight queries at most.

    `may_answer` says whether the reader may answer the questions of its steps; `live` is what the runs under
    way have told so far, by their step.
    """
    plan = plan_from_json(execution.plan)
    steps = list(
        ExecutionStep.objects.filter(execution=execution)
        .order_by("position")
        .defer("input")
        .annotate(made_in=F("reused_from__execution_id"))
    )
    named = Execution.objects.only("id", "created_at", "status")
    totals = totals_of_execution(execution.pk)
    agents = agent_names(execution.connection_id, [step.agent_id for step in steps])
    titles = step_titles(plan.steps)
    awaited = awaited_by_step(plan, {step.step_id: step.status for step in steps})
    is_over = execution.status in EXECUTION_TERMINAL
    asked = _open_questions(execution, steps, may_answer=may_answer)
    views = tuple(
        _step_view(
            step,
            awaited=awaited.get(step.step_id, ()),
            titles=titles,
            agents=agents,
            tally=totals.by_step,
            now=now,
            question=asked.get(step.pk),
            live=live.get(step.step_id),
            answer=answer,
        )
        for step, answer in zip(steps, _answers(steps), strict=True)
    )
    return ExecutionView(
        status_words=status_words(execution.status),
        sentence=execution_sentence(
            status=execution.status,
            code=execution.code,
            params=execution.message_params,
            names=titles,
            is_pause_wanted=is_pause_wanted(execution),
            is_asking=execution.at_rest and bool(asked),
        ),
        is_over=is_over,
        steps=views,
        steps_over=sum(view.is_over for view in views),
        answer=build_answer(execution.result_text),
        elapsed_s=_elapsed_s(execution.started_at, execution.finished_at, now),
        spending=spending_of(totals.overall),
        agents=tuple(
            AgentView(name=agents.get(agent_id, agent_id), spending=spending_of(tally))
            for agent_id, tally in totals.by_agent.items()
        ),
        graph=build_graph(
            plan,
            agents=agents,
            states={step.step_id: State(status=step.status, words=step.status_words) for step in views},
        ),
        timeline=build_timeline_view(execution, steps, plan, titles=titles, now=now),
        is_cost_final=is_over and execution.usage_complete,
        expected=find_expected_cost(execution),
        repeats=named.filter(pk=execution.retried_from_id).first() if execution.retried_from_id else None,
        repeated_by=tuple(named.filter(retried_from=execution).order_by("-id")[:MAX_REPEATS]),
    )


def _step_view(
    step: ExecutionStep,
    *,
    awaited: Sequence[str],
    titles: Mapping[str, str],
    agents: Mapping[str, str],
    tally: Mapping[str, Tally],
    now: dt.datetime,
    question: QuestionView | None,
    live: LiveView | None,
    answer: AnswerText | None,
) -> StepView:
    is_over = step.status in STEP_TERMINAL
    return StepView(
        step_id=step.step_id,
        title=titles.get(step.step_id, step.step_id),
        agent=agents.get(step.agent_id, step.agent_id),
        status=step.status,
        status_words=status_words(step.status),
        sentence=step_sentence(
            status=step.status,
            code=step.code,
            params=step.reason_params,
            awaited=awaited,
            names=titles,
        ),
        attempts=step.attempts,
        retry_at=step.retry_at if step.status in (StepStatus.RETRYING, StepStatus.READY) else None,
        elapsed_s=_elapsed_s(step.started_at, step.finished_at, now),
        is_over=is_over,
        answer=answer,
        spending=spending_of(tally.get(step.step_id, Tally())),
        reused_from=getattr(step, "made_in", None),
        live=None if is_over else live,
        is_in_doubt=is_in_doubt(step),
        question=question,
    )


def _open_questions(
    execution: Execution, steps: Sequence[ExecutionStep], *, may_answer: bool
) -> dict[uuid.UUID, QuestionView]:
    """Return the question with which each step waits, by the step's row; no query where none does."""
    if not any(step.status == StepStatus.WAITING_INPUT for step in steps):
        return {}
    rows = Question.objects.filter(execution=execution).open().select_related("step")
    found = {}
    for question in rows.defer("step__input", "step__result_text", "step__result_data"):
        question.execution = execution
        found[question.step_id] = build_question_view(question, may_answer=may_answer, back="execution")
    return found


def _answers(steps: Sequence[ExecutionStep]) -> list[AnswerText | None]:
    """Return each step's answer, with formatting as far as the page can bear it."""
    found, formatted = [], 0
    for step in steps:
        answer = spare_formatting(build_answer(step.result_text, step.result_data), formatted_chars=formatted)
        formatted += len(answer.text) if answer is not None and answer.looks == "markdown" else 0
        found.append(answer)
    return found


def _elapsed_s(began: dt.datetime | None, ended: dt.datetime | None, now: dt.datetime) -> int | None:
    return None if began is None else max(0, int(((ended or now) - began).total_seconds()))
