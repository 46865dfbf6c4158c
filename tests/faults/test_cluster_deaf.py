"""A cluster that hears nothing any more beside one that lives: it is found and begun anew (P13)."""

import os
import signal
import subprocess
import sys
import time

import pytest

from executions.models import Driver
from executions.orchestrator.sign_of_life import find_signs
from tests.faults.history import check_history
from tests.fixtures.running import DriversCluster, RunningRenum, wait_until

pytestmark = pytest.mark.faults

ONE_STEP = {"type": "sequential", "agents": [{"agent_id": "agent-1"}]}
ANEW = "the cluster is begun anew"


def is_alive(renum: RunningRenum, cluster: str) -> tuple[int, str]:
    """Ask as a container's health check does."""
    answer = subprocess.run(
        [sys.executable, "manage.py", "renum_alive", "--cluster", cluster],
        env=renum.env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return answer.returncode, answer.stdout + answer.stderr


def kill_waiting_worker(cluster: DriversCluster) -> float:
    """kill -9 the first worker, which waits; return how long it took until a new cluster was there."""
    before = set(cluster.worker_pids())
    began = time.monotonic()
    # The sentinel makes its workers first.
    os.kill(min(before), signal.SIGKILL)
    wait_until(lambda: len(set(cluster.worker_pids()) - before) == 3)
    assert ANEW in cluster.log.read_text()
    return time.monotonic() - began


def test_deaf_drivers_cluster_is_begun_anew_when_another_one_drives_beside_it(renum_on, figure):
    renum = renum_on("2025-08")
    clusters = [renum.start_drivers() for _ in range(2)]
    for cluster in clusters:
        wait_until(lambda: len(cluster.worker_pids()) == 3)  # noqa: B023  called at once
    # One of them took the wake-up of the workers' birth.
    wait_until(lambda: any(one.has_worked() for one in clusters) and all(one.is_idle() for one in clusters))
    execution = renum.start(renum.make_team(ONE_STEP), '@@sim{"takes": 6}')
    wait_until(lambda: execution.agent_runs.filter(status="running").exists())
    driver = Driver.objects.get()
    living, idle = sorted(clusters, key=lambda cluster: driver.pid not in cluster.worker_pids())

    figure("deaf_cluster_healed_s", kill_waiting_worker(idle))

    assert idle.popen.poll() is None
    assert ANEW not in living.log.read_text()
    assert renum.wait_for(execution).status == "completed"
    assert renum.suna.starts() == 1
    check_history(renum)
    # It hears again: with the other one gone it carries what comes.
    living.stop()
    assert renum.run(ONE_STEP, '@@sim{"takes": 0.1}').status == "completed"


@pytest.mark.long
def test_busy_worker_that_is_killed_is_replaced_without_its_cluster_beginning_anew(renum_on):
    renum = renum_on("2025-08")
    cluster = renum.start_drivers()
    execution = renum.start(renum.make_team(ONE_STEP), '@@sim{"takes": 3}')
    wait_until(lambda: execution.agent_runs.filter(status="running").exists())

    cluster.kill_driver()

    assert renum.wait_for(execution).status == "completed"
    assert ANEW not in cluster.log.read_text()
    check_history(renum)


def test_renum_cluster_is_begun_anew_and_sweeps_when_its_idle_worker_was_killed(renum_on, figure):
    renum = renum_on("2025-08")
    cluster = renum.start_tasks()
    wait_until(lambda: len(cluster.worker_pids()) == 3 and cluster.is_idle())

    figure("deaf_tasks_cluster_healed_s", kill_waiting_worker(cluster))

    assert cluster.popen.poll() is None
    cluster.stop()


@pytest.mark.long
def test_cluster_that_cannot_hear_is_found_by_its_canary_and_begun_anew(renum_on, figure):
    renum = renum_on("2025-08")
    # A worker that is frozen holds the queue's lock as a dead one does, and no process is missing.
    cluster = renum.start_tasks(RENUM_ALIVE_WITHIN_S="6")
    wait_until(lambda: len(cluster.worker_pids()) == 3 and cluster.is_idle())
    worker = min(cluster.worker_pids())

    os.kill(worker, signal.SIGSTOP)
    began = time.monotonic()
    wait_until(lambda: "no worker takes tasks: " + ANEW in cluster.log.read_text())
    figure("canary_found_deaf_s", time.monotonic() - began)

    wait_until(lambda: len(cluster.worker_pids()) == 3 and worker not in cluster.worker_pids())
    assert cluster.popen.poll() is None
    assert is_alive(renum, "renum")[0] == 0


def test_health_check_says_no_when_the_cluster_is_frozen_or_gone(renum_on, settings):
    renum = renum_on("2025-08")
    renum.env["RENUM_ALIVE_WITHIN_S"] = "6"
    settings.RENUM_VAR_DIR = renum.folder
    assert is_alive(renum, "drivers") == (1, "CommandError: No cluster drivers runs on this host.\n")
    cluster = renum.start_drivers()
    wait_until(lambda: find_signs("drivers"))
    assert is_alive(renum, "drivers")[0] == 0

    os.kill(cluster.popen.pid, signal.SIGSTOP)
    try:
        wait_until(lambda: (sign.age_s or 99) > 6 if (sign := find_signs("drivers")[0]) else False)
        code, said = is_alive(renum, "drivers")
    finally:
        os.kill(cluster.popen.pid, signal.SIGCONT)

    assert (code, said.startswith(f"CommandError: Cluster drivers (process {cluster.popen.pid}) proved")) == (
        1,
        True,
    )
    cluster.stop()
    assert is_alive(renum, "drivers")[0] == 1
