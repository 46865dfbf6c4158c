"""Redis forgets everything, dies, or was never there: executions complete all the same (P14)."""

import datetime as dt
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from executions.context.rebuild import rebuild_context
from executions.context.store import key_of, read_context
from executions.models import ContextSnapshot, Driver, Execution
from executions.orchestrator.wake import CHANNEL
from tests.contract.simulated_suna import ROOT
from tests.faults.history import check_history
from tests.fixtures.running import RunningRenum, wait_until

pytestmark = pytest.mark.faults

CHAIN = {"type": "sequential", "agents": [{"agent_id": f"agent-{number}"} for number in range(1, 4)]}
DRIVE = "import django; django.setup(); from executions.tasks import drive; drive()"
NO_REDIS = "redis://127.0.0.1:9/1"


def drive_once(renum: RunningRenum, execution: Execution, **env: str) -> str:
    """Drive an execution to its end in a process of its own; return what that process logged."""
    log = renum.folder / "driver.log"
    with log.open("wb") as output:
        driver = subprocess.Popen(
            [sys.executable, "-c", DRIVE],
            cwd=ROOT,
            env={**renum.env, "RENUM_LINGER_S": "4", **env},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        assert renum.wait_for(execution).status == "completed"
        assert driver.wait(timeout=60) == 0
    finally:
        driver.kill()
    return log.read_text()


def test_context_is_rebuilt_byte_for_byte_when_redis_forgets_everything_in_the_middle(
    renum_on, clean_redis, figure
):
    renum = renum_on("2025-08")
    execution = renum.start(renum.make_team(CHAIN), 'Zürich, 3 € @@sim{"takes": 1}')
    renum.start_drivers()
    wait_until(lambda: ContextSnapshot.objects.filter(execution=execution).exists())

    clean_redis.flushdb()

    execution = renum.wait_for(execution)
    assert execution.status == "completed"
    version = execution.context_version
    assert version == 3
    stored = read_context(execution.pk, version=version)
    assert clean_redis.hget(key_of(execution.pk), "v") == str(version)
    clean_redis.flushdb()
    assert repr(read_context(execution.pk, version=version)) == repr(stored)
    assert clean_redis.hget(key_of(execution.pk), "v") == str(version)
    assert rebuild_context(execution.pk, version=version) == stored
    figure("redis_forgets_context_version", version)
    assert list(execution.steps.order_by("position").values_list("context_version", flat=True)) == [0, 1, 2]
    check_history(renum)


def test_execution_completes_in_a_driver_that_has_no_redis_at_all(renum_on):
    renum = renum_on("2025-08")
    execution = renum.start(renum.make_team(CHAIN))

    assert "Redis is away" in drive_once(renum, execution, REDIS_URL=NO_REDIS)

    assert Execution.objects.get().context_version == 3
    check_history(renum)


@pytest.fixture
def mute_redis() -> Iterator[str]:
    """Give the address of something that takes every connection and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/1"


def test_execution_completes_in_a_driver_whose_redis_hangs_and_pays_for_it_once_in_a_while(
    renum_on, mute_redis, figure
):
    renum = renum_on("2025-08")
    execution = renum.start(renum.make_team(CHAIN))

    log = drive_once(renum, execution, REDIS_URL=mute_redis)

    assert "Redis is away" in log
    execution.refresh_from_db()
    figure("redis_hangs_execution_s", (execution.finished_at - execution.started_at).total_seconds())
    # Each of the three hand-offs reads and writes the context; a time-out is half a second. Measured: 2 s.
    assert execution.finished_at - execution.started_at < dt.timedelta(seconds=25)
    check_history(renum)


def test_a_wake_up_that_says_nonsense_wakes_and_harms_nobody(renum_on, clean_redis):
    renum = renum_on("2025-08")
    team = renum.make_team(CHAIN)
    first = renum.start(team, '@@sim{"takes": 2}')
    cluster = renum.start_drivers()
    wait_until(lambda: Driver.objects.exists())

    for nonsense in (b"", b"\xff\xfe\x00", b"not an id", b"[" * 10_000):
        # As many as listen: one driver, or two while the second worker of the cluster looks for work.
        assert wait_until(lambda said=nonsense: clean_redis.publish(CHANNEL, said)) >= 1

    assert renum.wait_for(first).status == renum.wait_for(renum.start(team)).status == "completed"
    assert first.epoch == 1
    assert "Traceback" not in cluster.log.read_text()
    check_history(renum)
