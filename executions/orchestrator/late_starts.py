"""Runs that Suna has although their attempt was given up: a start that came late, a stop that never took.

Nobody follows them any more, but they cost somebody money. They are looked for some time after the attempt
was abandoned and when its execution is over, stopped if they still run, and what they used is recorded.
What became of the step is never changed.
"""

import asyncio
import datetime as dt
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from executions.agent_service import AgentService, AgentServiceError, NotFound, RunResult, RunStatus, RunView
from executions.engine.state import AgentRunStatus
from executions.models import AgentRun
from executions.orchestrator.ask_around import ask_around
from executions.orchestrator.changes import Changes, Event
from executions.orchestrator.commit import commit_batch
from executions.orchestrator.database_calls import DATABASE_AWAY
from executions.orchestrator.follow import OVER
from executions.orchestrator.late_usage import build_run_entries
from executions.orchestrator.row_writes import RUN_COLUMNS

logger = logging.getLogger(__name__)

LOOKS_AFTER = (dt.timedelta(minutes=1), dt.timedelta(minutes=5), dt.timedelta(minutes=30))
# A look that came to nothing is due again after this, and not for ever: a run has ended by itself by then.
AGAIN_AFTER = dt.timedelta(minutes=1)
GIVE_UP_AFTER = dt.timedelta(days=1)
RUNS_A_ROUND = 50
WITHIN_S = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A run as it stands after it was stopped, and what it left; None where that cannot be read yet."""

    view: RunView
    result: RunResult | None


def collect_late_starts(*, until: float) -> int:
    """Look at the threads of abandoned attempts that are due; return how many unknown runs there were.

    A look counts once Suna has answered. Ends soon after `until`, a monotonic time; what is left is still due
    at the next sweep.
    """
    late = 0
    while time.monotonic() < until:
        runs = list(_due()[:RUNS_A_ROUND])
        if not runs:
            break
        # Whatever comes of it, the next ones have their turn before these.
        AgentRun.objects.filter(pk__in=[run.pk for run in runs]).update(look_after=Now() + AGAIN_AFTER)
        looked_at = ask_around(runs, _stop_all, within_s=WITHIN_S)
        late += sum(_take_in(run, looked_at[run.pk]) for run in runs if run.pk in looked_at)
    return late


def _due() -> QuerySet[AgentRun]:
    """Return the abandoned runs whose next look is due, those that wait longest first."""
    # Once more when the execution is over, whenever that is.
    due = Q(execution__finished_at__isnull=False) & (
        Q(looked_at__isnull=True) | Q(looked_at__lt=F("execution__finished_at"))
    )
    for looks, after in enumerate(LOOKS_AFTER):
        due |= Q(looks=looks, finished_at__lte=Now() - after)
    recent = Q(finished_at__gt=Now() - GIVE_UP_AFTER) | Q(execution__finished_at__gt=Now() - GIVE_UP_AFTER)
    return (
        AgentRun.objects.filter(
            due,
            recent,
            Q(look_after__isnull=True) | Q(look_after__lte=Now()),
            status=AgentRunStatus.ABANDONED,
            thread_id__isnull=False,
            start_requested_at__isnull=False,
        )
        .select_related("execution__team", "execution__connection", "step", "connection")
        .defer("connection__sealed_credential", "execution__connection__sealed_credential")
        .order_by(F("look_after").asc(nulls_first=True), "finished_at")
    )


def _take_in(abandoned: AgentRun, found: Sequence[_Found]) -> int:
    """Record what was found in the thread of an abandoned run, and that it was looked at."""
    try:
        late = _record_unknown(abandoned, found)
    except DATABASE_AWAY:
        raise
    except Exception:
        # One row that makes no sense must not keep all others from being looked at, round after round.
        logger.exception("what became of abandoned run %s could not be recorded", abandoned.id)
        return 0
    AgentRun.objects.filter(pk=abandoned.pk).update(looks=F("looks") + 1, looked_at=Now(), look_after=None)
    return late


def _record_unknown(abandoned: AgentRun, found: Sequence[_Found]) -> int:
    ids = [item.view.run_id for item in found]
    known = set(
        AgentRun.objects.filter(connection=abandoned.connection, suna_run_id__in=ids).values_list(
            "suna_run_id", flat=True
        )
    )
    late = [item for item in found if item.view.run_id not in known]
    for item in late:
        _record(abandoned, item)
    return len(late)


async def _stop_all(service: AgentService, run: AgentRun) -> list[_Found]:
    thread_id = run.thread_id or ""
    try:
        return [await _stop(service, view, thread_id) for view in await service.list_runs(thread_id)]
    except NotFound:
        return []


async def _stop(service: AgentService, view: RunView, thread_id: str) -> _Found:
    if view.doubtful or view.status in (RunStatus.RUNNING, RunStatus.UNKNOWN):
        await service.stop_run(view.run_id)
        await asyncio.sleep(settings.ORCHESTRATOR.stop_settle_s)
        view = await service.get_run(view.run_id)
    try:
        return _Found(view=view, result=await service.get_result(view.run_id, place=thread_id))
    except AgentServiceError as error:
        logger.info("usage of late run %s not read: %s", view.run_id, error.code)
        return _Found(view=view, result=None)


def _record(abandoned: AgentRun, found: _Found) -> None:
    """Give a late run a row of its own, as a further turn in the abandoned attempt's thread."""
    turn = AgentRun.objects.filter(step=abandoned.step, attempt=abandoned.attempt).count() + 1
    run = AgentRun(
        execution=abandoned.execution,
        step=abandoned.step,
        connection=abandoned.connection,
        attempt=abandoned.attempt,
        turn=turn,
        agent_id=abandoned.agent_id,
        model_name=abandoned.model_name,
        thread_id=abandoned.thread_id,
        suna_run_id=found.view.run_id,
        status=OVER.get(found.view.status, AgentRunStatus.ABANDONED),
        code="late_run",
        api_key_type=abandoned.api_key_type,
        usage_complete=found.result is not None and found.result.usage_complete,
        start_requested_at=abandoned.start_requested_at,
    )
    data = {"attempt": run.attempt, "thread": run.thread_id, "run": run.suna_run_id, "as": run.status}
    changes = Changes(
        execution_id=abandoned.execution_id,
        runs={run.id: {name: getattr(run, name, False) for name in RUN_COLUMNS}},
        usage=[] if found.result is None else build_run_entries(run, found.result),
        events=[Event(kind="late_run_found", step_id=abandoned.step.step_id, data=data)],
        totals=True,
    )
    [outcome] = commit_batch([changes]).outcomes
    if isinstance(outcome, Exception):
        # Another sweep was quicker, most likely: this look does not count.
        raise outcome
    logger.warning("run %s came after its start was given up: %s", run.suna_run_id, run.status)
