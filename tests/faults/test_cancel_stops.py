"""P10: a cancel, at whatever moment it comes, stops every run and lets none begin."""

import random
import time
from dataclasses import replace

import pytest

from executions.actions.cancel_execution import AlreadyOver, cancel_execution
from executions.models import AgentRun, Execution, ExecutionEvent
from executions.orchestrator.sweep import sweep
from tests.faults.history import check_history
from tests.faults.load import percentile, three_steps, wait_until_over
from tests.fixtures.running import RunningRenum, wait_until

pytestmark = pytest.mark.faults

EXECUTIONS = 40
RUN_S = 1.5
FOR_S = 5.0
SEED = 10
# A start that has passed its last look at the cancel is on its way: one call, not one call's deadline.
ON_ITS_WAY_S = 1.0
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


def ledger_of(renum: RunningRenum, operation: str) -> dict[str, list[float]]:
    """Return the times of an operation's requests by the execution that they were about."""
    threads = dict(AgentRun.objects.values_list("thread_id", "execution_id"))
    times: dict[str, list[float]] = {}
    for entry in renum.suna.get(f"ledger?operation={operation}")["entries"]:
        if entry["thread_id"] in threads:
            times.setdefault(threads[entry["thread_id"]], []).append(entry["t"])
    return times


def test_a_cancel_at_any_moment_stops_every_run_and_lets_none_begin(renum_on, figure, settings):
    settings.ORCHESTRATOR = replace(settings.ORCHESTRATOR, stop_settle_s=0.2)
    renum = renum_on("2025-08")
    dice = random.Random(SEED)
    teams = {kind: renum.make_team(three_steps(kind, takes=RUN_S)) for kind in KINDS}
    executions = []
    for number in range(EXECUTIONS):
        prompt = f"<{number}>"
        make_trouble(renum, TROUBLES[number % len(TROUBLES)], prompt)
        executions.append(renum.start(teams[KINDS[number % len(KINDS)]], prompt))
    renum.start_drivers(RENUM_CALL_DEADLINE_S="2", RENUM_START_GRACE_S="3")
    wait_until(lambda: AgentRun.objects.exists())

    began = time.monotonic()
    moments = sorted((dice.uniform(0, FOR_S), execution) for execution in executions)
    too_late = 0
    for moment, execution in moments:
        time.sleep(max(0.0, began + moment - time.monotonic()))
        try:
            cancel_execution(execution=execution, by=renum.owner)
        except AlreadyOver:
            too_late += 1

    wait_until_over()
    assert too_late < EXECUTIONS / 2
    assert Execution.objects.filter(status="cancelled").count() == EXECUTIONS - too_late
    # A stop that was answered with 404 is not believed for ever: the sweep looks at the thread.
    sweep()
    assert renum.suna.get("summary")["running"] == 0
    check_history(renum)

    asked = {
        execution_id: at.timestamp()
        for execution_id, at in ExecutionEvent.objects.filter(kind="cancel_requested").values_list(
            "execution_id", "created_at"
        )
    }
    starts, stops = ledger_of(renum, "agent.start"), ledger_of(renum, "run.stop")
    late_starts = [
        at - asked[execution_id]
        for execution_id, times in starts.items()
        if execution_id in asked
        for at in times
    ]
    assert max(late_starts) < ON_ITS_WAY_S
    latencies = [
        max(times) - asked[execution_id] for execution_id, times in stops.items() if execution_id in asked
    ]
    assert len(latencies) > EXECUTIONS / 3
    figure("p10_cancelled", EXECUTIONS - too_late)
    figure("p10_runs_stopped", len(stops))
    figure("p10_cancel_to_last_stop_p95_s", percentile(latencies, 0.95))
    figure("p10_start_after_cancel_max_s", max(0.0, *late_starts))
    figure("p10_runs_left", renum.suna.get("summary")["running"])
