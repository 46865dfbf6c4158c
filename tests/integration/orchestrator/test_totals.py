"""The columns that the orchestrator fills by SQL say what the ledger's own sums say, under the same keys."""

import datetime as dt
import random
import uuid
from typing import Any

import pytest

from billing.ledger import LedgerEntry, record_responses, tally_rows, totals_of_execution
from billing.models import UsageLog
from executions.models import AgentRun, Execution
from executions.orchestrator.totals import write_totals
from tests.integration.orchestrator.rows import Rows, make_rows, make_run

NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
COUNTS = (None, 0, 1, 999, 123_456, 10**9)


@pytest.fixture
def rows(db: None) -> Rows:
    """Give an execution with a step."""
    return make_rows()


def entry(run: AgentRun, **facts: Any) -> LedgerEntry:
    given: dict[str, Any] = {
        "execution_id": run.execution_id,
        "agent_run_id": run.pk,
        "connection_id": run.connection_id,
        "source_id": str(uuid.uuid4()),
        "agent_id": run.agent_id,
        "step_id": "research",
        "attempt": run.attempt,
        "team_id": None,
        "team_name": "",
        "payer_id": None,
        "started_by_id": None,
        "key_owner_id": None,
        "api_key_type": "unknown",
        "provider": None,
    }
    return LedgerEntry(**(given | facts))


@pytest.mark.parametrize("seed", range(8))
def test_stored_totals_have_the_keys_and_values_of_the_ledgers_sums(rows: Rows, seed: int) -> None:
    dice = random.Random(seed)
    runs = [rows.run, *(make_run(rows.step, attempt=attempt) for attempt in (2, 3))]
    entries = [
        entry(
            dice.choice(runs),
            model=dice.choice(["o3", "gpt-4o-mini", "nobody-knows-it"]),
            **{f"tokens_{kind}": dice.choice(COUNTS) for kind in ("input", "output", "cached", "reasoning")},
        )
        for _ in range(dice.choice([0, 1, 5, 40]))
    ]
    record_responses(entries, at=NOW)

    write_totals([rows.execution.pk])

    rows.execution.refresh_from_db()
    overall = totals_of_execution(rows.execution.pk).overall
    if entries:
        assert rows.execution.usage_metrics == overall.usage_metrics
        assert rows.execution.cost_metrics == overall.cost_metrics
    for run in runs:
        run.refresh_from_db()
        own = list(UsageLog.objects.filter(agent_run_id=run.pk))
        if own:
            assert run.individual_usage_metrics == tally_rows(own).usage_metrics
            assert run.individual_cost_metrics == tally_rows(own).cost_metrics
        else:
            assert (run.individual_usage_metrics, run.individual_cost_metrics) == ({}, {})


@pytest.mark.parametrize(("read", "expected"), [(False, False), (True, True)])
def test_an_execution_that_is_over_is_not_complete_while_a_run_that_came_late_is_not(
    rows: Rows, read: bool, expected: bool
) -> None:
    executions = Execution.objects.filter(pk__in=[rows.execution.pk, rows.open_execution.pk])
    executions.update(usage_complete=True)
    AgentRun.objects.filter(pk=rows.run.pk).update(usage_complete=True)
    make_run(
        rows.step,
        turn=2,
        thread_id=rows.run.thread_id,
        status="stopped",
        finished_at=NOW,
        usage_complete=read,
    )

    write_totals(list(executions.values_list("pk", flat=True)))

    assert Execution.objects.get(pk=rows.execution.pk).usage_complete is expected
    # What is not over says so at its end.
    assert Execution.objects.get(pk=rows.open_execution.pk).usage_complete
