"""A cluster as the first process of a container: it hears SIGTERM, buries orphans, leaves nothing behind."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.fixtures.running import RunningRenum, wait_until

BASE_DIR = Path(__file__).resolve().parents[2]
UNSHARE = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(
        shutil.which("unshare") is None
        or subprocess.run([*UNSHARE, "true"], capture_output=True, check=False).returncode != 0,
        reason="this machine lets nobody make a namespace of processes",
    ),
]


def first_of(unshare_pid: int) -> int:
    """Return the outer id of the process that is number 1 inside."""
    [pid] = Path(f"/proc/{unshare_pid}/task/{unshare_pid}/children").read_text().split()
    return int(pid)


def inside(first: int, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["nsenter", "--target", str(first), "--pid", "--mount", *command],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_cluster_that_is_process_1_ends_at_sigterm_and_buries_orphans(renum_on, figure):
    renum: RunningRenum = renum_on("2025-08")
    log = renum.folder / "first.log"
    with log.open("wb") as output:
        container = subprocess.Popen(
            [*UNSHARE, sys.executable, "manage.py", "renum_drivers"],
            cwd=BASE_DIR,
            env={**renum.env, "Q_CLUSTER_NAME": "drivers"},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until(lambda: "guarding cluster" in log.read_text())
        first = first_of(container.pid)
        assert "NSpid:" in (status := Path(f"/proc/{first}/status").read_text())
        assert status.partition("NSpid:")[2].split("\n")[0].split()[-1] == "1"
        definition = {"type": "sequential", "agents": [{"agent_id": "agent-1"}]}
        assert renum.run(definition).status == "completed"

        # An orphan: its parent ends at once, and it ends soon after.
        inside(first, "sh", "-c", "(sleep 0.2; exit 7) & exit 0")
        wait_until(lambda: "Z" not in states_below(first))

        began = time.monotonic()
        os.kill(first, signal.SIGTERM)
        container.wait(timeout=60)
        figure("container_stop_s", time.monotonic() - began)
        assert container.returncode == 0
    finally:
        container.kill()
        container.wait(timeout=30)


def states_below(first: int) -> str:
    found = Path(f"/proc/{first}/task/{first}/children").read_text().split()
    states = []
    for pid in found:
        try:
            states.append(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0])
        except FileNotFoundError:
            continue
    return "".join(states)
