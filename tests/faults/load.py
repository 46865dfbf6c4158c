"""The load of the fault tests: executions of three steps in three shapes, and what is asked of them then."""

import itertools
import json
import os
import random
import signal
from collections.abc import Sequence
from typing import Any

from executions.models import AgentRun, Driver, Execution, ExecutionStep
from tests.fixtures.running import RunningRenum, wait_until

STEPS = 3


def three_steps(kind: str, **directive: Any) -> dict[str, Any]:
    """Return a workflow of three steps, each of which carries the directive to the simulator."""
    agents: list[dict[str, Any]] = [
        {"agent_id": f"agent-{number}", "instructions": f"@@sim{json.dumps(directive)}"}
        for number in range(1, STEPS + 1)
    ]
    if kind == "conditional":
        for before, agent in itertools.pairwise(agents):
            field = f"steps.{before['agent_id']}.status"
            agent["conditions"] = [{"field": field, "operator": "equals", "value": "completed"}]
    return {"type": kind, "agents": agents}


def start_load(renum: RunningRenum, count: int, *, takes_s: float) -> list[Execution]:
    """Start so many executions of three steps, sequential, parallel and conditional in turn."""
    kinds = ("sequential", "parallel", "conditional")
    teams = [renum.make_team(three_steps(kind, takes=takes_s)) for kind in kinds]
    return [renum.start(teams[number % len(teams)], f"Number {number}.") for number in range(count)]


def wait_until_over(*, timeout_s: float = 90, every_s: float = 0.2) -> None:
    """Wait until no execution is under way any more."""
    wait_until(
        lambda: not Execution.objects.filter(finished_at=None).exists(), timeout_s=timeout_s, every_s=every_s
    )


def running_in_suna(renum: RunningRenum) -> int:
    """Return how many runs are under way, as Suna sees it."""
    running: int = renum.suna.get("summary")["running"]
    return running


def kill_a_driver(dice: random.Random) -> int | None:
    """kill -9 one of the drivers that hold something; return its process, None where none does."""
    pids = sorted(
        Driver.objects.alive().filter(executions__isnull=False).distinct().values_list("pid", flat=True)
    )
    if not pids:
        return None
    pid = dice.choice(pids)
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return None
    return pid


def check_started_once(renum: RunningRenum) -> None:
    """Fail unless Suna saw exactly one start a step, and we know its run."""
    summary = renum.suna.get("summary")
    assert summary["threads_started_more_than_once"] == 0
    assert summary["starts"] == ExecutionStep.objects.filter(status="completed").count()
    runs = {run["id"] for run in renum.suna.get("runs")["runs"]}
    assert runs == set(AgentRun.objects.exclude(suna_run_id=None).values_list("suna_run_id", flat=True))


def thread_of_start(entry: dict[str, Any]) -> str:
    """Return the thread of a start in the ledger. One that was broken off has it in its path alone."""
    parts: list[str] = entry["path"].split("/")
    return parts[parts.index("thread") + 1]


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that so large a share of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
