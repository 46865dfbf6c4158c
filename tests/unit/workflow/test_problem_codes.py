"""Every problem code of the language, each caused by one small definition."""

from typing import Any

import pytest

from teams.workflow.parsing import read_definition
from teams.workflow.problems import PROBLEM_CODES, WARNING_CODES
from tests.unit.workflow.checking import FROM_A, compared, conditional, step, workflow

CASES: dict[str, tuple[Any, str]] = {
    "required": (workflow("graph", {}), "/agents/0/agent_id"),
    "unknown_field": (workflow("graph", step(retries=3)), "/agents/0/retries"),
    "wrong_type": (workflow("graph", step(role=7)), "/agents/0/role"),
    "out_of_range": (workflow("graph", step(), limits={"max_parallel": 0}), "/limits/max_parallel"),
    "too_large": (workflow("graph", step(role="é" * 32_769)), "/agents/0/role"),
    "too_many_agents": (workflow("graph", *(step(f"a{n}") for n in range(51))), "/agents"),
    "empty": (workflow("graph"), "/agents"),
    "unknown_type": (workflow("loop", step()), "/type"),
    "invalid_id": (workflow("graph", step("a b")), "/agents/0/agent_id"),
    "duplicate_id": (workflow("graph", step(), step()), "/agents/1/agent_id"),
    "unknown_reference": (
        workflow("graph", step(), step("b", depends_on=["c"])),
        "/agents/1/depends_on/0",
    ),
    "ambiguous_reference": (
        workflow("graph", step("w", id="x"), step("w", id="y"), step("b", depends_on=["w"])),
        "/agents/2/depends_on/0",
    ),
    "self_reference": (workflow("graph", step(input=FROM_A)), "/agents/0/input/agent_id"),
    "forward_reference": (
        workflow("sequential", step("b", input=FROM_A), step("a")),
        "/agents/0/input/agent_id",
    ),
    "parallel_reference": (
        workflow("parallel", step("a"), step("b", input=FROM_A)),
        "/agents/1/input/agent_id",
    ),
    "unexpected_key": (workflow("parallel", step(join="all_done")), "/agents/0/join"),
    "not_supported_yet": (workflow("graph", step(), limits={"max_cost_usd": "2.50"}), "/limits/max_cost_usd"),
    "cycle": (workflow("graph", step("a", depends_on=["b"]), step("b", depends_on=["a"])), "/agents/0"),
    "invalid_path": (conditional(compared("steps.a.data[0]")), "/agents/1/conditions/0/field"),
    "unknown_operator": (
        conditional(compared("steps.a.data", "like", value=1)),
        "/agents/1/conditions/0/operator",
    ),
    "invalid_value": (conditional(compared("steps.a.data", "in", value=1)), "/agents/1/conditions/0/value"),
    "invalid_regex": (
        conditional(compared("steps.a.text", "matches", value="(")),
        "/agents/1/conditions/0/value",
    ),
    "unsupported_regex": (
        conditional(compared("steps.a.text", "matches", value="(?=a)")),
        "/agents/1/conditions/0/value",
    ),
    "else_without_group": (workflow("graph", step(conditions="else")), "/agents/0/conditions"),
    "invalid_schema": (workflow("graph", step(output={"schema": False})), "/agents/0/output/schema"),
    "unknown_service": (workflow("graph", step(services=["Open AI"])), "/agents/0/services/0"),
}


def test_the_table_causes_exactly_the_codes_of_the_language() -> None:
    assert set(CASES) == set(PROBLEM_CODES)
    assert len(PROBLEM_CODES) == 26
    assert set(WARNING_CODES) == {
        "type_missing",
        "unknown_agent",
        "not_exhaustive",
        "wider_than_connection",
        "unused_result",
    }


@pytest.mark.parametrize("code", CASES)
def test_one_mistake_gives_one_problem_at_its_place(code: str) -> None:
    document, pointer = CASES[code]

    checked = read_definition(document)

    assert [(problem.code, problem.pointer) for problem in checked.problems] == [(code, pointer)]
    assert checked.plan is None
    assert checked.definition is None


@pytest.mark.parametrize("code", CASES)
def test_a_message_says_what_is_wrong_and_what_to_do(code: str) -> None:
    problem = read_definition(CASES[code][0]).problems[0]

    wrong, _, advice = problem.message.partition(". ")

    assert len(wrong) > 10 or code == "unknown_reference"
    assert len(advice) > 8
    assert problem.message.endswith(".")
    assert problem.as_json() == {
        "pointer": problem.pointer,
        "code": code,
        "message": problem.message,
        "params": dict(problem.params),
    }


def test_a_cycle_names_its_path() -> None:
    problem = read_definition(CASES["cycle"][0]).problems[0]

    assert problem.params == {"path": ["a", "b", "a"]}


def test_an_ambiguous_reference_names_the_ids_to_choose_from() -> None:
    problem = read_definition(CASES["ambiguous_reference"][0]).problems[0]

    assert problem.params["steps"] == ["x", "y"]
    assert '"x" or "y"' in problem.message


def test_a_slip_of_the_pen_is_answered_with_the_nearest_word() -> None:
    problem = read_definition(CASES["unknown_field"][0]).problems[0]

    assert 'Did you mean "retry"?' in problem.message
    assert problem.params["nearest"] == "retry"


@pytest.mark.parametrize("document", [None, [], "x", 3, True, 2.5])
def test_a_document_that_is_no_object_is_the_wrong_type(document: Any) -> None:
    found = read_definition(document).problems

    assert [(problem.pointer, problem.code) for problem in found] == [("", "wrong_type")]
