"""What became of a start whose answer did not come: it is waited for, looked up, or a person's to say."""

import asyncio
import datetime as dt
import logging
from typing import TYPE_CHECKING

from django.conf import settings

from executions.agent_service import (
    AgentServiceError,
    ContractChanged,
    CredentialRefused,
    CredentialUnreadable,
    NotFound,
    RedirectRefused,
    RunView,
    StartUncertain,
    Throttled,
    Unavailable,
)
from executions.engine.state import AgentRunStatus, Reason, StepStatus
from executions.orchestrator.outcomes import NeverStarted, Outcome
from executions.orchestrator.patience import Patience
from executions.orchestrator.tracked import RunRecord
from executions.orchestrator.unknown_start import may_be_elsewhere, wait_for_decision, was_sent_elsewhere

if TYPE_CHECKING:
    from executions.orchestrator.attempt import Attempt

logger = logging.getLogger(__name__)

# Errors that prove that nothing was started, where waiting can help. A lost answer is none of them.
NOTHING_STARTED = (Throttled, Unavailable, CredentialRefused, RedirectRefused)
# What the owner of the connection can mend, or detection: it is taken anew before the next call.
MENDED_BY_OWNER = (CredentialRefused, CredentialUnreadable, RedirectRefused, ContractChanged)


async def hear_start(attempt: "Attempt", run: RunRecord, started: "asyncio.Task[RunView]") -> Outcome | None:
    """Take in what came of a start that nobody could look up.

    Should the execution begin again from its rows meanwhile, the start is not broken off: the next attempt
    at the same run hears of it.
    """
    try:
        view = await asyncio.shield(started)
    except AgentServiceError as error:
        attempt.owner.open_starts.forget(run.id)
        if not isinstance(error, StartUncertain):
            raise
        attempt.owner.starts.unsure(attempt.step.id)
        return await wait_for_decision(attempt, run)
    await attempt.adopt(run, view, kind="step_running")
    attempt.owner.open_starts.forget(run.id)
    return None


async def look_up_start(attempt: "Attempt", run: RunRecord) -> Outcome | None:
    """Find the run of a start in doubt: adopt it, or give the start up when the grace is over.

    What has no thread cannot be found: a person decides, unless this driver has the answer still to come.
    The same where the connection got another address since, and the thread is not to be found there.
    """
    cannot_be_found = run.thread_id is None or not attempt.service.traits.finds_starts
    if cannot_be_found or (run.start_decision and was_sent_elsewhere(attempt, run)):
        started = attempt.owner.open_starts.find(run.id)
        if started is None:
            return await wait_for_decision(attempt, run)
        try:
            return await hear_start(attempt, run, started)
        except NOTHING_STARTED as error:
            attempt.owner.starts.refused(attempt.step.id, error)
            return attempt.put_back(error)
    if attempt.owner.mark_step(attempt.step.id, StepStatus.START_UNCERTAIN, Reason(code="start_uncertain")):
        await attempt.owner.commit_run(run, kind="start_in_doubt")
    try:
        return await _look_until_known(attempt, run)
    finally:
        attempt.owner.hints.pace.leave(attempt)


async def look_up_lost_start(attempt: "Attempt", run: RunRecord) -> Outcome | None:
    """Do as after a lost answer: nothing is sent before it is known what a lost database sent."""
    run.status, run.start_requested = AgentRunStatus.STARTING, True
    attempt.owner.mark_step(attempt.step.id, StepStatus.START_UNCERTAIN, Reason(code="start_uncertain"))
    committed = await attempt.owner.commit_run(run, kind="start_in_doubt")
    run.start_requested_at = committed.at
    return await look_up_start(attempt, run)


async def _look_until_known(attempt: "Attempt", run: RunRecord) -> Outcome | None:
    asked_at = run.start_requested_at or attempt.owner.now()
    grace = dt.timedelta(seconds=settings.ORCHESTRATOR.start_grace_s)
    patience = Patience(longest_s=2.0)
    give_up_at: dt.datetime | None = None
    while True:
        # Asked once more after the grace is over: only that answer proves that nothing came of it.
        now = attempt.owner.now()
        found = await _find_runs(attempt, run)
        if found:
            await attempt.adopt(run, found[-1], kind="run_adopted")
            return None
        if found is not None and now >= asked_at + grace:
            if may_be_elsewhere(attempt, run):
                # That it is not here proves nothing of where it was sent to.
                return await wait_for_decision(attempt, run)
            return NeverStarted(run=run)
        # A Suna that cannot be asked is waited for, unless somebody waits for the end: then not for ever.
        if attempt.stopping.is_set():
            give_up_at = give_up_at or now + grace + _stop_patience()
            if now >= give_up_at:
                return attempt.nothing_to_stop()
        # Many starts may be in doubt at once: their looks count among all that a driver asks.
        await asyncio.sleep(attempt.owner.hints.pace.stretch(attempt, patience.next()))


async def _find_runs(attempt: "Attempt", run: RunRecord) -> tuple[RunView, ...] | None:
    """Return the runs of the attempt's thread; None where the service could not tell."""
    try:
        found = await attempt.service.list_runs(run.thread_id or "")
        return tuple(view for view in found if view.run_id not in run.before)
    except NotFound:
        return ()
    except MENDED_BY_OWNER:
        await attempt.owner.renew_service()
    except AgentServiceError as error:
        logger.info("the start of run %s cannot be looked up yet: %s", run.id, error.code)
    return None


def _stop_patience() -> dt.timedelta:
    return dt.timedelta(seconds=settings.ORCHESTRATOR.stop_give_up_s)
