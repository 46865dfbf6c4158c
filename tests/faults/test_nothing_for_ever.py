"""P11: nothing runs for ever: steps end by their timeout, executions by their deadline."""

import datetime as dt
import json
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from executions.models import Execution
from executions.orchestrator.sweep import sweep
from teams.models import SunaConnection
from tests.faults.history import check_history
from tests.faults.load import wait_until_over
from tests.fixtures.fault_proxy import fault_proxy
from tests.fixtures.running import TOKEN, RunningRenum, wait_until

pytestmark = pytest.mark.faults

TIMEOUT_S = 2.0
DEADLINE_S = 6.0
CALL_DEADLINE_S = 2.0
STOP_GIVE_UP_S = 2.0
# The most that a call under way and the attempts to stop add, and some breath on a busy machine.
OVERRUN_AT_MOST_S = 2 * CALL_DEADLINE_S + STOP_GIVE_UP_S + 2.0
ALWAYS = 1_000_000
QUICK = {
    "RENUM_CALL_DEADLINE_S": str(CALL_DEADLINE_S),
    "RENUM_START_GRACE_S": "3",
    "RENUM_STOP_GIVE_UP_S": str(STOP_GIVE_UP_S),
}


def one_step(*, deadline_s: float = 3600, **fields: object) -> dict[str, object]:
    step = {"agent_id": "agent-1", "timeout": f"{TIMEOUT_S:g}s", **fields}
    return {"type": "sequential", "agents": [step], "limits": {"deadline": f"{deadline_s:g}s"}}


def directive(**given: object) -> str:
    return f"@@sim{json.dumps(given)}"


def on_other_connection(renum: RunningRenum, base_url: str) -> RunningRenum:
    """Return the same Renum, whose teams reach Suna by another address."""
    connection = SunaConnection(
        owner=renum.owner, name="Through the proxy", base_url=base_url, wire_profile=renum.profile
    )
    connection.set_credential(bearer=TOKEN)
    connection.save()
    return replace(renum, connection=connection)


def test_every_execution_ends_in_its_time_whatever_suna_does(renum_on, figure, settings):
    settings.ORCHESTRATOR = replace(settings.ORCHESTRATOR, stop_settle_s=0.2)
    renum = renum_on("2025-08")
    for name, operation, effect in (
        ("hangs at all", "*", {"kind": "hang"}),
        ("hangs once it runs", "run.get", {"kind": "hang"}),
        ("hangs once it runs", "run.stop", {"kind": "hang"}),
        ("unknown status", "run.get", {"kind": "unknown_status"}),
        ("malformed", "run.get", {"kind": "malformed"}),
        ("answers 500", "run.get", {"kind": "error"}),
    ):
        renum.suna.fail(operation, contains=name, times=ALWAYS, **effect)
    for_ever, healthy = (
        renum.make_team(one_step(instructions=directive(hang=True))),
        renum.make_team(one_step()),
    )
    cluster = renum.start_drivers(**QUICK)
    wait_until(lambda: len(cluster.worker_pids()) == 3)

    with fault_proxy(port=urlsplit(renum.suna.url).port or 0) as proxy:
        dripping = on_other_connection(renum, f"http://127.0.0.1:{proxy.port}")
        proxy.set("slow", bps=20)
        by_timeout = [
            renum.start(for_ever, name)
            for name in ("runs for ever", "hangs once it runs", "unknown status", "answers 500", "malformed")
        ]
        by_deadline = [
            renum.start(renum.make_team(one_step(deadline_s=DEADLINE_S)), "hangs at all"),
            dripping.start(dripping.make_team(one_step(deadline_s=DEADLINE_S)), "drips"),
        ]
        beside = []
        for number in range(8):
            beside.append(renum.wait_for(renum.start(healthy, f"beside {number}")))
        wait_until_over(timeout_s=60)

    renum.suna.clear_faults()
    sweep()
    assert {execution.status for execution in beside} == {"completed"}
    overruns = {}
    for execution in Execution.objects.filter(pk__in=[one.pk for one in (*by_timeout, *by_deadline)]):
        name = execution.initial_prompt
        assert execution.status == "failed", name
        if name in {"hangs at all", "drips"}:
            assert execution.code == "deadline", name
            due = execution.deadline_at
        else:
            step = execution.steps.get()
            assert step.code in ({"bad_response", "timeout"} if name == "malformed" else {"timeout"}), name
            run = execution.agent_runs.get()
            due = run.started_at + dt.timedelta(seconds=TIMEOUT_S)
        overruns[name] = (execution.finished_at - due).total_seconds()
    assert max(overruns.values()) < OVERRUN_AT_MOST_S, overruns
    hung = [
        entry["answered_after_s"]
        for entry in renum.suna.get("ledger")["entries"]
        if "hang" in entry["faults"] and entry["answered_after_s"] is not None
    ]
    assert hung
    assert max(hung) < CALL_DEADLINE_S + 1
    assert renum.suna.get("summary")["running"] == 0
    check_history(renum)
    figure("p11_overrun_max_s", max(overruns.values()))
    figure("p11_overrun_suna_answers_s", overruns["runs for ever"])
    figure("p11_longest_call_s", max(hung))
    figure(
        "p11_healthy_beside_max_s",
        max((one.finished_at - one.created_at).total_seconds() for one in beside),
    )
