"""A thousand executions in flight, a driver killed every five seconds: none is lost, none starts twice."""

import math
import os
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from executions.models import Driver, Execution, ExecutionEvent, ExecutionStep
from tests.faults.history import check_history
from tests.faults.load import STEPS, check_started_once, kill_a_driver, three_steps
from tests.fixtures.running import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.long]

EXECUTIONS = int(os.environ.get("RENUM_SOAK_EXECUTIONS", "1000"))
RUN_S = (20, 22, 24, 26, 28, 30)
KILL_EVERY_S = 5.0
SEED = int(os.environ.get("RENUM_SOAK_SEED", "20261122"))
GIVE_UP_AFTER_S = 1500
CLUSTERS = {
    "RENUM_DRIVERS_WORKERS": "2",
    "RENUM_CAPACITY": "600",
    "RENUM_LEASE_TTL_S": "6",
    "RENUM_BEAT_S": "1.5",
    "RENUM_POLL_MIN_S": "0.5",
    "RENUM_POLL_MAX_S": "5",
    "RENUM_CALL_DEADLINE_S": "10",
    "RENUM_START_GRACE_S": "12",
    "RENUM_LOG_LEVEL": "INFO",
}


def under_way() -> int:
    """Return how many executions have begun and are not over."""
    return Execution.objects.filter(status="running").count()


def in_flight_in_suna(runs: Sequence[Mapping[str, Any]], at: float) -> int:
    """Return how many runs were under way at a moment, as Suna's own times have it."""
    return sum(run["started_t"] <= at < (run["ended_t"] or math.inf) for run in runs)


@pytest.mark.timeout(GIVE_UP_AFTER_S + 300)
def test_a_thousand_executions_finish_while_a_driver_is_killed_every_five_seconds(renum_on, figure, settings):
    # One person may not have so many in the queue; here one has.
    settings.ORCHESTRATOR = replace(settings.ORCHESTRATOR, max_queued=EXECUTIONS + 1)
    renum = renum_on("2025-08")
    dice = random.Random(SEED)
    teams = [renum.make_team(three_steps("sequential", takes=takes)) for takes in RUN_S]
    for number in range(EXECUTIONS):
        renum.start(teams[number % len(teams)], f"Number {number}.")
    for _ in range(2):
        renum.start_drivers(**CLUSTERS)
    # All at once in flight, before the first kill.
    wait_until(lambda: under_way() >= EXECUTIONS * 0.98, timeout_s=300, every_s=0.5)
    began = time.monotonic()

    kills: list[float] = []
    in_flight: list[int] = []
    due = time.monotonic()
    while Execution.objects.filter(finished_at=None).exists():
        assert time.monotonic() - began < GIVE_UP_AFTER_S, Counter(
            Execution.objects.values_list("status", "code")
        )
        if time.monotonic() >= due:
            at, begun = time.time(), under_way()
            if kill_a_driver(dice) is not None:
                kills.append(at)
                in_flight.append(begun)
                due = time.monotonic() + KILL_EVERY_S
        time.sleep(0.5)
    took_s = time.monotonic() - began

    assert Counter(Execution.objects.values_list("status", flat=True)) == {"completed": EXECUTIONS}
    assert ExecutionStep.objects.filter(status="completed").count() == EXECUTIONS * STEPS
    runs = renum.suna.get("runs")["runs"]
    in_suna = [in_flight_in_suna(runs, at) for at in kills]
    assert in_flight[0] >= EXECUTIONS * 0.95
    assert max(in_suna) >= EXECUTIONS * 0.5
    check_started_once(renum)
    check_history(renum)
    adopted = ExecutionEvent.objects.filter(kind="run_adopted").count()
    figure("soak_executions", EXECUTIONS)
    figure("soak_duration_s", took_s)
    figure("soak_kills", len(kills))
    figure("soak_executions_in_flight_at_the_first_kill", in_flight[0])
    figure("soak_runs_in_flight_at_a_kill_max", max(in_suna))
    figure("soak_runs_in_flight_at_a_kill_mean", sum(in_suna) / len(in_suna))
    figure("soak_lost", Execution.objects.exclude(status="completed").count())
    figure("soak_started_twice", renum.suna.starts() - EXECUTIONS * STEPS)
    figure("soak_adopted_starts", adopted)
    figure("soak_quarantined", ExecutionEvent.objects.filter(kind="execution_quarantined").count())
    figure("soak_drivers_left", Driver.objects.count())
