"""Processes of a cluster that are killed behind its back: it heals itself, and always ends when told."""

import os
import signal
import time
from pathlib import Path

import pytest

from executions.models import AgentRun, Driver, Execution
from tests.faults.history import check_history
from tests.fixtures.ending import processes_of_session
from tests.fixtures.running import DriversCluster, wait_until

pytestmark = pytest.mark.faults

ONE_STEP = {"type": "sequential", "agents": [{"agent_id": "agent-1"}]}
# It hung for ever where it was not healed; a machine that is busy is not hanging.
HEALED_WITHIN_S = 60
ENDED_WITHIN_S = 60


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def left_of(cluster: DriversCluster) -> list[int]:
    return processes_of_session(cluster.popen.pid)


def test_cluster_is_begun_anew_and_carries_on_when_its_idle_workers_were_killed(renum_on):
    renum = renum_on("2025-08")
    team = renum.make_team(ONE_STEP)
    cluster = renum.start_drivers(RENUM_LINGER_S="4", RENUM_DRIVERS_WORKERS="2")
    assert renum.wait_for(renum.start(team)).status == "completed"
    wait_until(lambda: not Driver.objects.exists())
    # The sentinel makes its workers first.
    workers = sorted(cluster.worker_pids())[:2]
    for pid in workers:
        os.kill(pid, signal.SIGKILL)

    began = time.monotonic()
    execution = renum.wait_for(renum.start(team))

    assert execution.status == "completed"
    assert time.monotonic() - began < HEALED_WITHIN_S
    assert "the cluster is begun anew" in cluster.log.read_text()
    assert cluster.popen.poll() is None
    assert cluster.stop() < ENDED_WITHIN_S
    # A busy machine may take a moment to end and to bury them.
    wait_until(lambda: left_of(cluster) == [], timeout_s=10)
    check_history(renum)


def test_cluster_is_begun_anew_and_carries_on_when_its_sentinel_was_killed(renum_on):
    renum = renum_on("2025-08")
    execution = renum.start(renum.make_team(ONE_STEP), '@@sim{"takes": 3}')
    cluster = renum.start_drivers()
    wait_until(lambda: execution.agent_runs.filter(status="running").exists())
    [sentinel] = children_of(cluster.popen.pid)

    os.kill(sentinel, signal.SIGKILL)

    assert renum.wait_for(execution).status == "completed"
    assert cluster.popen.poll() is None
    assert children_of(cluster.popen.pid) != [sentinel]
    assert renum.suna.starts() == 1
    assert cluster.stop() < ENDED_WITHIN_S
    # A busy machine may take a moment to end and to bury them.
    wait_until(lambda: left_of(cluster) == [], timeout_s=10)
    check_history(renum)


@pytest.mark.parametrize("killed", ["workers, monitor and pusher", "sentinel"])
def test_nothing_of_a_cluster_is_left_after_sigterm_when_its_processes_were_killed_before(renum_on, killed):
    renum = renum_on("2025-08")
    cluster = renum.start_drivers()
    wait_until(lambda: len(cluster.worker_pids()) == 3)
    # Idle is a worker once it has looked at the wake-up of its birth and found nothing.
    wait_until(lambda: cluster.has_worked() and cluster.is_idle())
    [sentinel] = children_of(cluster.popen.pid)
    first = cluster.worker_pids()
    if killed == "sentinel":
        os.kill(sentinel, signal.SIGKILL)
    else:
        for pid in first:
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: len(set(cluster.worker_pids()) - set(first)) == 3)

    took_s = cluster.stop(timeout_s=ENDED_WITHIN_S)

    assert took_s < ENDED_WITHIN_S
    # A busy machine may take a moment to end and to bury them.
    wait_until(lambda: left_of(cluster) == [], timeout_s=10)


def test_cluster_ends_and_holds_nothing_when_the_whole_group_is_told_to_with_runs_in_flight(renum_on, figure):
    renum = renum_on("2025-08")
    team = renum.make_team(ONE_STEP)
    for number in range(10):
        renum.start(team, f'Number {number}. @@sim{{"takes": 6}}')
    cluster = renum.start_drivers()
    wait_until(lambda: AgentRun.objects.filter(status="running").count() == 10)

    began = time.monotonic()
    os.killpg(cluster.popen.pid, signal.SIGTERM)
    cluster.popen.wait(timeout=ENDED_WITHIN_S)
    figure("stop_by_group_sigterm_s", time.monotonic() - began)

    # A busy machine may take a moment to end and to bury them.
    wait_until(lambda: left_of(cluster) == [], timeout_s=10)
    assert not Driver.objects.exists()
    assert not Execution.objects.exclude(driver=None).exists()
    renum.start_drivers()
    wait_until(lambda: not Execution.objects.exclude(status="completed").exists())
    assert renum.suna.starts() == 10
    check_history(renum)
