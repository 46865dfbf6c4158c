"""What each decision of the engine does to the execution in memory, its rows and its timeline."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from executions.engine.decisions import (
    Decision,
    EndEarly,
    FinishExecution,
    HoldStep,
    SkipStep,
    StartStep,
    StopStep,
)
from executions.engine.state import ExecutionStatus
from executions.engine.step_input import build_prompt
from executions.engine.transitions import apply_decision
from executions.orchestrator.changes import Changes, Event
from executions.orchestrator.questions import find_prompt
from executions.orchestrator.team_mailing import close_requests, deliver_mail
from executions.orchestrator.tracked import Tracked, turn_of
from teams.workflow.plan import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """An attempt to carry out once its decision is committed."""

    step_id: str
    prompt: str


@dataclass(slots=True, kw_only=True)
class Obeyed:
    """What is left to do after the decisions are committed: starts, and steps whose run is to be stopped."""

    starts: list[Start] = field(default_factory=list)
    stops: list[str] = field(default_factory=list)


def obey(tracked: Tracked, decision: Decision, changes: Changes, obeyed: Obeyed, *, now: dt.datetime) -> None:
    """Apply one decision to the state and put its rows and its event into `changes`."""
    tracked.state = apply_decision(tracked.plan, tracked.state, decision, now=now)
    match decision:
        case StartStep(step_id=step_id, attempt=attempt, conditions=conditions):
            _keep_conditions(tracked, step_id, conditions)
            told = len(changes.delivered)
            prompt = _find_prompt(tracked, step_id, changes)
            data = {"attempt": attempt, **turn_of(tracked.state.steps[step_id])}
            told = len(changes.delivered) - told
            if told:
                data["messages"] = told
            obeyed.starts.append(Start(step_id=step_id, prompt=prompt))
            _write_step(tracked, step_id, changes, kind="step_starting", data=data)
        case HoldStep(step_id=step_id, reason=reason, conditions=conditions):
            _keep_conditions(tracked, step_id, conditions)
            _write_step(
                tracked, step_id, changes, kind="step_ready", data=_reason_data(reason.code, reason.params)
            )
        case SkipStep(step_id=step_id, reason=reason, conditions=conditions):
            _keep_conditions(tracked, step_id, conditions)
            _write_step(
                tracked, step_id, changes, kind="step_skipped", data=_reason_data(reason.code, reason.params)
            )
        case StopStep(step_id=step_id, reason=reason):
            obeyed.stops.append(step_id)
            _write_step(
                tracked,
                step_id,
                changes,
                kind="step_cancelled",
                data=_reason_data(reason.code, reason.params),
            )
        case EndEarly(code=code, params=params):
            tracked.columns |= {"ended_by": code, "message_params": dict(params)}
            changes.execution = dict(tracked.columns)
            changes.events.append(Event(kind="execution_ending", data={"code": code, **params}))
        case FinishExecution():
            close_requests(tracked, changes)
            _finish(tracked, decision, changes)


def begin(tracked: Tracked, changes: Changes) -> None:
    """Say that a queued execution has begun."""
    _move(tracked, changes, ExecutionStatus.RUNNING, kind="execution_started")


def begin_to_cancel(tracked: Tracked, changes: Changes) -> None:
    """Say that the execution is being cancelled: its status until every run is over."""
    _move(tracked, changes, ExecutionStatus.CANCELLING, kind="execution_cancelling")


def _move(tracked: Tracked, changes: Changes, status: ExecutionStatus, *, kind: str) -> None:
    tracked.set_status(status)
    changes.execution = dict(tracked.columns)
    changes.events.append(Event(kind=kind))


def _finish(tracked: Tracked, decision: FinishExecution, changes: Changes) -> None:
    tracked.columns |= {
        "status": decision.status.value,
        "code": decision.code or "",
        "result": decision.answer,
        "result_text": decision.answer_text,
        "usage_complete": not tracked.usage_missing,
        # The row is let go of with its last write.
        "driver_id": None,
    }
    if decision.missing:
        tracked.columns["message_params"] = {
            **tracked.columns["message_params"],
            "missing_output": list(decision.missing),
        }
    changes.execution = dict(tracked.columns)
    changes.totals = True
    changes.events.append(Event(kind=f"execution_{decision.status.value}", data={"code": decision.code}))


def _find_prompt(tracked: Tracked, step_id: str, changes: Changes) -> str:
    """Return the prompt to start with: that of the thread that the attempt has already, else a new one."""
    parked = tracked.runs.get(step_id)
    if parked is not None:
        return parked.prompt
    mail = deliver_mail(tracked, step_id, changes)
    prompt = build_prompt(tracked.plan, tracked.state, step_id, mail=mail)
    extras = tracked.extras[step_id]
    extras.input, extras.input_cuts = prompt.prompt, list(prompt.cuts)
    extras.original = prompt.prompt
    # What this very turn writes into the context is part of what the prompt was built from.
    extras.context_version = tracked.context_version + len(changes.context)
    return find_prompt(tracked, step_id, None)


def _keep_conditions(tracked: Tracked, step_id: str, conditions: Json) -> None:
    if conditions is not None:
        tracked.extras[step_id].conditions = conditions


def _write_step(
    tracked: Tracked, step_id: str, changes: Changes, *, kind: str, data: Mapping[str, Json]
) -> None:
    changes.steps[tracked.extras[step_id].row_id] = tracked.step_values(step_id)
    changes.events.append(Event(kind=kind, step_id=step_id, data=data))


def _reason_data(code: str, params: Mapping[str, Json]) -> dict[str, Json]:
    return {"code": code, "params": dict(params)}
