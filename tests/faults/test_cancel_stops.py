"""P10: a cancel, at whatever moment it comes, stops every run and lets none begin."""

import json
import random
import time
from dataclasses import replace
from typing import Any

import pytest

from executions.actions.cancel_execution import cancel_execution
from executions.models import AgentRun, Execution, ExecutionEvent
from executions.orchestrator.sweep import sweep
from tests.faults.history import check_history
from tests.faults.load import percentile, thread_of_start, wait_until_over
from tests.fixtures.running import RunningRenum, wait_until

pytestmark = pytest.mark.faults

EXECUTIONS = 40
QUICK, ENDLESS = {"takes": 0.4}, {"hang": True}
FOR_S = 4.0
SEED = 10
# A start that has passed its last look at the cancel is on its way: one call, not one call's deadline.
ON_ITS_WAY_S = 5.0
KINDS = ("sequential", "parallel", "conditional")
TROUBLES = ("late", "never", "stubborn", "gone", "", "", "", "")


def make_trouble(renum: RunningRenum, trouble: str, prompt: str) -> None:
    """Have Suna make trouble with the runs of a prompt."""
    if trouble == "late":
        renum.suna.fail("agent.start", contains=prompt, kind="late_run", seconds=0.7, answer="drop")
    elif trouble == "never":
        renum.suna.fail("agent.start", contains=prompt, kind="drop")
    elif trouble == "stubborn":
        renum.suna.fail("run.stop", contains=prompt, times=3, kind="status", status=500)
    elif trouble == "gone":
        renum.suna.fail("run.stop", contains=prompt, kind="status", status=404)


def build_endless(kind: str) -> dict[str, Any]:
    """Return a workflow that never ends by itself: the last run hangs, of a parallel one every run."""
    directives = [ENDLESS] * 3 if kind == "parallel" else [QUICK, QUICK, ENDLESS]
    agents: list[dict[str, Any]] = [
        {"agent_id": f"agent-{number}", "instructions": f"@@sim{json.dumps(directive)}"}
        for number, directive in enumerate(directives)
    ]
    if kind == "conditional":
        for before, agent in enumerate(agents[1:]):
            field = f"steps.agent-{before}.status"
            agent["conditions"] = [{"field": field, "operator": "equals", "value": "completed"}]
    return {"type": kind, "agents": agents}


def entries_of(renum: RunningRenum, operation: str) -> list[dict[str, Any]]:
    answer = renum.suna.get(f"ledger?operation={operation}")
    assert answer["complete"]
    entries: list[dict[str, Any]] = answer["entries"]
    return entries


def test_a_cancel_at_any_moment_stops_every_run_and_lets_none_begin(renum_on, figure, settings):
    settings.ORCHESTRATOR = replace(settings.ORCHESTRATOR, stop_settle_s=0.2)
    renum = renum_on("2025-08")
    dice = random.Random(SEED)
    teams = {kind: renum.make_team(build_endless(kind)) for kind in KINDS}
    executions, gone = [], set()
    for number in range(EXECUTIONS):
        prompt, trouble = f"<{number}>", TROUBLES[number % len(TROUBLES)]
        make_trouble(renum, trouble, prompt)
        executions.append(renum.start(teams[KINDS[number % len(KINDS)]], prompt))
        if trouble == "gone":
            gone.add(executions[-1].pk)
    renum.start_drivers(RENUM_CALL_DEADLINE_S="2", RENUM_START_GRACE_S="3")
    wait_until(lambda: AgentRun.objects.exists())

    began = time.monotonic()
    moments = sorted((dice.uniform(0, FOR_S), execution) for execution in executions)
    for moment, execution in moments:
        time.sleep(max(0.0, began + moment - time.monotonic()))
        cancel_execution(execution=execution, by=renum.owner)

    wait_until_over()
    assert set(Execution.objects.values_list("status", flat=True)) == {"cancelled"}
    execution_of = dict(AgentRun.objects.values_list("thread_id", "execution_id"))
    before_the_sweep = renum.suna.get("summary")["requests"]
    left = [run for run in renum.suna.get("runs")["runs"] if run["status"] == "running"]
    assert {execution_of[run["thread_id"]] for run in left} <= gone
    # A stop that was answered with 404 is not believed for ever: the sweep looks at the thread.
    sweep()
    runs = renum.suna.get("runs")["runs"]
    figure("p10_runs_left", sum(run["status"] == "running" for run in runs))
    assert {run["status"] for run in runs} == {"completed", "stopped"}
    check_history(renum)

    asked = {
        execution_id: at.timestamp()
        for execution_id, at in ExecutionEvent.objects.filter(kind="cancel_requested").values_list(
            "execution_id", "created_at"
        )
    }
    assert len(asked) == EXECUTIONS
    asked_of = {thread_id: asked[execution_id] for thread_id, execution_id in execution_of.items()}
    starts = entries_of(renum, "agent.start")
    late_starts = [entry["t"] - asked_of[thread_of_start(entry)] for entry in starts]
    assert max(late_starts) < ON_ITS_WAY_S
    # Each run was told to stop and said yes, or had ended by itself. None of the endless ones could.
    stops = [entry for entry in entries_of(renum, "run.stop") if entry["status"] == 200]
    stopped = {entry["run_id"] for entry in stops}
    by_themselves = [run for run in runs if run["id"] not in stopped]
    for run in by_themselves:
        assert run["status"] == "completed", run
        assert run["ended_t"] < asked_of[run["thread_id"]] + ON_ITS_WAY_S, run
    assert {run["id"] for run in runs if run["status"] == "stopped"} <= stopped
    # Many of them, whatever a busy machine had begun by the time of the cancel.
    assert len(stopped) > EXECUTIONS // 4
    latencies = [
        entry["t"] - asked_of[entry["thread_id"]] for entry in stops if entry["seq"] <= before_the_sweep
    ]
    figure("p10_cancelled", EXECUTIONS)
    figure("p10_runs_stopped", len(stopped))
    figure("p10_runs_stopped_by_the_sweep", len(left))
    figure("p10_runs_over_before_their_stop", len(by_themselves))
    figure("p10_cancel_to_last_stop_p95_s", percentile(latencies, 0.95))
    figure("p10_start_after_cancel_max_s", max(0.0, *late_starts))
