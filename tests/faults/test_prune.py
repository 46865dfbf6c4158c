"""Tables stay bounded: old executions go in short transactions while a cluster works (P27)."""

import threading
import time
from contextlib import contextmanager

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection

from billing.models import UsageLog
from executions.models import AgentRun, ContextChange, Execution, ExecutionEvent, ExecutionStep
from executions.upkeep.prune import prune
from executions.upkeep.verify import verify
from tests.faults.history import check_history
from tests.faults.old_executions import write_old_executions

pytestmark = pytest.mark.faults

ONE_STEP = {"type": "sequential", "agents": [{"agent_id": "agent-1"}]}
TWO_STEPS = {"type": "sequential", "agents": [{"agent_id": "agent-1"}, {"agent_id": "agent-2"}]}
OURS = (Execution, ExecutionStep, AgentRun, ExecutionEvent, ContextChange)
LIVE = 20
# Measured: some hundredths of a second; all in one transaction would take many seconds on any machine.
SHORT_S = 4


class Watch:
    """Looks, from a connection of its own, how long anybody waits for a lock, and reads as a page would."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._over = threading.Event()
        self.longest_wait_s = self.longest_read_s = 0.0
        self.looks = 0

    @contextmanager
    def at_work(self):
        """Look until the caller leaves."""
        thread = threading.Thread(target=self._look)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _look(self) -> None:
        with psycopg.connect(self._url, autocommit=True) as other:
            while not self._over.wait(0.02):
                (waited,) = other.execute(
                    "SELECT COALESCE(max(extract(epoch FROM clock_timestamp() - waitstart)), 0)"
                    " FROM pg_locks WHERE NOT granted AND database ="
                    " (SELECT oid FROM pg_database WHERE datname = current_database())"
                ).fetchone()
                began = time.monotonic()
                other.execute("SELECT id, status FROM renum_team_executions ORDER BY id LIMIT 25").fetchall()
                other.execute(
                    "SELECT count(*) FROM (SELECT 1 FROM executions_executionevent LIMIT 100) x"
                ).fetchone()
                self.longest_read_s = max(self.longest_read_s, time.monotonic() - began)
                self.longest_wait_s = max(self.longest_wait_s, float(waited))
                self.looks += 1


def _prune_under_load(renum, settings, figure, *, number: int, name: str) -> None:
    template = renum.make_team(ONE_STEP)
    team = renum.make_team(TWO_STEPS)
    renum.start_drivers()
    like = renum.wait_for(renum.start(template))
    write_old_executions(like, number)
    old = Execution.objects.filter(finished_at__lt=like.created_at)
    repeated = old.first()
    retry = renum.wait_for(renum.start(template))
    Execution.objects.filter(pk=retry.pk).update(retried_from=repeated)
    before = sum(model.objects.count() for model in OURS)
    billed = UsageLog.objects.count()
    assert old.count() == number
    live = [renum.start(team, f'Compare, number {n}. @@sim{{"takes": 1}}') for n in range(LIVE)]

    watch = Watch(settings.TEST_DATABASE_URL)
    began = time.monotonic()
    with watch.at_work():
        pruned = prune(pause_s=0.05)
    took = time.monotonic() - began
    for execution in live:
        renum.wait_for(execution)

    assert pruned.finished
    assert pruned.rows["executions"] == pruned.rows["steps"] == pruned.rows["runs"] == number
    assert not old.exists()
    assert ExecutionEvent.objects.count() == sum(Execution.objects.values_list("event_seq", flat=True))
    assert {execution.status for execution in live} == {"completed"}
    # The ledger outlives what it bills, and a retry what it repeats.
    assert UsageLog.objects.filter(execution_id=repeated.pk).exists()
    assert UsageLog.objects.count() >= billed
    retry.refresh_from_db()
    assert (retry.status, retry.retried_from_id) == ("completed", None)
    assert watch.looks > 5
    assert pruned.longest_s < SHORT_S
    assert watch.longest_wait_s < SHORT_S
    check_history(renum)
    figure(f"{name}_rows_before", before)
    figure(f"{name}_rows_after", sum(model.objects.count() for model in OURS))
    figure(f"{name}_executions_per_s", number / took)
    figure(f"{name}_longest_transaction_s", pruned.longest_s)
    figure(f"{name}_longest_lock_wait_s", watch.longest_wait_s)
    figure(f"{name}_longest_read_s", watch.longest_read_s)


def test_old_executions_go_while_drivers_work_and_nobody_waits(renum_on, settings, figure):
    _prune_under_load(renum_on("2025-08"), settings, figure, number=2_000, name="prune")


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_hundred_thousand_old_executions_go_while_drivers_work(renum_on, settings, figure):
    _prune_under_load(renum_on("2025-08"), settings, figure, number=100_000, name="prune_100000")


@pytest.mark.long
@pytest.mark.timeout(600)
def test_verifying_ten_thousand_executions_takes_seconds(renum_on, figure):
    renum = renum_on("2025-08")
    renum.start_drivers()
    write_old_executions(renum.wait_for(renum.start(renum.make_team(ONE_STEP))), 10_000)

    began = time.monotonic()
    report = verify(quiescent=True)
    figure("verify_10000_executions_s", time.monotonic() - began)

    assert report.executions == 10_001
    assert report.errors == ()


def test_a_dry_run_counts_and_deletes_nothing_and_retention_zero_keeps_everything(
    transactional_db, settings, capsys
):
    from tests.integration.orchestrator.rows import make_rows

    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_q_task"
            " (id, name, func, args, kwargs, started, stopped, success, attempt_count) VALUES"
            " ('a', 'a', 'f', '', '', now() - interval '8 d', now() - interval '8 d', false, 1),"
            " ('b', 'b', 'f', '', '', now(), now(), false, 1)"
        )
    rows = make_rows()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE renum_team_executions SET created_at = now() - interval '92 d',"
            " finished_at = now() - interval '91 d' WHERE id = %s",
            [rows.execution.pk],
        )
    call_command("renum_prune", dry_run=True)
    said = capsys.readouterr().out
    assert "1  executions would go" in said
    assert "1  queue tasks would go" in said
    assert Execution.objects.count() == 2

    settings.RETENTION_DAYS = 0
    call_command("renum_prune")
    assert "executions deleted" not in capsys.readouterr().out
    assert Execution.objects.count() == 2
    settings.RETENTION_DAYS = 92
    prune()
    assert Execution.objects.count() == 2
    settings.RETENTION_DAYS = 91
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE renum_team_executions SET finished_at = now() - interval '91.5 d' WHERE id = %s",
            [rows.execution.pk],
        )
        cursor.execute("SELECT count(*) FROM django_q_task")
        assert cursor.fetchone() == (1,)
    prune()
    assert list(Execution.objects.values_list("pk", flat=True)) == [rows.open_execution.pk]
