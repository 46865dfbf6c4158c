"""An execution that kills whoever carries it harms only itself: quarantined at the third death (P12)."""

import json
import os
import subprocess
import sys
import time

import pytest

from executions.actions.release_execution import release_execution
from executions.engine.results import MAX_DATA_DEPTH
from executions.models import Execution, ExecutionEvent
from teams.models import Team, User
from tests.contract.simulated_suna import ROOT
from tests.faults.history import check_history
from tests.faults.poisoned_drivers import ENDLESS, POISON
from tests.fixtures.running import DriversCluster, RunningRenum, wait_until

pytestmark = pytest.mark.faults

IS_LONG = bool(os.environ.get("RENUM_LONG_TESTS"))
GOOD = 40
# Each death of the only driver costs all others some seconds. What share of their throughput that is hangs on
# how long they run: the promised share is asked for where runs take as long as an agent's do.
LOST_A_DEATH_S = 25.0
RUN_S, SHARE = (30, 0.8) if IS_LONG else (1.5, None)
DEPTH = 50_000
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


def start_good(renum: RunningRenum, team: Team, count: int) -> None:
    for number in range(count):
        renum.start(team, f'good {number} @@sim{{"takes": {RUN_S}}}')


def wait_for_good(count: int) -> None:
    wait_until(lambda: Execution.objects.filter(status="completed").count() == count, timeout_s=120)


def test_execution_that_kills_its_drivers_is_quarantined_and_all_others_finish(renum_on, figure):
    renum = renum_on("2025-08")
    team = renum.make_team(TWO_STEPS)
    warm = renum.start(team, '@@sim{"takes": 0}')
    start_poisoned_drivers(renum)
    renum.wait_for(warm)

    began = time.monotonic()
    start_good(renum, team, GOOD)
    wait_for_good(1 + GOOD)
    without_s = time.monotonic() - began

    began = time.monotonic()
    start_good(renum, team, GOOD // 2)
    poison = renum.start(team, f'{POISON} @@sim{{"takes": 1}}')
    start_good(renum, team, GOOD // 2)
    wait_until(lambda: Execution.objects.filter(pk=poison.pk, status="quarantined").exists(), timeout_s=60)
    figure("poison_quarantined_after_s", round(time.monotonic() - began, 1))
    wait_for_good(1 + 2 * GOOD)
    with_s = time.monotonic() - began
    figure("poison_others_done_after_s", round(with_s, 1))
    figure("poison_others_done_without_it_s", round(without_s, 1))
    figure("poison_others_throughput_share", round(without_s / with_s, 2))

    poison.refresh_from_db()
    assert (poison.code, poison.crash_count, poison.driver_id) == ("crashed", 3, None)
    deaths = poison.events.filter(kind="driver_crashed").count()
    figure("poison_deaths_until_quarantine", deaths)
    assert deaths == 3
    figure("poison_others_lost_a_death_s", round((with_s - without_s) / deaths, 1))
    assert (with_s - without_s) / deaths <= LOST_A_DEATH_S
    assert SHARE is None or without_s / with_s >= SHARE
    assert not Execution.objects.exclude(pk=poison.pk).filter(crash_count__gte=2).exists()
    # Its run in Suna came to its end, and nobody was started twice in all of this.
    starts = 2 * (1 + 2 * GOOD)
    assert renum.suna.starts() == starts + 1

    (renum.folder / "cured").touch()
    release_execution(execution=poison, by=User.objects.create_superuser("stella", password="secret"))
    assert renum.wait_for(poison).status == "completed"
    assert poison.crash_count == 0
    assert renum.suna.starts() == starts + 2
    check_history(renum)


def depth_of(data: object) -> int:
    depth = 0
    while isinstance(data, list):
        data, depth = next(iter(data), None), depth + 1
    return depth


def test_answers_without_measure_end_their_own_step_and_kill_nobody(renum_on):
    renum = renum_on("2025-08")
    team = renum.make_team({"type": "sequential", "agents": [{"agent_id": "agent-1"}]})
    directives = {
        "deep": {"text": "[" * DEPTH + "]" * DEPTH},
        "deep and unclosed": {"text": '{"a":' * (DEPTH // 2)},
        "huge": {},
        "bomb": {},
        "good": {"takes": 1},
    }
    renum.suna.fail("messages.list", contains="huge", times=1000, kind="huge")
    renum.suna.fail("messages.list", contains="bomb", times=1000, kind="gzip_bomb")
    executions = {
        name: renum.start(team, f"{name} @@sim{json.dumps(directives[name])}") for name in directives
    }
    cluster = renum.start_drivers()

    ends = {name: renum.wait_for(execution) for name, execution in executions.items()}

    assert {name: (one.status, one.steps.get().code) for name, one in ends.items()} == {
        "deep": ("completed", ""),
        "deep and unclosed": ("completed", ""),
        "huge": ("failed", "result_too_large"),
        "bomb": ("failed", "result_too_large"),
        "good": ("completed", ""),
    }
    # What is deep is a text like any other. Data that deep is none, but what is inmost in it is.
    assert 0 < depth_of(ends["deep"].steps.get().result_data) <= MAX_DATA_DEPTH
    assert not ExecutionEvent.objects.filter(kind="driver_crashed").exists()
    assert set(Execution.objects.values_list("crash_count", "epoch")) == {(0, 1)}
    assert cluster.popen.poll() is None
    check_history(renum)


def test_driver_that_an_execution_keeps_busy_without_end_ends_itself_and_it_is_charged(renum_on):
    renum = renum_on("2025-08")
    team = renum.make_team(TWO_STEPS)
    endless = renum.start(team, f'{ENDLESS} @@sim{{"takes": 1}}')
    good = renum.start(team, 'good @@sim{"takes": 2}')
    cluster = start_poisoned_drivers(renum, RENUM_STALL_S="2")

    wait_until(lambda: endless.events.filter(kind="driver_crashed").exists())
    (renum.folder / "cured").touch()

    assert [renum.wait_for(execution).status for execution in (endless, good)] == ["completed"] * 2
    assert not good.events.filter(kind="driver_crashed").exists()
    assert "deadly" in cluster.log.read_text()
    assert endless.crash_count == 0
    assert renum.suna.starts() == 4
    check_history(renum)
