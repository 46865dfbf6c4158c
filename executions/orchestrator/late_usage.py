"""Usage that could not be read when a run ended, read later. It never changes what became of an execution."""

import datetime as dt
import logging
import time
from dataclasses import replace
from functools import partial

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from billing.budgets import count_usage, settle
from billing.ledger import LedgerEntry, build_entries, record_responses
from executions.agent_service import AgentService, RunResult
from executions.engine.state import AGENT_RUN_TERMINAL, AgentRunStatus
from executions.models import AgentRun, Execution
from executions.orchestrator.ask_around import ask_around
from executions.orchestrator.database_calls import DATABASE_AWAY
from executions.orchestrator.run_facts import facts_of_run
from executions.orchestrator.run_keys import read_keys_to_hide
from executions.orchestrator.scrub import scrub_result
from executions.orchestrator.totals import write_totals
from teams.models.database_time import database_now

logger = logging.getLogger(__name__)

RUNS_A_ROUND = 200
WITHIN_S = 15.0
# Suna writes no usage of a run that was stopped: asking for longer would ask for nothing.
LOOK_BACK = dt.timedelta(hours=1)


def collect_late_usage(*, until: float) -> int:
    """Ask Suna again for the usage of runs that ended without it; return how many had it.

    They are those that ended in the last hour, or whose execution did. Ends at `until`, a monotonic time;
    what is left comes with the next round.
    """
    runs = (
        AgentRun.objects.filter(
            # One that asked ended long before its execution, if a person took their time.
            Q(finished_at__gt=Now() - LOOK_BACK) | Q(execution__finished_at__gt=Now() - LOOK_BACK),
            status__in=AGENT_RUN_TERMINAL,
            usage_complete=False,
            suna_run_id__isnull=False,
            execution__finished_at__isnull=False,
        )
        .select_related("execution__team", "execution__connection", "step", "connection")
        .defer("connection__sealed_credential", "execution__connection__sealed_credential")
        .order_by("?")[:RUNS_A_ROUND]
    )
    asked = list(runs)
    within_s = max(0.0, min(until - time.monotonic(), WITHIN_S))
    results = ask_around(asked, partial(_ask, now=database_now()), within_s=within_s)
    return sum(_record_unharmed(run, results[run.pk]) for run in asked if run.pk in results)


async def _ask(service: AgentService, run: AgentRun, *, now: dt.datetime) -> RunResult:
    result = await service.get_result(run.suna_run_id or "", place=run.thread_id)
    ended_s = (now - (run.finished_at or now)).total_seconds()
    # Rows of a run that did not complete may still come: what was read so early may lack the last of them.
    is_early = run.status != AgentRunStatus.COMPLETED and ended_s < service.traits.rows_follow_within_s
    return replace(result, usage_complete=False) if is_early else result


def _record_unharmed(run: AgentRun, result: RunResult) -> bool:
    try:
        return _record(run, result)
    except DATABASE_AWAY:
        raise
    except Exception:
        # One row that makes no sense must not keep all others from being asked for, round after round.
        logger.exception("the usage of run %s could not be recorded", run.id)
        return False


def _record(run: AgentRun, result: RunResult) -> bool:
    entries = build_run_entries(run, result)
    if not entries and not result.usage_complete:
        return False
    with transaction.atomic():
        execution = Execution.objects.select_for_update(of=("self",)).get(pk=run.execution_id)
        at = database_now()
        rows = record_responses(entries, at=at)
        write_totals([execution.id])
        if result.usage_complete:
            AgentRun.objects.filter(pk=run.pk).update(usage_complete=True)
            if not AgentRun.objects.filter(execution=execution, usage_complete=False).exists():
                Execution.objects.filter(pk=execution.pk).update(usage_complete=True)
        count_usage(rows, at=at)
        if result.usage_complete:
            settle([(execution.id, run.step.step_id, run.attempt)], at=at)
    return result.usage_complete


def build_run_entries(run: AgentRun, result: RunResult) -> list[LedgerEntry]:
    """Build the ledger's entries of a run from its row, with which step, team and connection are loaded."""
    facts = facts_of_run(run, execution=run.execution, step_id=run.step.step_id)
    clean = scrub_result(result, read_keys_to_hide(run.execution))
    record_content = run.execution.team.record_content
    # What a further turn was told, an answer, is not the step's prompt.
    prompt = run.step.input if run.turn == 1 else ""
    return build_entries(clean.responses, run=facts, prompt=prompt, record_content=record_content)
