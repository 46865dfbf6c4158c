"""Pause and resume: nothing new is started, what runs goes on to its end, nobody holds what rests.

The wishes are written without any hint, so that the drivers have to find each by looking.
"""

from typing import Any

from django.db.models.functions import Now

from executions.models import Execution
from tests.faults.history import check_history
from tests.fixtures.running import RunningRenum, wait_until

ONE = [{"agent_id": "agent-1"}]
TWO = [*ONE, {"agent_id": "agent-2"}]


def chain(agents: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    return {"type": "sequential", "agents": agents, **fields}


def begin(renum: RunningRenum, prompt: str, *, takes_s: float, **fields: Any) -> Execution:
    return renum.start(renum.make_team(chain(TWO, **fields)), f'{prompt} @@sim{{"takes": {takes_s}}}')


def wish(execution: Execution, what: str) -> None:
    Execution.objects.filter(pk=execution.pk).update(**{f"{what}_requested_at": Now()})


def stands(execution: Execution, **columns: Any) -> bool:
    return Execution.objects.filter(pk=execution.pk, **columns).exists()


def kinds(execution: Execution) -> list[str]:
    wanted = ("execution_", "step_")
    return [
        kind
        for kind in execution.events.order_by("seq").values_list("kind", flat=True)
        if kind.startswith(wanted)
    ]


def rests(execution: Execution) -> bool:
    return stands(execution, status="paused", driver=None, at_rest=True)


def test_paused_execution_takes_in_what_runs_starts_nothing_and_goes_on_when_it_is_resumed(renum_on):
    renum = renum_on("2025-08")
    waiting = renum.start(renum.make_team(chain(ONE)), "paused before it began")
    wish(waiting, "pause")
    cluster = renum.start_drivers()
    executions = [begin(renum, f"number {n}", takes_s=2) for n in range(3)]
    resumed, cancelled, cut_short = executions
    for execution in executions:
        wait_until(lambda at=execution: at.steps.filter(position=0, status="running").exists())
        wish(execution, "pause")
    wait_until(lambda: all(stands(at, status="paused", driver__isnull=False) for at in executions))
    wish(cut_short, "cancel")
    assert renum.wait_for(cut_short).status == "cancelled"
    assert cut_short.agent_runs.get().status == "stopped"

    wait_until(lambda: rests(resumed) and rests(cancelled))
    for execution in (resumed, cancelled):
        assert list(execution.steps.order_by("position").values_list("status", "code")) == [
            ("completed", ""),
            ("ready", "paused"),
        ]
    assert renum.suna.starts() == 3
    assert stands(waiting, status="queued", epoch=0)
    wish(cancelled, "cancel")
    assert renum.wait_for(cancelled).status == "cancelled"
    for execution in (resumed, waiting):
        wish(execution, "resume")
        assert renum.wait_for(execution).status == "completed"

    assert renum.suna.starts() == 5
    assert kinds(resumed) == [
        "execution_queued",
        "execution_started",
        "step_starting",
        "step_running",
        "execution_paused",
        "step_completed",
        "step_ready",
        "execution_resumed",
        "step_starting",
        "step_running",
        "step_completed",
        "execution_completed",
    ]
    assert "another driver's now" not in cluster.log.read_text()
    check_history(renum)


def test_deadline_and_step_timeout_go_on_while_an_execution_is_paused(renum_on):
    renum = renum_on("2025-08")
    renum.start_drivers()
    slow = [{"agent_id": "agent-1", "timeout": "4s"}, {"agent_id": "agent-2"}]
    timed_out = renum.start(renum.make_team(chain(slow)), '@@sim{"takes": 30}')
    wait_until(lambda: timed_out.steps.filter(position=0, status="running").exists())
    # The deadline counts from the start, so that the driver must be there already.
    overdue = begin(renum, "overdue", takes_s=1, limits={"deadline": "6s"})
    wait_until(lambda: overdue.steps.filter(position=0, status="running").exists())
    for execution in (overdue, timed_out):
        wish(execution, "pause")

    wait_until(lambda: rests(overdue))
    for execution in (overdue, timed_out):
        renum.wait_for(execution)

    assert (overdue.status, overdue.code) == ("failed", "deadline")
    assert overdue.finished_at >= overdue.deadline_at
    assert (timed_out.status, timed_out.code) == ("failed", "step_failed")
    assert timed_out.steps.get(position=0).code == "timeout"
    assert renum.suna.starts() == 2
    check_history(renum)


def test_run_of_a_paused_execution_is_taken_in_by_the_next_driver_and_then_it_rests(renum_on):
    renum = renum_on("2025-08")
    first = renum.start_drivers()
    execution = begin(renum, "handed over", takes_s=3)
    wait_until(lambda: execution.steps.filter(position=0, status="running").exists())
    wish(execution, "pause")
    wait_until(lambda: stands(execution, status="paused"))

    first.stop()
    assert stands(execution, status="paused", driver=None, at_rest=False)
    renum.start_drivers()

    wait_until(lambda: rests(execution))
    assert execution.steps.get(position=0).status == "completed"
    wish(execution, "resume")
    assert renum.wait_for(execution).status == "completed"
    assert renum.suna.starts() == 2
    check_history(renum)
