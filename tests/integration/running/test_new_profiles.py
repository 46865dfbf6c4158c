"""Teams on Suna of December 2025 and of 2026: they run to the end, whatever that version says too late."""

import json
import time
import urllib.request

import pytest

from executions.actions.cancel_execution import cancel_execution
from executions.actions.detect_connection import detect_connection
from executions.models import AgentRun
from tests.faults.history import check_history
from tests.fixtures.running import TOKEN, RunningRenum, wait_until
from tests.fixtures.site_rows import EXAMPLES

pytestmark = pytest.mark.shares_suna

NEW = (("2025-12", "c1"), ("2025-12", "c2"), ("2026-01", ""))


def step(script: dict[str, object]) -> dict[str, object]:
    instructions = f"@@sim{json.dumps(script)}"
    return {"type": "sequential", "agents": [{"agent_id": "agent-1", "instructions": instructions}]}


def set_times(renum: RunningRenum, **times: float) -> None:
    call(f"{renum.suna.url}/_simulator/options", "PATCH", {"times": times})


def call(url: str, method: str, body: object) -> None:
    request = urllib.request.Request(  # noqa: S310 - the loopback
        url, method=method, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=10).close()  # noqa: S310


def operations(renum: RunningRenum) -> list[str]:
    return [entry["operation"] for entry in renum.suna.get("ledger")["entries"]]


@pytest.mark.parametrize(("profile", "variant"), NEW)
def test_both_examples_run_to_the_end(renum_on, profile, variant, figure):
    renum = renum_on(profile, *(["--variant", variant] if variant else []))
    detect_connection(connection=renum.connection, by=None)
    examples = [(EXAMPLES / f"{example}.json").read_text() for example in ("sequential", "conditional")]
    executions = [renum.start(renum.make_team(source=source)) for source in examples]
    began = time.monotonic()
    renum.start_drivers()

    executions = [renum.wait_for(execution) for execution in executions]

    assert {(execution.status, execution.usage_complete) for execution in executions} == {("completed", True)}
    runs = AgentRun.objects.filter(execution__in=executions)
    assert renum.suna.starts() == runs.count()
    assert all(run.individual_usage_metrics["tokens_input"] > 0 for run in runs)
    # Only the stream that may be read was.
    assert ("run.stream" in operations(renum)) is (variant == "c1")
    figure(f"examples_{profile}{variant}_s", time.monotonic() - began)
    check_history(renum)


def test_run_that_suna_does_not_show_yet_is_waited_for(renum_on):
    renum = renum_on("2026-01")
    set_times(renum, pending_s=2.0)
    renum.start_drivers()

    execution = renum.run(step({"takes": 2.5}))

    assert execution.status == "completed"
    misses = [e for e in renum.suna.get("ledger?operation=run.get")["entries"] if e["status"] == 404]
    assert len(misses) > 3
    assert renum.suna.starts() == 1
    check_history(renum)


def test_run_that_is_cancelled_before_suna_shows_it_is_stopped_all_the_same(renum_on):
    renum = renum_on("2026-01")
    set_times(renum, pending_s=2.0)
    renum.start_drivers()
    execution = renum.start(renum.make_team(step({"hang": True})))
    wait_until(lambda: execution.agent_runs.filter(status="running").exists())

    cancel_execution(execution=execution, by=renum.owner)

    assert renum.wait_for(execution).status == "cancelled"
    (run,) = renum.suna.get("runs")["runs"]
    assert run["status"] == "stopped"
    assert execution.agent_runs.get().status == "stopped"
    check_history(renum)


@pytest.mark.parametrize("lasts", [False, True])
def test_worker_timeout_counts_only_where_it_lasts(renum_on, lasts):
    renum = renum_on("2026-01")
    set_times(renum, silence_s=0.2)
    renum.start_drivers(RENUM_DOUBTFUL_END_S="2" if lasts else "60")
    execution = renum.start(renum.make_team(step({"hang": True} if lasts else {"takes": 6, "text": "ok"})))
    wait_until(lambda: renum.suna.get("runs")["runs"])
    (run,) = renum.suna.get("runs")["runs"]

    fail_by_reading(renum, run["id"])

    wait_until(lambda: execution.steps.filter(code="end_in_doubt").exists())
    execution = renum.wait_for(execution)
    assert execution.status == ("failed" if lasts else "completed")
    assert renum.suna.starts() == 1
    if lasts:
        assert execution.agent_runs.get().message == "Worker timeout"


def fail_by_reading(renum: RunningRenum, run_id: str) -> None:
    """Read a run's stream from a place on at which nothing has come yet, as a careless client does."""
    wait_until(lambda: AgentRun.objects.filter(suna_run_id=run_id, status="running").exists())
    time.sleep(0.3)
    url = f"{renum.suna.url}/v1/agent-run/{run_id}/stream?last_id=9999999999999-0"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {TOKEN}"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=20) as stream:  # noqa: S310
        assert b"Worker timeout" in stream.read()


def test_missing_agent_fails_its_step_and_makes_no_run_that_nobody_sees(renum_on):
    renum = renum_on("2026-01", "--strict-agents")
    renum.start_drivers()

    execution = renum.run({"type": "sequential", "agents": [{"agent_id": "nobody"}]})

    assert execution.status == "failed"
    assert execution.steps.get().code == "rejected"
    assert renum.suna.starts() == 0
    assert "threads.create" not in operations(renum)
