"""Several hosts share the work; one that is gone is missed by nobody (P4, P7)."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from executions.models import AgentRun, Driver, Execution
from tests.faults.history import check_history
from tests.fixtures.running import DriversCluster, wait_until

EXECUTIONS = 60
PATIENCE_S = 80
ONE_STEP = {"type": "sequential", "agents": [{"agent_id": "agent-1"}]}
HOSTS = ("host-one", "host-two")
pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(
        shutil.which("unshare") is None
        or subprocess.run(["unshare", "--uts", "true"], capture_output=True, check=False).returncode != 0,
        reason="this machine lets nobody give a process another name of the host",
    ),
]


def kill_host(cluster: DriversCluster) -> None:
    """kill -9 every process of it at once, as a power cut does."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and session_of(int(entry.name)) == cluster.popen.pid:
            os.kill(int(entry.name), signal.SIGKILL)
    cluster.popen.wait(timeout=10)


def session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:
        return None


def test_two_hosts_share_the_executions_and_one_finishes_them_all_when_the_other_is_gone(renum_on, figure):
    renum = renum_on("2025-08")
    # Each has its own folder, as hosts do.
    hosts = {
        name: renum.start_drivers(
            host=name, RENUM_CLAIM_CHUNK="5", RENUM_CAPACITY="40", RENUM_VAR_DIR=str(renum.folder / name)
        )
        for name in HOSTS
    }
    wait_until(lambda: all(len(cluster.worker_pids()) == 3 for cluster in hosts.values()))
    team = renum.make_team(ONE_STEP)
    for number in range(EXECUTIONS):
        renum.start(team, f'Number {number}. @@sim{{"takes": 15}}')

    def shares() -> dict[str, int]:
        running = AgentRun.objects.filter(status="running")
        return {host: running.filter(execution__driver__host=host).count() for host in HOSTS}

    wait_until(lambda: sum(shares().values()) == EXECUTIONS, timeout_s=PATIENCE_S)
    smaller = min(shares().values())
    figure("two_hosts_smaller_share", smaller)
    assert smaller > 0

    kill_host(hosts["host-two"])
    assert Driver.objects.filter(host="host-two").exists()
    wait_until(
        lambda: not Execution.objects.exclude(status="completed").exists(), timeout_s=PATIENCE_S, every_s=0.5
    )

    assert renum.suna.starts() == EXECUTIONS
    assert renum.suna.get("summary")["threads_started_more_than_once"] == []
    check_history(renum)
