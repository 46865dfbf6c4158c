"""One execution as its driver holds it in memory: the engine's state, and the rows that mirror it."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from billing.models import ApiKeyType
from executions.agent_service import AgentService
from executions.engine.questions import Exchange
from executions.engine.state import (
    AGENT_RUN_TERMINAL,
    AgentRunStatus,
    ExecutionState,
    ExecutionStatus,
    Reason,
    StepState,
    StepStatus,
)
from executions.models import AgentRun, Execution, ExecutionStep, Question, QuestionState
from executions.orchestrator.mailbox import Mailbox
from teams.models import SunaConnection
from teams.models.uuid7 import new_id
from teams.workflow.plan import Json, Plan, plan_from_json


@dataclass(slots=True, kw_only=True)
class RunRecord:
    """One AgentRun in memory, with the prompt it was given.

    `start_requested` and `stop_requested` ask the next commit to write its time. `in_doubt`: it may have been
    started without anybody being able to find it. `start_decision` is what a person decided of that.
    `before` holds the runs that were in its thread before it, by the service's ids: they are not this one.
    `prepared_by` is the client that put its prompt there last; None where another driver did.
    `is_doubtful`: a database that was lost since may have started it.
    """

    id: uuid.UUID = field(default_factory=new_id)
    step_id: str
    attempt: int
    turn: int = 1
    agent_id: str
    model_name: str
    thread_id: str | None = None
    suna_run_id: str | None = None
    status: AgentRunStatus = AgentRunStatus.CREATED
    code: str = ""
    message: str = ""
    api_key_type: str = ApiKeyType.UNKNOWN
    usage_complete: bool = False
    start_requested: bool = False
    stop_requested: bool = False
    start_requested_at: dt.datetime | None = None
    started_at: dt.datetime | None = None
    start_decision: str = ""
    in_doubt: bool = False
    prompt: str = ""
    before: frozenset[str] = frozenset()
    prepared_by: AgentService | None = None
    is_doubtful: bool = False

    @property
    def is_final(self) -> bool:
        """Whether the run is over."""
        return self.status in AGENT_RUN_TERMINAL

    @property
    def used_nothing(self) -> bool:
        """Whether it is known that there never was a run."""
        return self.suna_run_id is None and not self.in_doubt


@dataclass(slots=True, kw_only=True)
class StepExtras:
    """What a step's row holds beside the engine's state. `input` is set only until it is committed.

    `original` is the same prompt, kept as long as an attempt is under way: a new thread is told it again.
    """

    row_id: uuid.UUID
    input: str | None = None
    original: str | None = None
    input_cuts: Json = None
    conditions: Json = None
    context_version: int | None = None


@dataclass(slots=True, kw_only=True)
class Tracked:
    """An execution, held by one driver under one epoch.

    `columns` are the execution row's columns that drivers own, as they shall be written next. `exchanges`
    holds the questions of each step that were answered, in order. `answers_in_place` says whether the service
    takes an answer in the place of the run that asked. `mailbox` is the team's conversation as of this turn.
    """

    execution: Execution
    connection: SunaConnection
    epoch: int
    plan: Plan
    state: ExecutionState
    extras: dict[str, StepExtras]
    runs: dict[str, RunRecord]
    columns: dict[str, Any]
    context_version: int
    usage_missing: bool = False
    exchanges: dict[str, list[Exchange]] = field(default_factory=dict)
    answers_in_place: bool = True
    mailbox: Mailbox = field(default_factory=Mailbox)

    @property
    def talks(self) -> bool:
        """Whether any step is told the team's messages and may write some."""
        return any(step.tools == "team" for step in self.plan.steps)

    @property
    def id(self) -> uuid.UUID:
        """The execution's id."""
        return self.execution.id

    def set_status(self, status: ExecutionStatus) -> None:
        """Move the execution, in memory, to a status that is not its end."""
        self.state = replace(self.state, status=status)
        self.columns["status"] = status.value

    def request_cancel(self) -> None:
        """Note that somebody asked to cancel."""
        self.state = replace(self.state, cancel_requested=True)

    def want_paused(self, *, paused: bool) -> None:
        """Note that somebody asked to pause, or to go on."""
        self.state = replace(self.state, paused=paused)

    def take_context(self, values: Mapping[str, Json]) -> None:
        """Take in the shared context as it was read."""
        self.state = replace(self.state, context=values)

    def step_values(self, step_id: str) -> dict[str, Any]:
        """Return the step's row as it shall be written; its input goes along once."""
        state, extras = self.state.steps[step_id], self.extras[step_id]
        prompt, extras.input = extras.input, None
        return {
            "status": state.status.value,
            "code": state.reason.code if state.reason else "",
            "reason_params": dict(state.reason.params) if state.reason else {},
            "conditions": extras.conditions,
            "undecidable": state.undecidable,
            "attempts": state.attempts,
            "abandoned": state.abandoned,
            "retry_at": state.retry_at,
            "input": prompt,
            "input_cuts": extras.input_cuts or [],
            "result_text": state.text,
            "result_data": state.data,
            "context_version": extras.context_version,
        }

    def run_values(self, run: RunRecord) -> dict[str, Any]:
        """Return the run's row as it shall be written; the two requests go along once."""
        values = {
            "execution_id": self.id,
            "step_id": self.extras[run.step_id].row_id,
            "connection_id": self.connection.id,
            "attempt": run.attempt,
            "turn": run.turn,
            "agent_id": run.agent_id,
            "model_name": run.model_name,
            "thread_id": run.thread_id,
            "suna_run_id": run.suna_run_id,
            "status": run.status.value,
            "code": run.code,
            "message": run.message,
            "api_key_type": run.api_key_type,
            "usage_complete": run.usage_complete,
            "start_requested_at": run.start_requested_at,
            "start_requested": run.start_requested,
            "stop_requested": run.stop_requested,
        }
        run.start_requested = run.stop_requested = False
        return values


def load_tracked(execution_id: uuid.UUID, *, epoch: int) -> Tracked:
    """Read an execution with its steps and its open runs as they were last committed."""
    rows_of_one = Execution.objects.select_related("connection", "team").defer(
        "connection__sealed_credential"
    )
    execution = rows_of_one.get(pk=execution_id)
    plan = plan_from_json(execution.plan)
    rows = list(ExecutionStep.objects.filter(execution=execution).defer("input"))
    runs = AgentRun.objects.filter(execution=execution)
    open_runs = runs.exclude(status__in=AGENT_RUN_TERMINAL)
    names = {row.id: row.step_id for row in rows}
    records = {names[run.step_id]: _run_record(run, names[run.step_id]) for run in open_runs.order_by("id")}
    asked = _read_questions(execution)
    for step_id, run in records.items():
        if run.turn > 1:
            run.is_doubtful = is_from_backup(execution, asked[step_id][-1])
    state = ExecutionState(
        status=ExecutionStatus(execution.status),
        initial_prompt=execution.initial_prompt,
        steps={row.step_id: _with_turn(_step_state(row), records, asked) for row in rows},
        deadline_at=execution.deadline_at,
        cancel_requested=execution.cancel_requested_at is not None,
        paused=_is_pause_wanted(execution),
        ended_by=execution.ended_by or None,
    )
    return Tracked(
        execution=execution,
        connection=execution.connection,
        epoch=epoch,
        plan=plan,
        state=state,
        extras={row.step_id: _extras(row) for row in rows},
        runs=records,
        columns={
            "status": execution.status,
            "code": execution.code,
            "message": execution.message,
            "message_params": execution.message_params,
            "ended_by": execution.ended_by,
            "result": execution.result,
            "result_text": execution.result_text,
            "usage_complete": execution.usage_complete,
            "driver_id": execution.driver_id,
        },
        context_version=execution.context_version,
        usage_missing=runs.filter(status__in=AGENT_RUN_TERMINAL, usage_complete=False).exists(),
        exchanges=_exchanges(asked),
    )


def turn_of(step: StepState) -> dict[str, Json]:
    """Return what an event says of the turn of an attempt: nothing of the first."""
    return {"turn": step.turn} if step.turn > 1 else {}


def _is_pause_wanted(execution: Execution) -> bool:
    asked, resumed = execution.pause_requested_at, execution.resume_requested_at
    return asked is not None and (resumed is None or asked > resumed)


def _step_state(row: ExecutionStep) -> StepState:
    return StepState(
        step_id=row.step_id,
        status=StepStatus(row.status),
        reason=Reason(code=row.code, params=row.reason_params) if row.code else None,
        attempts=row.attempts,
        abandoned=row.abandoned,
        retry_at=row.retry_at,
        undecidable=row.undecidable,
        text=row.result_text,
        data=row.result_data,
    )


def _read_questions(execution: Execution) -> dict[str, list[Question]]:
    asked: dict[str, list[Question]] = {}
    rows = Question.objects.filter(execution=execution).select_related("agent_run", "step")
    for question in rows.defer("step__input", "step__result_text", "step__result_data").order_by("id"):
        asked.setdefault(question.step.step_id, []).append(question)
    return asked


def is_from_backup(execution: Execution, question: Question) -> bool:
    """Whether a question was asked before the backup that the execution was restored from was made.

    The database that was lost may have had its answer, and have started the run that carried it.
    """
    backup_at = execution.message_params.get("backup_at")
    return backup_at is not None and question.asked_at <= dt.datetime.fromisoformat(backup_at)


def _exchanges(asked: Mapping[str, list[Question]]) -> dict[str, list[Exchange]]:
    """Return what was answered and is taken in already, by step."""
    return {
        step_id: [
            Exchange(
                attempt=one.agent_run.attempt,
                question=one.text,
                answer=one.answer,
                is_automatic=one.is_automatic,
            )
            for one in questions
            if one.heard and one.answer is not None
        ]
        for step_id, questions in asked.items()
    }


def _with_turn(
    state: StepState, runs: Mapping[str, RunRecord], asked: Mapping[str, list[Question]]
) -> StepState:
    """Return the step with what its row does not hold: the turn, and until when it waits for an answer."""
    run = runs.get(state.step_id)
    if run is not None:
        return replace(state, turn=run.turn)
    questions = asked.get(state.step_id)
    if not questions or state.status is not StepStatus.WAITING_INPUT:
        return state
    last = questions[-1]
    until = last.expires_at if last.state == QuestionState.OPEN else None
    return replace(state, turn=last.agent_run.turn, input_until=until)


def find_run_ids(
    execution: Execution, thread_id: str | None, *, but: uuid.UUID | None = None
) -> frozenset[str]:
    """Return the runs that a thread of the execution is known to have had, by the service's ids."""
    if thread_id is None:
        return frozenset()
    runs = AgentRun.objects.filter(execution=execution, thread_id=thread_id).values_list("id", "suna_run_id")
    return frozenset(run_id for row_id, run_id in runs if run_id is not None and row_id != but)


def _extras(row: ExecutionStep) -> StepExtras:
    return StepExtras(
        row_id=row.id,
        input_cuts=row.input_cuts,
        conditions=row.conditions,
        context_version=row.context_version,
    )


def _run_record(run: AgentRun, step_id: str) -> RunRecord:
    return RunRecord(
        id=run.id,
        step_id=step_id,
        attempt=run.attempt,
        turn=run.turn,
        agent_id=run.agent_id,
        model_name=run.model_name,
        thread_id=run.thread_id,
        suna_run_id=run.suna_run_id,
        status=AgentRunStatus(run.status),
        code=run.code,
        message=run.message,
        api_key_type=run.api_key_type,
        usage_complete=run.usage_complete,
        start_requested_at=run.start_requested_at,
        started_at=run.started_at,
        start_decision=run.start_decision,
        before=find_run_ids(run.execution, run.thread_id, but=run.id) if run.turn > 1 else frozenset(),
    )
