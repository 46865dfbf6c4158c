"""The two examples of the design document: accepted byte for byte, and what they compile to."""

import hashlib
from pathlib import Path

import pytest

from teams.workflow.json_text import parse_json_text
from teams.workflow.parsing import read_definition
from teams.workflow.plan import Comparison, Source
from teams.workflow.plan import Path as FieldPath
from tests.unit.workflow.checking import plan_of, problems

EXAMPLES = Path(__file__).parents[2] / "data" / "examples"
DIGESTS = {
    "sequential.json": "157d379ef2f2c65699f819ef4140d04f1c691cd2e533a5c91fb4bdd705a4ac33",
    "conditional.json": "5f6a3a3079c0126dfb6ebab7a7a7764ee8ce20a83a8ed415386d4ba2ff371f94",
}


@pytest.mark.parametrize("name", DIGESTS)
def test_an_example_has_the_bytes_of_the_design_document_and_is_accepted(name: str) -> None:
    content = (EXAMPLES / name).read_bytes()

    assert hashlib.sha256(content).hexdigest() == DIGESTS[name]
    assert problems(parse_json_text(content)) == []


def test_the_sequential_example_is_a_chain_whose_last_step_is_the_answer() -> None:
    plan = plan_of(parse_json_text((EXAMPLES / "sequential.json").read_bytes()))

    assert plan.chain
    assert [step.depends for step in plan.steps] == [
        (),
        ("agent-123",),
        ("agent-123", "agent-456"),
    ]
    assert plan.steps[2].sources == (
        Source(kind="agent_result", step="agent-123"),
        Source(kind="agent_result", step="agent-456"),
    )
    assert {step.join for step in plan.steps} == {None}
    assert {step.on_error for step in plan.steps} == {"fail"}
    assert plan.output_steps == ("agent-789",)


def test_the_conditional_example_waits_for_its_classifier_and_warns_that_it_has_no_else() -> None:
    checked = read_definition(parse_json_text((EXAMPLES / "conditional.json").read_bytes()))

    assert checked.plan is not None
    technical = checked.plan.step("agent-456")
    assert technical.depends == technical.condition_steps == ("agent-123",)
    assert technical.conditions == (
        Comparison(
            path=FieldPath(
                text="agent_agent-123_result.category",
                root="result",
                step="agent-123",
                segments=("category",),
            ),
            operator="equals",
            value="technical",
        ),
    )
    assert technical.join == "all_success"
    assert technical.on_error == "continue"
    assert checked.plan.output_steps == ("agent-456", "agent-789")
    assert [warning.code for warning in checked.warnings] == ["not_exhaustive"]
