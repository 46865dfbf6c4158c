"""What agents ask people in one execution under way: taking in a question, and going on with its answer.

A question is written with the end of the run that asked. The answer is a row before any driver knows of it;
the one that holds the execution takes it in here, and the further run that carries it is committed before
anything is sent.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from executions.agent_service import RunResult
from executions.engine.questions import Exchange, build_conversation, judge_question
from executions.engine.results import clean_text
from executions.engine.state import ExecutionState, ExecutionStatus, StepStatus
from executions.engine.transitions import Transition, fail_attempt, take_input, wait_for_input
from executions.models import Question, QuestionState
from executions.orchestrator.changes import Changes, Event
from executions.orchestrator.question_rows import Asked
from executions.orchestrator.questions_closed import expire_due
from executions.orchestrator.tracked import RunRecord, Tracked, find_run_ids, is_from_backup
from executions.orchestrator.unknown_start import is_start_unknown
from teams.workflow.plan import Json

ASKED = "asked"
"""The code of a run that ended with a question."""

MAX_QUESTION_CHARS = 20_000
MAX_OPTIONS = 20
MAX_OPTION_CHARS = 500
MAX_ATTACHMENTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A question that was answered or is out of time, and the runs that its place has had."""

    question: Question
    before: frozenset[str]


class AskingRun(Protocol):
    """The run that asked, as its row and its record both show it."""

    @property
    def attempt(self) -> int:
        """Counted from 1."""
        ...

    @property
    def turn(self) -> int:
        """Counted from 1."""
        ...

    @property
    def agent_id(self) -> str:
        """The agent, by the service's id."""
        ...

    @property
    def model_name(self) -> str:
        """The model asked for; empty where none was."""
        ...

    @property
    def thread_id(self) -> str | None:
        """The service's place."""
        ...

    @property
    def suna_run_id(self) -> str | None:
        """The service's run."""
        ...


def find_prompt(tracked: Tracked, step_id: str, run: RunRecord | None) -> str:
    """Return what the agent is told with a start: the step's prompt, the answer, or the conversation."""
    exchanges = tracked.exchanges.get(step_id, [])
    if run is not None and run.before:
        return exchanges[-1].answer
    return build_conversation(tracked.extras[step_id].original or "", exchanges)


def list_waiting(state: ExecutionState) -> tuple[str, ...]:
    """Return the ids of the steps that wait for an answer."""
    return tuple(name for name, step in state.steps.items() if step.status is StepStatus.WAITING_INPUT)


def waits_for_people_only(state: ExecutionState) -> bool:
    """Whether nothing of a running execution can go on before a person answers, or decides of a start."""
    is_asking = False
    for step in state.steps.values():
        if step.status is StepStatus.WAITING_INPUT or is_start_unknown(step):
            is_asking = True
        elif step.status is StepStatus.READY:
            # The places that it waits for are those of the steps that ask.
            if step.reason is None or step.reason.code != "max_parallel":
                return False
        elif not step.is_final and step.status is not StepStatus.PENDING:
            return False
    return is_asking and state.status is ExecutionStatus.RUNNING and not state.paused


def take_question(
    tracked: Tracked, run: RunRecord, result: RunResult, changes: Changes, *, now: dt.datetime
) -> bool:
    """Take in the question of a run that is at the end of its step's attempt under way.

    False where the step's policy makes a failure of it, which is the caller's to take in.
    """
    policy = tracked.plan.step(run.step_id).on_question
    exchanges = tracked.exchanges.get(run.step_id, [])
    verdict = judge_question(policy, exchanges, attempt=run.attempt)
    if verdict == "fail":
        return False
    until = now + dt.timedelta(seconds=policy.timeout_s) if verdict == "ask" else None
    asked = Asked(
        step_id=tracked.extras[run.step_id].row_id,
        run_id=run.id,
        text=clean_text(result.text or "")[0][:MAX_QUESTION_CHARS],
        options=_shorten(result.options, most=MAX_OPTIONS),
        attachments=_shorten(result.attachments, most=MAX_ATTACHMENTS),
        expires_at=until,
        answer=None if verdict == "ask" else policy.answer,
    )
    changes.questions.append(asked)
    data: dict[str, Json] = {"attempt": run.attempt, "turn": run.turn, "question": str(asked.id)}
    if until is not None:
        data["until"] = until.isoformat()
        tracked.state = wait_for_input(tracked.state, run.step_id, until=until)
        _write_step(tracked, run.step_id, changes, kind="question_asked", data=data)
        return True
    changes.events.append(Event(kind="question_asked", step_id=run.step_id, data=data))
    changes.events.append(
        Event(kind="question_answered", step_id=run.step_id, data={"question": str(asked.id), "auto": True})
    )
    exchange = Exchange(attempt=run.attempt, question=asked.text, answer=policy.answer, is_automatic=True)
    _go_on(tracked, run.step_id, run, exchange, changes, before=run.before, from_person=False)
    return True


def read_closed(tracked: Tracked, *, now: dt.datetime) -> list[Closed]:
    """Return the questions of the execution that were answered or are out of time by now, to be taken in."""
    if any(step.input_until is not None and step.input_until <= now for step in tracked.state.steps.values()):
        expire_due(tracked.id, plan=tracked.plan)
    rows = Question.objects.filter(
        execution_id=tracked.id, state__in=[QuestionState.ANSWERED, QuestionState.EXPIRED], heard=False
    )
    return [
        Closed(question=question, before=find_run_ids(tracked.execution, question.agent_run.thread_id))
        for question in rows.select_related("step", "agent_run").order_by("id")
    ]


def take_closed(
    tracked: Tracked, closed: Sequence[Closed], changes: Changes, *, now: dt.datetime
) -> list[tuple[str, Transition]]:
    """Go on with each answer; return the failures of the steps whose question nobody answered."""
    failures: list[tuple[str, Transition]] = []
    for one in closed:
        question = one.question
        step_id = question.step.step_id
        if tracked.state.steps[step_id].status is not StepStatus.WAITING_INPUT:
            continue
        if question.answer is None:
            params: dict[str, Json] = {"asked": True, "expired": True}
            transition = fail_attempt(
                tracked.plan, tracked.state, step_id, code="agent_failed", params=params, now=now
            )
            tracked.state = transition.state
            failures.append((step_id, transition))
            continue
        tracked.extras[step_id].original = question.step.input
        run = question.agent_run
        exchange = Exchange(
            attempt=run.attempt,
            question=question.text,
            answer=question.answer,
            is_automatic=question.is_automatic,
        )
        _go_on(
            tracked,
            step_id,
            run,
            exchange,
            changes,
            before=one.before,
            from_person=not question.is_automatic,
            is_doubtful=is_from_backup(tracked.execution, question),
        )
    return failures


def close_questions(tracked: Tracked, waiting: Collection[str], changes: Changes) -> None:
    """Close the questions of the steps that waited, or asked in this turn, and wait no more."""
    rows = {extras.row_id: step_id for step_id, extras in tracked.extras.items()}
    asked = {rows[one.step_id] for one in changes.questions if one.answer is None}
    for step_id in {*waiting, *asked}:
        if tracked.state.steps[step_id].status is not StepStatus.WAITING_INPUT:
            changes.closed_questions.add(tracked.extras[step_id].row_id)


def _go_on(
    tracked: Tracked,
    step_id: str,
    asking: AskingRun,
    exchange: Exchange,
    changes: Changes,
    *,
    before: frozenset[str],
    from_person: bool,
    is_doubtful: bool = False,
) -> None:
    """Make the further run that carries the answer. It waits for its start like one that was put back."""
    tracked.exchanges.setdefault(step_id, []).append(exchange)
    tracked.state = take_input(tracked.state, step_id, from_person=from_person)
    in_place = tracked.answers_in_place and asking.thread_id is not None
    run = RunRecord(
        step_id=step_id,
        attempt=asking.attempt,
        turn=tracked.state.steps[step_id].turn,
        agent_id=asking.agent_id,
        model_name=asking.model_name,
        thread_id=asking.thread_id if in_place else None,
        before=before | {asking.suna_run_id or ""} if in_place else frozenset(),
        is_doubtful=is_doubtful,
    )
    run.prompt = find_prompt(tracked, step_id, run)
    tracked.runs[step_id] = run
    changes.runs[run.id] = tracked.run_values(run)
    data: dict[str, Json] = {"attempt": run.attempt, "turn": run.turn}
    _write_step(tracked, step_id, changes, kind="step_goes_on", data=data)


def _shorten(texts: Sequence[str], *, most: int) -> tuple[str, ...]:
    cleaned = (clean_text(text)[0].strip()[:MAX_OPTION_CHARS] for text in texts[:most])
    return tuple(dict.fromkeys(text for text in cleaned if text))


def _write_step(
    tracked: Tracked, step_id: str, changes: Changes, *, kind: str, data: dict[str, Json]
) -> None:
    changes.steps[tracked.extras[step_id].row_id] = tracked.step_values(step_id)
    changes.events.append(Event(kind=kind, step_id=step_id, data=data))
