"""Several hosts share the work; one that is gone is missed by nobody (P4, P7)."""

import shutil
import subprocess
import time

import pytest

from executions.models import AgentRun, Driver, Execution
from tests.faults.history import check_history
from tests.fixtures.ending import kill_9, processes_of_session
from tests.fixtures.running import DriversCluster, wait_until

EXECUTIONS = 60
ENOUGH = 10
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
    kill_9(processes_of_session(cluster.popen.pid))
    cluster.popen.wait(timeout=30)


def test_two_hosts_share_the_executions_and_one_finishes_them_all_when_the_other_is_gone(renum_on, figure):
    renum = renum_on("2025-08")
    team = renum.make_team(ONE_STEP)
    for number in range(EXECUTIONS):
        renum.start(team, f'Number {number}. @@sim{{"takes": 10}}')
    # Each has its own folder, as hosts do; one alone could not hold all.
    hosts = {
        name: renum.start_drivers(
            host=name, RENUM_CLAIM_CHUNK="5", RENUM_CAPACITY="40", RENUM_VAR_DIR=str(renum.folder / name)
        )
        for name in HOSTS
    }

    def smaller_share() -> int:
        running = AgentRun.objects.filter(status="running")
        return min(running.filter(execution__driver__host=host).count() for host in HOSTS)

    wait_until(lambda: smaller_share() >= ENOUGH, timeout_s=PATIENCE_S)
    figure("two_hosts_smaller_share", smaller_share())

    kill_host(hosts["host-two"])
    assert Driver.objects.filter(host="host-two").exists()
    began = time.monotonic()
    wait_until(
        lambda: not Execution.objects.filter(finished_at=None, driver__host="host-two").exists(),
        timeout_s=PATIENCE_S,
    )
    figure("host_lost_adopted_after_s", time.monotonic() - began)
    wait_until(
        lambda: not Execution.objects.exclude(status="completed").exists(), timeout_s=PATIENCE_S, every_s=0.5
    )

    assert renum.suna.starts() == EXECUTIONS
    check_history(renum)
