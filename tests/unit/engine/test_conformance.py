"""The cases of tests/conformance, and of RENUM_CONFORMANCE_DIR if that is set, on the pure engine."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from teams.workflow.parsing import read_definition
from tests.unit.engine.clockwork import Clockwork, make_state, without_retry_waits

CASES = Path(__file__).parents[2] / "conformance"


def find_cases() -> list[Path]:
    folders = [CASES]
    if "RENUM_CONFORMANCE_DIR" in os.environ:
        folders.append(Path(os.environ["RENUM_CONFORMANCE_DIR"]))
    return [path for folder in folders for path in sorted(folder.glob("*.json"))]


def run_case(case: dict[str, Any]) -> Clockwork:
    plan = read_definition(case["definition"]).plan
    assert plan is not None
    plan = without_retry_waits(plan)
    return Clockwork(plan, make_state(plan, prompt=case["prompt"]), case.get("agents", {})).run()


def test_the_cases_are_there() -> None:
    assert len(find_cases()) >= 25


@pytest.mark.parametrize("path", find_cases(), ids=lambda path: path.stem)
def test_execution_ends_as_the_case_says(path: Path) -> None:
    case = json.loads(path.read_text("utf-8"))

    world = run_case(case)

    expected = case["expect"]
    steps = {
        step_id: {
            "status": step.status.value,
            "reason": None if step.reason is None else step.reason.code,
            "attempts": step.attempts,
        }
        for step_id, step in world.state.steps.items()
    }
    assert world.finish is not None
    assert steps == expected["steps"]
    assert (world.finish.status.value, world.finish.code) == (expected["status"], expected["code"])
    assert world.starts == expected["starts"]
    assert world.finish.answer == expected["answer"]
