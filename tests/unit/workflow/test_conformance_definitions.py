"""Every definition of the conformance cases is accepted, and its plan survives being stored."""

import json
from pathlib import Path

import pytest

from teams.workflow.json_text import parse_json_text
from teams.workflow.plan import plan_from_json, plan_to_json
from tests.unit.workflow.checking import plan_of

CASES = sorted((Path(__file__).parents[2] / "conformance").glob("*.json"))


def test_the_cases_are_there() -> None:
    assert len(CASES) >= 25


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_conformance_definition_is_accepted_and_its_plan_is_stored_whole(case: Path) -> None:
    plan = plan_of(parse_json_text(case.read_bytes())["definition"])

    assert plan_from_json(json.loads(json.dumps(plan_to_json(plan)))) == plan
