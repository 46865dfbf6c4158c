"""A driver that stands still past its lease: its late writes are refused and it stops itself (P7)."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection

from executions.actions.cancel_execution import cancel_execution
from executions.models import AgentRun, Driver, Execution
from tests.faults.history import check_history
from tests.fixtures.running import wait_until

pytestmark = pytest.mark.faults

SHORT, LONG = 8, 2
SHORT_S = 2
TWO_STEPS = {"type": "sequential", "agents": [{"agent_id": "agent-1"}, {"agent_id": "agent-2"}]}
ONE_STEP = {"type": "sequential", "agents": [{"agent_id": "agent-1"}]}
REFUSED = "is another driver's now"
LETS_GO = "was away for too long and lets go of everything"


@contextmanager
def beats_held_up(driver: Driver) -> Iterator[None]:
    """Have the driver's next beat wait: what it does before it learns anything is what is looked at."""
    rival = connection.copy()
    try:
        rival.set_autocommit(False)
        with rival.cursor() as cursor:
            cursor.execute("SELECT 1 FROM executions_driver WHERE id = %s FOR UPDATE", [driver.id])
        yield
    finally:
        rival.close()


def written(executions: list[Execution]) -> list[Any]:
    rows = Execution.objects.filter(pk__in=[execution.pk for execution in executions]).order_by("id")
    return [
        (row.status, row.event_seq, row.context_version, row.epoch, row.finished_at)
        for row in rows.defer("plan")
    ]


def test_driver_that_stood_still_past_its_lease_is_refused_and_stops_itself(renum_on, figure):
    renum = renum_on("2025-08")
    two, one = renum.make_team(TWO_STEPS), renum.make_team(ONE_STEP)
    short = [renum.start(two, f'short {n} @@sim{{"takes": {SHORT_S}}}') for n in range(SHORT)]
    # Still running when the driver wakes: nothing about them tells it that they are not its own any more.
    long = [renum.start(one, f'long {n} @@sim{{"hang": true}}') for n in range(LONG)]
    frozen = renum.start_drivers()
    wait_until(lambda: AgentRun.objects.filter(status="running").count() == SHORT + LONG)
    driver = Driver.objects.get()

    os.kill(driver.pid, signal.SIGSTOP)
    try:
        renum.start_drivers()
        wait_until(lambda: Execution.objects.filter(status="completed").count() >= SHORT)
        assert not Execution.objects.filter(driver=driver).exists()
        before = written(short)
        with beats_held_up(driver):
            os.kill(driver.pid, signal.SIGCONT)
            wait_until(lambda: frozen.log.read_text().count(REFUSED) == SHORT)
            assert Execution.objects.filter(status="running").count() == LONG
    finally:
        os.kill(driver.pid, signal.SIGCONT)

    wait_until(lambda: LETS_GO in frozen.log.read_text())
    wait_until(lambda: not Driver.objects.filter(pk=driver.pk).exists())
    for execution in long:
        cancel_execution(execution=execution, by=renum.owner)
        assert renum.wait_for(execution).status == "cancelled"
    figure("stale_writes_refused", frozen.log.read_text().count(REFUSED))
    assert written(short) == before
    assert renum.suna.starts() == 2 * SHORT + LONG
    # Who merely stood still did not die of anything.
    assert not Execution.objects.filter(crash_count__gt=0).exists()
    check_history(renum)


def commit_is(state: str) -> bool:
    """Whether a commit stands so: it waits for a "Lock", or is "idle in transaction"."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND query LIKE '%%FOR NO KEY UPDATE%%'"
            " AND (state = %s OR wait_event_type = %s))",
            [state, state],
        )
        return bool(cursor.fetchone()[0])


def test_driver_that_stands_still_in_a_transaction_keeps_nothing_locked_for_its_heir(renum_on, figure):
    renum = renum_on("2025-08")
    execution = renum.start(renum.make_team(TWO_STEPS), '@@sim{"takes": 1}')
    frozen = renum.start_drivers()
    wait_until(lambda: AgentRun.objects.filter(status="running").exists())
    driver = Driver.objects.get()

    rival = connection.copy()
    try:
        rival.set_autocommit(False)
        with rival.cursor() as cursor:
            cursor.execute("SELECT 1 FROM renum_team_executions WHERE id = %s FOR UPDATE", [execution.pk])
        wait_until(lambda: commit_is("Lock"), every_s=0.01)
        os.kill(driver.pid, signal.SIGSTOP)
    finally:
        # The frozen driver gets the lock that it waited for, and does nothing with it.
        rival.close()
    try:
        began = time.monotonic()
        assert wait_until(lambda: commit_is("idle in transaction"))
        renum.start_drivers()
        assert renum.wait_for(execution).status == "completed"
        figure("takeover_from_a_frozen_transaction_s", round(time.monotonic() - began, 1))
    finally:
        os.kill(driver.pid, signal.SIGCONT)

    wait_until(lambda: not Driver.objects.filter(pk=driver.pk).exists())
    assert "the writer died" not in frozen.log.read_text()
    assert renum.suna.starts() == 2
    check_history(renum)
