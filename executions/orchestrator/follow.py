"""Following a run to its end, and stopping one. The status that `get_run` tells is the truth."""

import asyncio
import datetime as dt
import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.conf import settings

from executions.agent_service import (
    AgentServiceError,
    BadResponse,
    ContractChanged,
    NotFound,
    RunStatus,
    RunView,
    Urgency,
)
from executions.engine.state import AgentRunStatus, Reason
from executions.orchestrator.collect import collect_result, collect_usage
from executions.orchestrator.doubt import Doubt
from executions.orchestrator.lingering import Lingering, has_answered, stop_lingering
from executions.orchestrator.live_reader import LiveRun
from executions.orchestrator.outcomes import Answered, AskedPerson, Broken, Outcome, Stopped
from executions.orchestrator.patience import Patience
from executions.orchestrator.tracked import RunRecord
from executions.orchestrator.unknown_start import was_sent_elsewhere
from executions.orchestrator.watch_run import Watch
from teams.workflow.plan import Json

if TYPE_CHECKING:
    from executions.orchestrator.attempt import Attempt

VANISHED_AFTER = 3
SAY_AFTER = 3
MAX_TEXT_CHARS = 1_048_576
BAD_ANSWERS_AT_MOST = 5
NEWER_HIDES_S = 60.0
"""So long a newer Suna may not show a run that it has started (suna-contract §1.3)."""
OVER = {
    RunStatus.COMPLETED: AgentRunStatus.COMPLETED,
    RunStatus.FAILED: AgentRunStatus.FAILED,
    RunStatus.STOPPED: AgentRunStatus.STOPPED,
}


@dataclass(frozen=True, slots=True)
class _ToStop:
    """A run that has to be stopped. `code` and `message` say why; None where somebody asked for it."""

    code: str | None
    message: str = ""


@dataclass(frozen=True, slots=True)
class _Lingers:
    """A run that has answered in full, and has nothing left to do but to say so."""

    view: RunView


async def follow_run(attempt: "Attempt", run: RunRecord) -> Outcome:
    """Ask for a run until it is over, its time is up or somebody asks to stop."""
    hints = attempt.owner.hints
    run_id = run.suna_run_id or ""
    shown = LiveRun(
        id=run.id,
        execution_id=attempt.owner.tracked.id,
        run_id=run_id,
        place=run.thread_id,
        service=lambda: attempt.service,
        secrets=attempt.find_secrets,
    )
    with attempt.owner.live.offer(shown):
        async with hints.watch(run_id, service=lambda: attempt.service, stopping=attempt.stopping) as watch:
            attempt.watch = watch
            found = await _ask_until_over(attempt, run, watch)
        attempt.watch = None
    if isinstance(found, RunView):
        return await _end(attempt, run, found)
    if isinstance(found, _Lingers):
        return await _end_lingering(attempt, run, found.view)
    if isinstance(found, _ToStop):
        return await _stop_run(attempt, run, found)
    return found


async def _ask_until_over(
    attempt: "Attempt", run: RunRecord, watch: Watch
) -> RunView | _Lingers | _ToStop | Broken:
    started_at = run.started_at or attempt.owner.now()
    timeout_s = attempt.step.timeout_s
    misses = bad = failures = 0
    doubt = Doubt()
    lingering = Lingering(run)
    looked_again = False
    while not attempt.stopping.is_set():
        age_s = (attempt.owner.now() - started_at).total_seconds()
        if age_s >= timeout_s:
            return _ToStop("timeout")
        at_least_s = 0.0
        try:
            view = await attempt.service.get_run(watch.run_id, urgency=watch.ask())
        except NotFound:
            if looked_again:
                # Whoever else finds out which Suna this is may have found it by now.
                await attempt.owner.renew_service()
            misses += not _may_yet_appear(attempt, run)
            if misses >= VANISHED_AFTER and not looked_again and _may_be_newer(attempt, run):
                looked_again, misses = True, 0
                await attempt.owner.look_again()
            elif misses >= VANISHED_AFTER:
                return _vanished(attempt, run)
        except BadResponse as error:
            bad += 1
            if bad >= BAD_ANSWERS_AT_MOST:
                return _ToStop(error.code)
        except AgentServiceError as error:
            # Whatever we are told here, the run lives on in Suna: it is asked for until its time is up. That
            # it cannot be asked for is worth saying only if it lasts.
            failures += 1
            if failures >= SAY_AFTER or isinstance(error, ContractChanged):
                await attempt.wait_out(error)
            at_least_s = getattr(error, "retry_after_s", None) or 0.0
        else:
            misses = bad = failures = 0
            if view.status in OVER and doubt.is_over(view, now=attempt.owner.now()):
                # Nobody but the service's own word says that it is over: were it not, another attempt would
                # run beside it.
                return _ToStop("agent_failed", view.error or "") if view.doubtful else view
            if await lingering.is_over(
                attempt.service, view, events=watch.events_heard, now=attempt.owner.now
            ):
                return _Lingers(view)
            waits_for = Reason(code="end_in_doubt") if view.doubtful else None
            await attempt.owner.say_waiting(attempt.step.id, waits_for)
            watch.goes_on()
        await watch.wait(
            age_s=age_s,
            at_least_s=at_least_s,
            at_most_s=max(timeout_s - age_s, 0.0),
            polls_only=bool(misses or bad or failures),
        )
    return _ToStop(None)


def _vanished(attempt: "Attempt", run: RunRecord) -> Broken:
    if was_sent_elsewhere(attempt, run):
        # It may well go on where it was started: another attempt would run beside it.
        return attempt.broken(
            "run_vanished", params={"because": "moved"}, run_status=AgentRunStatus.ABANDONED, is_final=True
        )
    return attempt.broken("run_vanished", run_status=AgentRunStatus.ABANDONED)


def _may_yet_appear(attempt: "Attempt", run: RunRecord) -> bool:
    """Whether the run was started so short a time ago that the service may not show it yet."""
    if run.started_at is None:
        return False
    age_s = (attempt.owner.now() - run.started_at).total_seconds()
    return age_s < attempt.service.traits.run_appears_within_s


def _may_be_newer(attempt: "Attempt", run: RunRecord) -> bool:
    """Whether another version may have taken the service's place that does not show so young a run yet."""
    if run.started_at is None or not attempt.service.traits.newer_hides_runs:
        return False
    return (attempt.owner.now() - run.started_at).total_seconds() < NEWER_HIDES_S


async def _end(attempt: "Attempt", run: RunRecord, view: RunView) -> Outcome:
    if await has_answered(attempt.service, run, view):
        # It lingered, and somebody stopped it: a person, or a driver that could not take its answer in.
        return _mark_lingered(await _end(attempt, run, _as_completed(view)))
    if view.status is not RunStatus.COMPLETED:
        code = "stopped_by_suna" if view.status is RunStatus.STOPPED else "agent_failed"
        left = await collect_usage(attempt.service, view, place=run.thread_id)
        return attempt.broken(
            "suna_restarted" if view.restarted else code,
            view.error or "",
            run_status=OVER[view.status],
            result=left,
            text=_cut(left.partial),
        )
    result = await collect_result(attempt, view, place=run.thread_id)
    if result is None:
        return Stopped(step_id=run.step_id, run=run, run_status=AgentRunStatus.COMPLETED)
    if result.asked:
        return AskedPerson(run=run, result=result)
    if result.error and not result.text:
        return attempt.broken("agent_failed", result.error, result=result, text=_cut(result.partial))
    if result.text is not None and len(result.text) > MAX_TEXT_CHARS:
        # Looking for data in it would hold up every other execution of this driver.
        digest = hashlib.sha256(result.text.encode()).hexdigest()
        kept = f"{result.text[:MAX_TEXT_CHARS]}\n[cut: {len(result.text)} characters, sha256 {digest}]"
        params: dict[str, Json] = {"characters": len(result.text), "limit": MAX_TEXT_CHARS}
        return attempt.broken("result_too_large", params=params, result=result, text=kept)
    return Answered(run=run, result=result)


async def _end_lingering(attempt: "Attempt", run: RunRecord, view: RunView) -> Outcome:
    """Take a lingering run's result; then stop it, since Suna would count it as under way for a day."""
    try:
        outcome = await _end(attempt, run, _as_completed(view))
    except AgentServiceError:
        await stop_lingering(attempt.service, view)
        raise
    if isinstance(outcome, Stopped):
        return await _stop_run(attempt, run, _ToStop(None))
    await stop_lingering(attempt.service, view)
    return _mark_lingered(outcome)


def _as_completed(view: RunView) -> RunView:
    return replace(view, status=RunStatus.COMPLETED)


def _mark_lingered(outcome: Outcome) -> Outcome:
    return replace(outcome, lingered=True) if isinstance(outcome, (Answered, AskedPerson)) else outcome


def _cut(partial: str | None) -> str | None:
    return partial[:MAX_TEXT_CHARS] if partial else None


async def _stop_run(attempt: "Attempt", run: RunRecord, why: _ToStop) -> Outcome:
    """Stop a run and wait until it is over. Asked first, because a stop overwrites how a run ended."""
    run_id, code = run.suna_run_id or "", why.code
    patience = Patience(longest_s=5.0)
    sent = False
    give_up_at = attempt.owner.now() + dt.timedelta(seconds=settings.ORCHESTRATOR.stop_give_up_s)
    while attempt.owner.now() < give_up_at:
        try:
            view = await attempt.service.get_run(run_id, urgency=Urgency.STOP)
            if view.status in OVER and sent:
                # A worker that had not picked the run up yet overwrites the stop: only a second look counts.
                await asyncio.sleep(settings.ORCHESTRATOR.stop_settle_s)
                view = await attempt.service.get_run(run_id, urgency=Urgency.STOP)
            if view.status is RunStatus.COMPLETED and code is not None and not sent:
                break
            if view.status in OVER and (sent or not view.doubtful):
                return await _stopped(attempt, run, view, why)
            await attempt.owner.say_waiting(attempt.step.id, _stopping(code))
            await attempt.service.stop_run(run_id)
            sent = True
        except NotFound:
            # What was just started may not be written down yet, and a stop of it is lost until it is.
            if not _may_yet_appear(attempt, run):
                return _given_up(attempt, run, code=code, message="the run is not there any more")
        except AgentServiceError as error:
            await attempt.wait_out(error, saying=_stopping(code, error))
        await asyncio.sleep(patience.next())
    else:
        return _given_up(attempt, run, code=code, message="the run could not be stopped")
    # Its time is up, and the answer is there all the same: another attempt would pay for it again.
    return await _end(attempt, run, view)


def _stopping(code: str | None, error: AgentServiceError | None = None) -> Reason:
    """Return what a step says whose run is not stopped yet. One that was cancelled keeps what it says."""
    params: dict[str, Json] = {"because": code or "stopped"}
    return Reason(code="stopping", params=params if error is None else {**params, "service": error.code})


async def _stopped(attempt: "Attempt", run: RunRecord, view: RunView, why: _ToStop) -> Outcome:
    if why.code is not None and await has_answered(attempt.service, run, view):
        return _mark_lingered(await _end(attempt, run, _as_completed(view)))
    result = await collect_usage(attempt.service, view, place=run.thread_id)
    status = OVER[view.status]
    if why.code is None:
        return Stopped(step_id=run.step_id, run=run, run_status=status, result=result)
    text = _cut(result.partial) if why.code == "agent_failed" else None
    return attempt.broken(why.code, why.message, run_status=status, result=result, text=text)


def _given_up(attempt: "Attempt", run: RunRecord, *, code: str | None, message: str) -> Outcome:
    if code is None:
        return Stopped(step_id=run.step_id, run=run, run_status=AgentRunStatus.ABANDONED, message=message)
    return attempt.broken(code, message, run_status=AgentRunStatus.ABANDONED)
