"""A start of which Suna cannot tell whether it made a run: it waits for a person, who can look there.

Where Suna makes the thread with the start, a lost answer has taken the only handle on it along (suna-contract
§6.2); and where the connection got another address since, the old one is not asked any more. Nothing is
started again by itself: a second run costs again and does again what agents do. The step's time, the deadline
and a cancel end the wait. An execution that waits for nothing else is put down meanwhile, and the row of the
run holds all that whoever takes it up has to know.
"""

import asyncio
import datetime as dt
from typing import TYPE_CHECKING

from executions.engine.state import AgentRunStatus, Reason, StartDecision, StepState, StepStatus
from executions.orchestrator.outcomes import NeverStarted, Outcome, Stopped
from executions.orchestrator.tracked import RunRecord
from teams.workflow.plan import Json

if TYPE_CHECKING:
    from executions.orchestrator.attempt import Attempt

START_UNKNOWN = "start_unknown"
"""The reason of a step that waits so, and the event's kind."""
MOVE_IS_SEEN_WITHIN = dt.timedelta(seconds=120)
"""No transaction of a web process lasts so long: PostgreSQL ends those that stand still much sooner."""


def is_start_unknown(step: StepState) -> bool:
    """Whether a step waits for a person to say what became of its start."""
    return (
        step.status is StepStatus.START_UNCERTAIN
        and step.reason is not None
        and step.reason.code == START_UNKNOWN
    )


def was_sent_elsewhere(attempt: "Attempt", run: RunRecord) -> bool:
    """Tell whether a run's start was sent to an address that its connection had before."""
    moved_at = attempt.owner.tracked.connection.moved_at
    return moved_at is not None and run.start_requested_at is not None and run.start_requested_at <= moved_at


def may_be_elsewhere(attempt: "Attempt", run: RunRecord) -> bool:
    """Tell whether a start may have gone to an earlier address of its connection: where in doubt, it may.

    A move is stamped when it is written and seen by drivers when it is committed; in between a start goes to
    the old address with a later time than the move's.
    """
    moved_at, asked_at = attempt.owner.tracked.connection.moved_at, run.start_requested_at
    return moved_at is not None and asked_at is not None and asked_at <= moved_at + MOVE_IS_SEEN_WITHIN


async def wait_for_decision(attempt: "Attempt", run: RunRecord) -> Outcome:
    """Wait until a person has decided, the step's time is up or somebody asks to stop."""
    run.in_doubt = True
    because: dict[str, Json] = {"because": "moved"} if was_sent_elsewhere(attempt, run) else {}
    reason = Reason(code=START_UNKNOWN, params={"attempt": run.attempt, **because})
    if attempt.owner.mark_step(run.step_id, StepStatus.START_UNCERTAIN, reason):
        await attempt.owner.commit_run(run, kind=START_UNKNOWN)
    up_at = (run.start_requested_at or attempt.owner.now()) + dt.timedelta(seconds=attempt.step.timeout_s)
    while not attempt.stopping.is_set():
        if run.start_decision == StartDecision.AGAIN:
            return NeverStarted(run=run)
        if run.start_decision == StartDecision.GIVE_UP:
            return _given_up(attempt, "run_vanished", because="given_up")
        left_s = (up_at - attempt.owner.now()).total_seconds()
        if left_s <= 0:
            return _given_up(attempt, "timeout", because=START_UNKNOWN)
        await _wait(attempt, until=up_at, seconds=left_s)
    return Stopped(
        step_id=run.step_id,
        run=run,
        run_status=AgentRunStatus.ABANDONED,
        message="it is not known whether it was started",
    )


def _given_up(attempt: "Attempt", code: str, *, because: str) -> Outcome:
    return attempt.broken(
        code, params={"because": because}, run_status=AgentRunStatus.ABANDONED, is_final=True
    )


async def _wait(attempt: "Attempt", *, until: dt.datetime, seconds: float) -> None:
    # Where nothing else goes on, the execution need not be held from here on.
    attempt.decision_until = until
    attempt.owner.wake()
    waits = [asyncio.create_task(event.wait()) for event in (attempt.stopping, attempt.decided)]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        attempt.decision_until = None
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
    attempt.decided.clear()
