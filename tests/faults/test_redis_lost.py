"""Redis forgets everything, dies, or was never there: executions complete all the same (P14)."""

import subprocess
import sys

import pytest

from executions.context.rebuild import rebuild_context
from executions.context.store import key_of, read_context
from executions.models import ContextSnapshot, Execution
from tests.contract.simulated_suna import ROOT
from tests.faults.history import check_history
from tests.fixtures.running import wait_until

pytestmark = pytest.mark.faults

CHAIN = {"type": "sequential", "agents": [{"agent_id": f"agent-{number}"} for number in range(1, 4)]}
DRIVE = "import django; django.setup(); from executions.tasks import drive; drive()"
NO_REDIS = "redis://127.0.0.1:9/1"


def test_context_is_rebuilt_byte_for_byte_when_redis_forgets_everything_in_the_middle(renum_on, clean_redis):
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
    assert list(execution.steps.order_by("position").values_list("context_version", flat=True)) == [0, 1, 2]
    check_history(renum)


def test_execution_completes_in_a_driver_that_has_no_redis_at_all(renum_on):
    renum = renum_on("2025-08")
    execution = renum.start(renum.make_team(CHAIN))

    with (renum.folder / "driver.log").open("wb") as output:
        driver = subprocess.Popen(
            [sys.executable, "-c", DRIVE],
            cwd=ROOT,
            env={**renum.env, "REDIS_URL": NO_REDIS, "RENUM_LINGER_S": "4"},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        assert renum.wait_for(execution).status == "completed"
        assert driver.wait(timeout=30) == 0
    finally:
        driver.kill()
    assert "Redis is away" in (renum.folder / "driver.log").read_text()
    assert Execution.objects.get().context_version == 3
    check_history(renum)
