"""Overload is refused, not dropped (P16); the line is fair among people (P17, at the gate)."""

import time
from typing import Any

import pytest

from executions.actions.start_execution import start_execution
from executions.models import Execution, ExecutionStep
from teams.models import TeamMembership, User
from tests.faults.history import check_history
from tests.fixtures.figures import Figure
from tests.fixtures.running import RunningRenum, wait_until

pytestmark = pytest.mark.faults

ONE_STEP = {"type": "sequential", "agents": [{"agent_id": "agent-1"}]}
FOUR_WIDE = {"type": "parallel", "agents": [{"agent_id": f"agent-{number}"} for number in range(4)]}
LIMIT = 2
DOWN_S = 5.0


def requests_since(renum: RunningRenum, seq: int) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = renum.suna.get(f"ledger?limit=20000&since={seq}")["entries"]
    return entries


def start_requests(renum: RunningRenum) -> int:
    return sum(entry["operation"] == "agent.start" for entry in requests_since(renum, 0))


def all_over() -> bool:
    return not Execution.objects.filter(finished_at=None).exists()


def test_two_drivers_share_sunas_limit_and_every_execution_finishes(renum_on, figure: Figure) -> None:
    renum = renum_on("2025-08", "--parallel-limit", str(LIMIT))
    team = renum.make_team(FOUR_WIDE)
    for _ in range(30):
        renum.start(team)
    for _ in range(2):
        # Neither can take all of them.
        renum.start_drivers(RENUM_CAPACITY="15")
    wait_until(renum.suna.starts)
    began = time.monotonic()
    drivers: set[object] = set()
    places: set[object] = set()

    def look() -> bool:
        drivers.update(Execution.objects.exclude(driver=None).values_list("driver", flat=True))
        places.update(
            step.reason_params.get("place") for step in ExecutionStep.objects.filter(code="service_throttled")
        )
        return all_over()

    wait_until(look, timeout_s=300, every_s=0.2)
    took_s = time.monotonic() - began
    assert len(drivers) == 2
    assert max(place for place in places if isinstance(place, int)) > 4
    assert set(Execution.objects.values_list("status", flat=True)) == {"completed"}
    assert set(ExecutionStep.objects.values_list("status", "attempts")) == {("completed", 1)}
    summary, requests = renum.suna.get("summary"), start_requests(renum)
    assert (summary["starts"], summary["max_running"]) == (120, LIMIT)
    figure("overload_start_requests_per_start", requests / 120)
    figure("overload_steps_per_s", 120 / took_s)
    assert requests <= 120 * 1.5
    check_history(renum)


def test_a_suna_that_is_down_is_asked_seldom_and_everything_goes_on_when_it_is_back(
    renum_on, figure: Figure
) -> None:
    renum = renum_on("2025-08")
    team = renum.make_team(ONE_STEP)
    executions = [renum.start(team, 'Go. @@sim{"takes": 8}') for _ in range(20)]
    # Followed by polls alone, ten a second together and more.
    renum.start_drivers(RENUM_STREAMS="0")
    slow = renum.start(
        renum.make_team({"type": "sequential", "agents": [{"agent_id": "agent-1", "timeout": "6s"}]}),
        'Go. @@sim{"hang": true}',
    )
    wait_until(lambda: ExecutionStep.objects.filter(status="running").count() == 21)

    seq = renum.suna.get("summary")["requests"]
    renum.suna.fail("*", times=1_000_000, kind="error")
    down_since = time.monotonic()
    waiting = renum.start(team)
    wait_until(lambda: waiting.steps.filter(status="ready", code="service_unavailable").exists())
    # Whoever cannot be asked is out of time all the same.
    wait_until(lambda: slow.steps.filter(status="running", code="stopping").exists())
    wait_until(lambda: time.monotonic() - down_since > DOWN_S)
    renum.suna.clear_faults()
    lasted_s = time.monotonic() - down_since
    asked = [entry for entry in requests_since(renum, seq) if entry["status"] == 500]

    for execution in (*executions, waiting):
        assert renum.wait_for(execution).status == "completed"
    assert renum.wait_for(slow).steps.get().code == "timeout"
    figure("requests_per_s_while_suna_is_down", len(asked) / lasted_s)
    # What was in the air when it went down, and a probe now and then.
    assert len(asked) <= 21 + lasted_s
    assert set(ExecutionStep.objects.values_list("attempts", flat=True)) == {1}
    check_history(renum)


def test_one_person_with_many_executions_does_not_keep_another_waiting(renum_on, figure: Figure) -> None:
    renum = renum_on("2025-08", "--parallel-limit", str(LIMIT))
    team = renum.make_team(ONE_STEP)
    other = User.objects.create_user("bob", email="bob@example.org")
    TeamMembership.objects.create(team=team, user=other, role="operator")
    prompt = 'Go. @@sim{"takes": 0.3}'
    for _ in range(40):
        renum.start(team, prompt)
    renum.start_drivers()
    wait_until(lambda: renum.suna.starts() >= 4)

    before = renum.suna.starts()
    his = start_execution(team=team, by=other, prompt=prompt).execution
    his = renum.wait_for(his)

    runs = sorted(renum.suna.get("runs")["runs"], key=lambda run: run["started_t"])
    place = [run["id"] for run in runs].index(his.agent_runs.get().suna_run_id)
    figure("starts_of_others_before_a_newcomer", place - before)
    # Those that took a place while he was being claimed, and at most one each afterwards.
    assert place - before <= 2 * LIMIT + 1
    assert Execution.objects.filter(finished_at=None).count() > 20
    wait_until(all_over, timeout_s=120)
    check_history(renum)
