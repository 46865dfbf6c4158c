"""Runs that Suna has although their attempt was given up: a start that came late, a stop that never took.

Nobody follows them any more, but they cost somebody money. They are looked for some time after the attempt
was abandoned and when its execution is over, stopped if they still run, and what they used is recorded.
What became of the step is never changed.
"""

import asyncio
import datetime as dt
import logging
import time
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now

from executions.agent_service import AgentService, AgentServiceError, NotFound, RunResult, RunStatus, RunView
from executions.engine.state import AgentRunStatus
from executions.models import AgentRun
from executions.orchestrator.changes import Changes, Event
from executions.orchestrator.commit import commit_batch
from executions.orchestrator.connections import open_connection
from executions.orchestrator.database_calls import DATABASE_AWAY
from executions.orchestrator.follow import OVER
from executions.orchestrator.late_usage import build_run_entries
from executions.orchestrator.row_writes import RUN_COLUMNS

logger = logging.getLogger(__name__)

LOOKS_AFTER = (dt.timedelta(minutes=1), dt.timedelta(minutes=5), dt.timedelta(minutes=30))
# A little longer than the time between two sweeps: twice is harmless, never is not.
LOOK_FOR = dt.timedelta(seconds=90)
RUNS_A_ROUND = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A run as it stands after it was stopped, and what it left; None where that cannot be read yet."""

    view: RunView
    result: RunResult | None


def collect_late_starts(*, until: float) -> int:
    """Look at the threads of abandoned attempts that are due; return how many unknown runs there were.

    Ends at `until`, a monotonic time.
    """
    due = Q(execution__finished_at__gt=Now() - LOOK_FOR)
    for after in LOOKS_AFTER:
        due |= Q(finished_at__lte=Now() - after, finished_at__gt=Now() - after - LOOK_FOR)
    runs = (
        AgentRun.objects.filter(
            due, status=AgentRunStatus.ABANDONED, thread_id__isnull=False, start_requested_at__isnull=False
        )
        .select_related("execution__team", "execution__connection", "step", "connection")
        .defer("connection__sealed_credential", "execution__connection__sealed_credential")
        .order_by("finished_at")[:RUNS_A_ROUND]
    )
    return sum(_look_unharmed(run) for run in runs if time.monotonic() < until)


def _look_unharmed(run: AgentRun) -> int:
    try:
        return _look_at(run)
    except DATABASE_AWAY:
        raise
    except Exception:
        # One row that makes no sense must not keep all others from being looked at, round after round.
        logger.exception("abandoned run %s could not be looked at", run.id)
        return 0


def _look_at(run: AgentRun) -> int:
    try:
        found = asyncio.run(_stop_all(open_connection(run.connection), run.thread_id or ""))
    except AgentServiceError as error:
        logger.info("the thread of abandoned run %s was not looked at: %s", run.id, error.code)
        return 0
    ids = [item.view.run_id for item in found]
    known = set(
        AgentRun.objects.filter(connection=run.connection, suna_run_id__in=ids).values_list(
            "suna_run_id", flat=True
        )
    )
    late = [item for item in found if item.view.run_id not in known]
    for item in late:
        _record(run, item)
    return len(late)


async def _stop_all(service: AgentService, thread_id: str) -> list[_Found]:
    try:
        views = await service.list_runs(thread_id)
        return [await _stop(service, view, thread_id) for view in views]
    except NotFound:
        return []
    finally:
        await service.aclose()


async def _stop(service: AgentService, view: RunView, thread_id: str) -> _Found:
    if view.status in (RunStatus.RUNNING, RunStatus.UNKNOWN):
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
        # Another sweep was quicker, most likely; the next one looks again.
        logger.warning("late run %s not recorded: %s", run.suna_run_id, outcome)
        return
    logger.warning("run %s came after its start was given up: %s", run.suna_run_id, run.status)
