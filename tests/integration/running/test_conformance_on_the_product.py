"""Some of the language's cases through the whole product: API rows, drivers, HTTP, a simulated Suna.

Each step's script becomes a directive in its instructions; a tick of a case is a third of a second.
"""

import copy
import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from executions.models import Execution
from tests.contract.simulated_suna import SimulatedSuna
from tests.faults.history import check_history

CASES = Path(__file__).parents[2] / "conformance"
NAMES = (
    "document-sequential",
    "document-conditional-technical",
    "document-conditional-nothing-matches",
    "document-conditional-classifier-fails",
    "parallel-one-fails",
    "parallel-fail-fast-cancels-running",
    "graph-retry-then-ok",
    "join-any-success-starts-early",
    "output-map",
)
TICK_S = 0.34
# In the case two steps end in the same tick; on a real clock the one that is stopped must not be done first.
SLOWER = {
    "parallel-fail-fast-cancels-running": {
        "b": [{"text": "late", "takes": 60}],
        "c": [{"text": "late", "takes": 60}],
    }
}


def script_of(attempt: dict[str, Any]) -> dict[str, Any]:
    takes = {"takes": attempt["takes"] * TICK_S} if "takes" in attempt else {}
    if attempt.get("fail") == "timeout":
        return {"hang": True}
    return {**takes, **({"fail": "no"} if "fail" in attempt else {"text": attempt["text"]})}


def scripted(case: dict[str, Any]) -> dict[str, Any]:
    """Return the case's definition with every step told what to do, and no wait between two attempts."""
    definition = copy.deepcopy(case["definition"])
    for agent in definition["agents"]:
        step_id = agent.get("id", agent["agent_id"])
        scripts = case.get("agents", {}) | SLOWER.get(case["name"], {})
        attempts = scripts.get(step_id, [{"text": f"result of {step_id}"}])
        directive = {"key": uuid.uuid4().hex, "attempts": [script_of(attempt) for attempt in attempts]}
        agent["instructions"] = f"@@sim{json.dumps(directive)}"
        if any(attempt.get("fail") == "timeout" for attempt in attempts):
            agent["timeout"] = "1s"
        if "retry" in agent:
            agent["retry"]["initial_interval"] = "1s"
    return definition


def waves_of(suna: SimulatedSuna, execution: Execution, sizes: list[int]) -> list[list[str]]:
    """Return the steps in the order in which their runs began in Suna, cut into waves of these sizes."""
    names = dict(execution.agent_runs.values_list("suna_run_id", "step__step_id"))
    began = [names[run["id"]] for run in suna.get("runs")["runs"] if run["id"] in names]
    assert len(began) == sum(sizes)
    starts = [sum(sizes[:number]) for number in range(len(sizes))]
    return [sorted(began[start : start + size]) for start, size in zip(starts, sizes, strict=True)]


@pytest.mark.timeout(120)
def test_conformance_cases_end_on_the_whole_product_as_they_say(renum_on):
    renum = renum_on("2025-08")
    cases = {name: json.loads((CASES / f"{name}.json").read_text("utf-8")) for name in NAMES}
    started = {
        name: renum.start(renum.make_team(scripted(case)), case["prompt"]) for name, case in cases.items()
    }
    renum.start_drivers()

    seen, expected = {}, {}
    for name, case in cases.items():
        execution = renum.wait_for(started[name])
        wanted = case["expect"]
        seen[name] = {
            "status": execution.status,
            "code": execution.code or None,
            "answer": execution.result,
            "steps": {
                step.step_id: {"status": step.status, "reason": step.code or None, "attempts": step.attempts}
                for step in execution.steps.all()
            },
            "starts": waves_of(renum.suna, execution, [len(wave) for wave in wanted["starts"]]),
        }
        expected[name] = {name: wanted[name] for name in ("status", "code", "answer", "steps")}
        expected[name]["starts"] = [sorted(wave) for wave in wanted["starts"]]

    assert seen == expected
    stopped = started["parallel-fail-fast-cancels-running"].agent_runs.get(step__step_id="b")
    in_suna = {run["id"]: run["status"] for run in renum.suna.get("runs")["runs"]}
    assert (stopped.status, in_suna[stopped.suna_run_id]) == ("stopped", "stopped")
    check_history(renum)
