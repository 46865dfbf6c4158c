"""P5: a start whose answer was lost is resolved, never guessed, however late its run appears."""

import json
from dataclasses import replace

import pytest
from django.db.models import Sum

from billing.models import UsageLog
from executions.models import AgentRun, Execution
from executions.orchestrator.sweep import sweep
from tests.faults.history import check_history
from tests.fixtures.running import wait_until

pytestmark = pytest.mark.faults

CALL_DEADLINE_S = 2.0
GRACE_S = 3.0
# Seconds from the failed call until its run appears, on both sides of the grace. The last look comes up
# to a look's patience after it, later still on a busy machine.
IN_TIME_S = (0.2, 0.8, 1.5, 2.2)
TOO_LATE_S = (8.0, 9.0, 10.0)
ANSWERS = ("error", "drop")
TOKENS = (500, 70)


def test_a_run_that_appears_in_the_grace_is_adopted_and_a_later_one_is_stopped_and_billed(
    renum_on, figure, settings
):
    settings.ORCHESTRATOR = replace(settings.ORCHESTRATOR, stop_settle_s=0.2)
    renum = renum_on("seed")
    team = renum.make_team({"type": "sequential", "agents": [{"agent_id": "agent-1"}]})
    told = {"tokens": TOKENS, "takes": 0.5}

    def start(seconds: float, answer: str, *, in_time: bool) -> Execution:
        name = f"{answer} after {seconds:g} s."
        renum.suna.fail("agent.start", contains=name, kind="late_run", seconds=seconds, answer=answer)
        # The new attempt's run comes first, the late one second: some of those are found at work, some over.
        script: dict[str, object] = {**told}
        if not in_time:
            script = {"key": name, "attempts": [told, {**told, "takes": 60.0 if answer == "error" else 0.1}]}
        execution = renum.start(team, f"{name} @@sim{json.dumps(script)}")
        # One after the other: failures in a row would open the circuit, and nobody would look for a while.
        wait_until(lambda: execution.events.filter(kind="start_in_doubt").exists())
        return execution

    renum.start_drivers(RENUM_CALL_DEADLINE_S=str(CALL_DEADLINE_S), RENUM_START_GRACE_S=str(GRACE_S))
    in_time = [start(seconds, answer, in_time=True) for seconds in IN_TIME_S for answer in ANSWERS]
    too_late = [start(seconds, answer, in_time=False) for seconds in TOO_LATE_S for answer in ANSWERS]
    for execution in (*in_time, *too_late):
        assert renum.wait_for(execution).status == "completed", execution.initial_prompt
    for execution in in_time:
        step = execution.steps.get()
        assert (step.attempts, step.abandoned) == (1, 0), execution.initial_prompt
        assert execution.events.filter(kind="run_adopted").count() == 1
    for execution in too_late:
        first, second = execution.agent_runs.order_by("attempt")
        assert (first.status, first.code, first.suna_run_id) == ("abandoned", "start_abandoned", None)
        assert (first.finished_at - first.start_requested_at).total_seconds() >= GRACE_S
        assert second.status == "completed"
    expected = len(in_time) + 2 * len(too_late)
    wait_until(lambda: renum.suna.starts() == expected)
    at_work = len(TOO_LATE_S)
    wait_until(lambda: renum.suna.get("summary")["running"] == at_work)

    sweep()

    found = AgentRun.objects.filter(code="late_run")
    assert sorted(found.values_list("status", flat=True)) == [
        *["completed"] * (len(too_late) - at_work),
        *["stopped"] * at_work,
    ]
    summary = renum.suna.get("summary")
    assert summary["running"] == 0
    billed = UsageLog.objects.aggregate(tokens=Sum("tokens_input"))["tokens"]
    assert billed == summary["tokens_input"]
    extra = billed - TOKENS[0] * (len(in_time) + len(too_late))
    assert extra >= TOKENS[0] * (len(too_late) - at_work)
    check_history(renum)
    figure("p5_adopted_in_the_grace", len(in_time))
    figure("p5_new_attempts", len(too_late))
    figure("p5_late_runs_found", found.count())
    figure("p5_late_runs_stopped", at_work)
    figure("p5_late_runs_left", summary["running"])
    figure("p5_extra_tokens_billed", extra)
