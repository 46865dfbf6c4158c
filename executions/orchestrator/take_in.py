"""What the end of an attempt does to the execution: the run's row, the step, the context, the ledger."""

import datetime as dt
from collections.abc import Sequence

from billing.ledger import build_entries
from executions.agent_service import RunResult
from executions.engine.context import context_of, result_key, result_value
from executions.engine.results import clean_text
from executions.engine.state import STEP_ACTIVE, AgentRunStatus, StepStatus
from executions.engine.transitions import Transition, abandon_start, complete_attempt, fail_attempt, put_back
from executions.orchestrator.changes import Changes, ContextWrite, Event, Snapshot
from executions.orchestrator.outcomes import (
    Answered,
    AskedPerson,
    Broken,
    NeverStarted,
    Outcome,
    PutBack,
    Stopped,
)
from executions.orchestrator.questions import ASKED, Closed, take_closed, take_question
from executions.orchestrator.run_facts import facts_of_run
from executions.orchestrator.team_talk import hear_talk, write_talk
from executions.orchestrator.tracked import RunRecord, Tracked, turn_of
from teams.workflow.plan import Json

MESSAGE_CHARS = 1000


def take_in(tracked: Tracked, outcome: Outcome, changes: Changes, *, now: dt.datetime) -> None:
    """Apply an attempt's end to the state and put its rows, events and usage into `changes`."""
    changes.clears_crashes = True
    step_id = outcome.run.step_id if outcome.run is not None else outcome.step_id
    attempt = outcome.run.attempt if outcome.run is not None else tracked.state.steps[step_id].attempts
    _take_outcome(tracked, outcome, changes, now=now)
    # What it cost may come later still: then the money is kept free until it is in.
    if attempt and (outcome.run is None or isinstance(outcome, PutBack) or outcome.run.usage_complete):
        changes.settled.add((step_id, attempt))


def _take_outcome(tracked: Tracked, outcome: Outcome, changes: Changes, *, now: dt.datetime) -> None:
    if isinstance(outcome, (Answered, AskedPerson)) and outcome.lingered:
        run = outcome.run
        changes.events.append(Event(kind="run_lingered", step_id=run.step_id, data={"attempt": run.attempt}))
    match outcome:
        case Answered(run=run, result=result):
            _take_answer(tracked, run, result, changes, now=now)
        case AskedPerson(run=run, result=result):
            _take_question(tracked, run, result, changes, now=now)
        case Broken():
            _take_failure(tracked, outcome, changes, now=now)
        case NeverStarted(run=run):
            _take_abandoned(tracked, run, changes, now=now)
        case PutBack():
            _take_put_back(tracked, outcome, changes)
        case Stopped():
            _take_stop(tracked, outcome, changes)


def _take_answer(
    tracked: Tracked, run: RunRecord, result: RunResult, changes: Changes, *, now: dt.datetime
) -> None:
    _record_usage(tracked, run, result, changes)
    run.usage_complete = result.usage_complete
    run.status = AgentRunStatus.COMPLETED
    if tracked.state.steps[run.step_id].status not in STEP_ACTIVE:
        # The step was stopped while its run came to its own end: the first terminal status stands.
        _write_run(tracked, run, changes, kind="run_ended_late")
        return
    talk = hear_talk(tracked, run, result, changes, now=now)
    transition = complete_attempt(
        tracked.plan, tracked.state, run.step_id, text=talk.text, structured=talk.structured, now=now
    )
    if transition.outcome.kind != "completed":
        run.status, run.code = AgentRunStatus.FAILED, transition.outcome.code or "agent_failed"
        _fail_step(tracked, run.step_id, transition, changes)
        _write_run(tracked, run, changes)
        return
    tracked.state = transition.state
    data: dict[str, Json] = {"attempt": run.attempt}
    if transition.outcome.cleaned or result.cleaned:
        data["cleaned"] = True
    _write_run(tracked, run, changes)
    _write_step(tracked, run.step_id, changes, kind="step_completed", data=data)
    write_talk(tracked, run, talk, changes)
    _write_context(tracked, run.step_id, changes)


def _take_question(
    tracked: Tracked, run: RunRecord, result: RunResult, changes: Changes, *, now: dt.datetime
) -> None:
    is_late = tracked.state.steps[run.step_id].status not in STEP_ACTIVE
    if is_late or take_question(tracked, run, result, changes, now=now):
        _record_usage(tracked, run, result, changes)
        run.usage_complete = result.usage_complete
        run.status, run.code = AgentRunStatus.COMPLETED, ASKED
        _write_run(tracked, run, changes, kind="run_ended_late" if is_late else None)
        return
    failed = Broken(
        step_id=run.step_id,
        run=run,
        code="agent_failed",
        message=result.text or "",
        params={"asked": True},
        result=result,
    )
    _take_failure(tracked, failed, changes, now=now)


def take_closed_questions(
    tracked: Tracked, closed: Sequence[Closed], changes: Changes, *, now: dt.datetime
) -> None:
    """Go on with what was answered, and fail the attempts whose question nobody answered in time."""
    changes.clears_crashes = changes.clears_crashes or bool(closed)
    for step_id, transition in take_closed(tracked, closed, changes, now=now):
        _fail_step(tracked, step_id, transition, changes)


def _take_failure(tracked: Tracked, broken: Broken, changes: Changes, *, now: dt.datetime) -> None:
    run = broken.run
    message = clean_text(broken.message)[0][:MESSAGE_CHARS]
    if run is not None:
        run.code, run.message = broken.code, message
        run.status = broken.run_status
        if broken.result is not None:
            _record_usage(tracked, run, broken.result, changes)
            run.usage_complete = broken.result.usage_complete
        else:
            run.usage_complete = run.used_nothing
        _write_run(tracked, run, changes)
    if tracked.state.steps[broken.step_id].status not in STEP_ACTIVE:
        changes.events.append(Event(kind="run_ended_late", step_id=broken.step_id))
        return
    params = {**broken.params, **({"message": message} if message else {})}
    transition = fail_attempt(
        tracked.plan,
        tracked.state,
        broken.step_id,
        code=broken.code,
        params=params,
        text=broken.text,
        again=not broken.is_final,
        now=now,
    )
    _fail_step(tracked, broken.step_id, transition, changes)


def _take_abandoned(tracked: Tracked, run: RunRecord, changes: Changes, *, now: dt.datetime) -> None:
    run.status, run.code = AgentRunStatus.ABANDONED, "start_abandoned"
    run.usage_complete = run.used_nothing
    if tracked.state.steps[run.step_id].status in STEP_ACTIVE:
        tracked.state = abandon_start(tracked.state, run.step_id, now=now)
    _write_run(tracked, run, changes)
    _write_step(tracked, run.step_id, changes, kind="start_abandoned", data={"attempt": run.attempt})


def _take_put_back(tracked: Tracked, outcome: PutBack, changes: Changes) -> None:
    step_id, run = outcome.step_id, outcome.run
    step = tracked.state.steps[step_id]
    if step.status is not StepStatus.STARTING:
        # Somebody stopped the step meanwhile.
        stopped = Stopped(
            step_id=step_id, run=run, run_status=AgentRunStatus.ABANDONED, message="not started"
        )
        _take_stop(tracked, stopped, changes)
        return
    data: dict[str, Json] = {"attempt": step.attempts, "code": outcome.reason.code, **turn_of(step)}
    tracked.state = put_back(tracked.state, step_id, outcome.reason)
    if run is not None:
        run.status = AgentRunStatus.CREATED
        tracked.runs[step_id] = run
        changes.runs[run.id] = tracked.run_values(run)
    _write_step(tracked, step_id, changes, kind="start_put_back", data=data)


def end_parked(tracked: Tracked, changes: Changes) -> None:
    """End the runs that wait for their start at steps that wait for nothing any more."""
    for step_id, run in list(tracked.runs.items()):
        if tracked.state.steps[step_id].is_final:
            del tracked.runs[step_id]
            run.status, run.code, run.message = AgentRunStatus.ABANDONED, "stopped", "not started"
            run.usage_complete = True
            changes.runs[run.id] = tracked.run_values(run)


def _take_stop(tracked: Tracked, stopped: Stopped, changes: Changes) -> None:
    run = stopped.run
    changes.events.append(
        Event(kind="run_stopped", step_id=stopped.step_id, data={"as": stopped.run_status.value})
    )
    if run is None:
        return
    run.status, run.message = stopped.run_status, stopped.message
    run.code = run.code or "stopped"
    if stopped.result is not None:
        _record_usage(tracked, run, stopped.result, changes)
        run.usage_complete = stopped.result.usage_complete
    else:
        run.usage_complete = run.used_nothing
    _write_run(tracked, run, changes)


def _fail_step(tracked: Tracked, step_id: str, transition: Transition, changes: Changes) -> None:
    tracked.state = transition.state
    outcome = transition.outcome
    kind = "step_retrying" if outcome.kind == "retrying" else "step_failed"
    data: dict[str, Json] = {"code": outcome.code, "attempt": tracked.state.steps[step_id].attempts}
    if outcome.retry_at is not None:
        data["retry_at"] = outcome.retry_at.isoformat()
    _write_step(tracked, step_id, changes, kind=kind, data=data)


def _write_context(tracked: Tracked, step_id: str, changes: Changes) -> None:
    value = result_value(tracked.state.steps[step_id])
    changes.context.append(ContextWrite(key=result_key(step_id), value=value, author=f"step:{step_id}"))
    # Several steps may end in one turn: the last one's snapshot holds them all.
    changes.snapshot = Snapshot(
        base_version=tracked.context_version, values=context_of(tracked.plan, tracked.state)
    )


def _record_usage(tracked: Tracked, run: RunRecord, result: RunResult, changes: Changes) -> None:
    execution = tracked.execution
    facts = facts_of_run(run, execution=execution, step_id=run.step_id)
    changes.usage += build_entries(
        result.responses, run=facts, prompt=run.prompt, record_content=execution.team.record_content
    )


def _write_run(tracked: Tracked, run: RunRecord, changes: Changes, *, kind: str | None = None) -> None:
    tracked.usage_missing = tracked.usage_missing or not run.usage_complete
    changes.runs[run.id] = tracked.run_values(run)
    if kind is not None:
        changes.events.append(Event(kind=kind, step_id=run.step_id, data={"attempt": run.attempt}))


def _write_step(
    tracked: Tracked, step_id: str, changes: Changes, *, kind: str, data: dict[str, Json]
) -> None:
    if tracked.state.steps[step_id].is_final:
        tracked.extras[step_id].original = None
    changes.steps[tracked.extras[step_id].row_id] = tracked.step_values(step_id)
    changes.events.append(Event(kind=kind, step_id=step_id, data=data))
