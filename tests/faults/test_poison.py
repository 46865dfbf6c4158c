"""An execution that kills whoever carries it harms only itself: quarantined at the third death (P12)."""

import os
import subprocess
import sys
import time

import pytest
from django.db.models.functions import Now

from executions.models import Execution
from tests.contract.simulated_suna import ROOT
from tests.faults.history import check_history
from tests.faults.poisoned_drivers import ENDLESS, POISON
from tests.fixtures.running import DriversCluster, RunningRenum, wait_until

pytestmark = pytest.mark.faults

GOOD = 40
TWO_STEPS = {"type": "sequential", "agents": [{"agent_id": "agent-1"}, {"agent_id": "agent-2"}]}


def start_poisoned_drivers(renum: RunningRenum, **env: str) -> DriversCluster:
    log = renum.folder / "poisoned.log"
    with log.open("wb") as output:
        popen = subprocess.Popen(
            [sys.executable, str(ROOT / "tests/faults/poisoned_drivers.py")],
            cwd=ROOT,
            env={
                **renum.env,
                "Q_CLUSTER_NAME": "drivers",
                "POISON_UNTIL": str(renum.folder / "cured"),
                "PYTHONPATH": os.pathsep.join([str(ROOT), renum.env.get("PYTHONPATH", "")]),
                **env,
            },
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    cluster = DriversCluster(popen=popen, log=log)
    renum.clusters.append(cluster)
    return cluster


def test_execution_that_kills_its_drivers_is_quarantined_and_all_others_finish(renum_on, figure):
    renum = renum_on("2025-08")
    team = renum.make_team(TWO_STEPS)
    good = [renum.start(team, f'good {n} @@sim{{"takes": 3}}') for n in range(GOOD // 2)]
    poison = renum.start(team, f'{POISON} @@sim{{"takes": 1}}')
    good += [renum.start(team, f'good {n} @@sim{{"takes": 3}}') for n in range(GOOD // 2)]
    began = time.monotonic()
    start_poisoned_drivers(renum)

    wait_until(lambda: Execution.objects.filter(pk=poison.pk, status="quarantined").exists(), timeout_s=60)
    figure("poison_quarantined_after_s", round(time.monotonic() - began, 1))
    wait_until(lambda: Execution.objects.filter(status="completed").count() == GOOD, timeout_s=60)
    figure("poison_others_done_after_s", round(time.monotonic() - began, 1))

    poison.refresh_from_db()
    assert (poison.code, poison.crash_count, poison.driver_id) == ("crashed", 3, None)
    deaths = poison.events.filter(kind="driver_crashed").count()
    figure("poison_deaths_until_quarantine", deaths)
    assert deaths == 3
    assert not Execution.objects.exclude(pk=poison.pk).filter(crash_count__gte=2).exists()
    # Its run in Suna came to its end, and nobody was started twice in all of this.
    assert renum.suna.starts() == 2 * GOOD + 1

    (renum.folder / "cured").touch()
    Execution.objects.filter(pk=poison.pk).update(resume_requested_at=Now())
    assert renum.wait_for(poison).status == "completed"
    assert poison.crash_count == 0
    assert renum.suna.starts() == 2 * GOOD + 2
    check_history(renum)


def test_driver_that_an_execution_keeps_busy_without_end_ends_itself_and_it_is_charged(renum_on):
    renum = renum_on("2025-08")
    team = renum.make_team(TWO_STEPS)
    endless = renum.start(team, f'{ENDLESS} @@sim{{"takes": 1}}')
    good = renum.start(team, 'good @@sim{"takes": 3}')
    cluster = start_poisoned_drivers(renum, RENUM_STALL_S="2")

    wait_until(lambda: endless.events.filter(kind="driver_crashed").exists())
    (renum.folder / "cured").touch()

    assert [renum.wait_for(execution).status for execution in (endless, good)] == ["completed"] * 2
    assert not good.events.filter(kind="driver_crashed").exists()
    assert "deadly" in cluster.log.read_text()
    assert endless.crash_count == 0
    assert renum.suna.starts() == 4
    check_history(renum)
