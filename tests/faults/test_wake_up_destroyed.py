"""P2: acceptance is one transaction; whatever destroys the wake-up, the accepted execution still ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import redis
from django.db.models import Count
from django.db.models.functions import Now
from django_q.models import Schedule
from django_q.scheduler import scheduler

from executions.models import Driver, Execution
from executions.orchestrator.queue import SWEEP_SCHEDULE, SWEEP_TASK
from tests.contract.simulated_suna import ROOT
from tests.faults.history import check_history
from tests.faults.load import percentile, wait_until_over
from tests.fixtures.ending import processes_of_session
from tests.fixtures.running import DriversCluster, RunningRenum, wait_until

pytestmark = pytest.mark.faults

ACCEPTED = 5
ONE_STEP = {"type": "sequential", "agents": [{"agent_id": "agent-1"}]}
# Two looks of the watch, with the time of a driver's birth on a busy machine.
REPAIRED_WITHIN_S = 30
# A lease that is short, so that the watch looks often, and drivers that go as soon as they may.
QUICK = {"RENUM_LEASE_TTL_S": "2", "RENUM_LINGER_S": "2.5", "RENUM_DRIVERS_WORKERS": "2"}
QUEUE = "django_q:drivers:q"
ACCEPT = """
import os, signal, sys
import django; django.setup()
from executions.actions.start_execution import start_execution
from executions.orchestrator import wake
from teams.models import Team
if sys.argv[3] == "killed":
    # Called by the hook that runs when the transaction is committed, and by nothing else.
    wake.wake_drivers = lambda execution_id=None: os.kill(os.getpid(), signal.SIGKILL)
for number in range(int(sys.argv[2])):
    child = os.fork()
    if child == 0:
        team = Team.objects.get(pk=sys.argv[1])
        start_execution(team=team, by=team.owner, prompt=f"Number {number}.")
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print(os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0)
"""


def accept(renum: RunningRenum, team: object, *, killed: bool = False, **env: str) -> None:
    """Accept executions, each in a process of its own; `killed`: kill -9 between COMMIT and wake-up."""
    said = subprocess.run(
        [sys.executable, "-c", ACCEPT, str(team), str(ACCEPTED), "killed" if killed else "ends"],
        cwd=ROOT,
        env={**renum.env, **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout.split()
    assert said == [str(int(signal.SIGKILL)) if killed else "0"] * ACCEPTED


def repaired(execution: Execution) -> float:
    """Return how long it lay there, by PostgreSQL's clock."""
    assert execution.started_at is not None
    return (execution.started_at - execution.created_at).total_seconds()


def wait_until_idle() -> None:
    """Wait until no driver is left that would look by itself."""
    wait_until(lambda: not Driver.objects.exists())


@contextmanager
def frozen(cluster: DriversCluster) -> Iterator[None]:
    """Stop every process of a cluster for a while."""
    pids = processes_of_session(cluster.popen.pid)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def blocked_readers(client: "redis.Redis") -> list[object]:
    """Return who waits for a message in this run's own database."""
    number = str(client.get_connection_kwargs()["db"])
    return [other for other in client.client_list() if other["db"] == number and "b" in other["flags"]]


def break_schedules() -> None:
    """Put a schedule there whose arguments cannot be read: it stops all of django-q2's (reliability §0.1)."""
    Schedule.objects.create(func=SWEEP_TASK, args="(", schedule_type=Schedule.MINUTES, cluster="renum")
    before = list(Schedule.objects.order_by("id").values_list("id", "next_run"))
    scheduler()
    assert list(Schedule.objects.order_by("id").values_list("id", "next_run")) == before
    assert Schedule.objects.filter(name=SWEEP_SCHEDULE, next_run__lt=Now()).exists()


def test_every_accepted_execution_ends_whatever_destroyed_its_wake_up(renum_on, clean_redis, figure):
    renum = renum_on("2025-08")
    team = renum.make_team(ONE_STEP)
    cluster = renum.start_drivers(**QUICK)
    wait_until(lambda: len(cluster.worker_pids()) == 4)
    break_schedules()
    took: dict[str, list[float]] = {}
    seen: dict[str, set[object]] = {}

    def note(destruction: str) -> None:
        wait_until_over(timeout_s=60)
        known = {execution for values in seen.values() for execution in values}
        fresh = list(Execution.objects.exclude(pk__in=known))
        assert [execution.status for execution in fresh] == ["completed"] * ACCEPTED
        seen[destruction] = {execution.pk for execution in fresh}
        took[destruction] = [repaired(execution) for execution in fresh]

    wait_until_idle()
    accept(renum, team.pk, killed=True)
    note("acceptor_killed")

    wait_until_idle()
    with frozen(cluster):
        # Whoever waited for a task must be gone from Redis, or the task is its at once, frozen or not.
        wait_until(lambda: not blocked_readers(clean_redis))
        accept(renum, team.pk)
        assert clean_redis.llen(QUEUE) >= 1
        clean_redis.flushdb()
    note("redis_flushed")

    wait_until_idle()
    accept(renum, team.pk, SECRET_KEY="another-secret-key-than-the-one-of-the-drivers-0123456789")
    wait_until(lambda: "BadSignature" in cluster.log.read_text())
    note("secret_key_changed")

    assert cluster.popen.poll() is None
    assert Execution.objects.count() == 3 * ACCEPTED
    # Whole or not at all: each has its steps and its first event.
    assert not Execution.objects.annotate(n=Count("steps")).exclude(n=1).exists()
    assert set(Execution.objects.filter(events__seq=1).values_list("events__kind", flat=True)) == {
        "execution_queued"
    }
    assert renum.suna.starts() == 3 * ACCEPTED
    check_history(renum)
    for destruction, values in took.items():
        assert max(values) < REPAIRED_WITHIN_S, destruction
        figure(f"p2_repair_p95_s_{destruction}", percentile(values, 0.95))
    figure("p2_accepted", Execution.objects.count())
    figure("p2_lost", Execution.objects.exclude(status="completed").count())
