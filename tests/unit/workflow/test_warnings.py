"""Warnings: what is accepted, but may not do what its author wants."""

from typing import Any

import pytest

from teams.workflow.parsing import read_definition
from tests.unit.workflow.checking import FROM_A, compared, problems, step, warnings, workflow

IF_A = {"conditions": [compared("steps.a.data.x")]}


def test_a_missing_type_is_said_to_be_sequential() -> None:
    assert warnings({"agents": [step("a")]}) == [("/type", "type_missing")]
    assert warnings(workflow("sequential", step("a"))) == []


def test_an_agent_outside_the_catalogue_is_named_where_the_catalogue_is_known() -> None:
    document = workflow("graph", step("a"), step("b", id="other"))

    assert warnings(document) == []
    assert warnings(document, known_agents={"b"}) == [("/agents/0/agent_id", "unknown_agent")]
    assert warnings(document, known_agents=[]) == [
        ("/agents/0/agent_id", "unknown_agent"),
        ("/agents/1/agent_id", "unknown_agent"),
    ]


def test_unknown_agents_are_named_beside_problems_too() -> None:
    checked = read_definition(workflow("loop", step("a")), known_agents=[])

    assert [problem.code for problem in checked.problems] == ["unknown_type"]
    assert [warning.code for warning in checked.warnings] == ["unknown_agent"]


@pytest.mark.parametrize("kind", ["conditional", "graph"])
def test_routes_without_an_else_are_not_exhaustive(kind: str) -> None:
    routes = (step("a"), step("b", **IF_A), step("c", **IF_A))

    assert warnings(workflow(kind, *routes)) == [("/agents/2/conditions", "not_exhaustive")]
    assert warnings(workflow(kind, *routes, step("d", conditions="else"))) == []


def test_a_chain_with_a_condition_goes_on_anyway_and_gets_no_warning() -> None:
    assert warnings(workflow("sequential", step("a"), step("b", **IF_A), step("c"))) == []


@pytest.mark.parametrize(
    ("document", "found"),
    [
        (workflow("parallel", step("a"), step("b"), step("c")), [("/agents", "wider_than_connection")]),
        (
            workflow("parallel", step("a"), step("b"), step("c"), limits={"max_parallel": 3}),
            [("/limits/max_parallel", "wider_than_connection")],
        ),
        (workflow("parallel", step("a"), step("b"), step("c"), limits={"max_parallel": 2}), []),
        (workflow("graph", step("a"), step("b", input=FROM_A), step("c", input=FROM_A)), []),
        (workflow("sequential", *(step(f"s{n}") for n in range(50))), []),
        (
            workflow("graph", step("a"), *(step(f"s{n}", input=FROM_A) for n in range(3))),
            [("/agents", "wider_than_connection")],
        ),
    ],
)
def test_a_wave_wider_than_the_connection_is_told_where_the_limit_is_known(
    document: Any, found: list[tuple[str, str]]
) -> None:
    assert warnings(document, connection_limit=2) == found
    assert warnings(document) == []


def test_a_result_that_nothing_takes_is_unused() -> None:
    from_prompt = {"source": "initial_prompt"}

    assert warnings(workflow("sequential", step("a"), step("b", input=from_prompt))) == [
        ("/agents/0", "unused_result")
    ]
    assert warnings(workflow("sequential", step("a"), step("b"))) == []
    assert warnings(workflow("parallel", step("a"), step("b"), output={"x": "steps.a.text"})) == [
        ("/agents/1", "unused_result")
    ]
    assert warnings(workflow("graph", step("a"), step("b", depends_on=["a"], input=from_prompt))) == []


def test_a_service_is_checked_against_the_known_ones_where_they_are_known() -> None:
    document = workflow("graph", step(services=["openai", "tavily"]), defaults={"services": ["tavly"]})

    assert problems(document) == []
    assert problems(document, known_services={"openai", "tavily"}) == [
        ("/defaults/services/0", "unknown_service")
    ]
    assert problems(document, known_services=[]) == [
        ("/agents/0/services/0", "unknown_service"),
        ("/agents/0/services/1", "unknown_service"),
        ("/defaults/services/0", "unknown_service"),
    ]
