"""Whatever JSON comes in: a plan or problems, the same each time, and never an error."""

import copy
import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from teams.workflow.parsing import read_definition
from teams.workflow.plan import plan_from_json, plan_to_json
from teams.workflow.problems import JSON_CODES, PROBLEM_CODES, WARNING_CODES
from tests.unit.workflow.documents import broken_definitions, valid_definitions

WORDS = st.sampled_from(
    ["type", "agents", "agent_id", "input", "source", "conditions", "any", "field", "output", "schema", "x"]
)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | WORDS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=3), inner, max_size=5)
    ),
    max_leaves=25,
)


def check(document: Any) -> None:
    before = repr(document)

    checked = read_definition(document, known_agents={"s0"}, connection_limit=1, known_services={"openai"})
    again = read_definition(
        copy.deepcopy(document), known_agents={"s0"}, connection_limit=1, known_services={"openai"}
    )

    assert repr(document) == before
    assert checked == again
    assert (checked.plan is None) == bool(checked.problems)
    assert (checked.definition is None) == (checked.plan is None)
    assert {problem.code for problem in checked.problems} <= {*PROBLEM_CODES, *JSON_CODES}
    assert {warning.code for warning in checked.warnings} <= set(WARNING_CODES)
    for problem in (*checked.problems, *checked.warnings):
        json.dumps(problem.as_json(), allow_nan=False)
        assert problem.message.endswith((".", "?"))
    if checked.plan is not None:
        assert plan_from_json(json.loads(json.dumps(plan_to_json(checked.plan)))) == checked.plan


BIG_SCHEMA: Any = {"schema": {"properties": {f"k{n}": {} for n in range(600)}}}
HARD_PATTERN = {"field": "steps.s0.text", "operator": "matches"}


@pytest.mark.parametrize(
    "document",
    [
        {"agents": [{"agent_id": f"s{n}", "output": BIG_SCHEMA} for n in range(30)]},
        {
            "agents": [
                {"agent_id": "s0"},
                {
                    "agent_id": "s1",
                    "conditions": [{**HARD_PATTERN, "value": f"{n}[^x]{{999}}"} for n in range(1500)],
                },
            ]
        },
        {
            "agents": [{"agent_id": "s0", f"conditionz{n}": 1} for n in range(50)],
            **{f"k{n}": n for n in range(9000)},
        },
        {"agents": [{"agent_id": "s0", "conditions": [{"field": f"steps.x{n}.text"} for n in range(4000)]}]},
    ],
)
def test_a_hostile_definition_is_answered_in_about_a_second(document: Any) -> None:
    begin = time.process_time()

    checked = read_definition(document)

    assert checked.problems
    assert time.process_time() - begin < 3


@settings(deadline=None)
@given(ANY_JSON)
def test_any_json_gives_a_plan_or_problems(document: Any) -> None:
    check(document)


@settings(deadline=None)
@given(ANY_JSON, st.sampled_from(["sequential", "parallel", "graph"]))
def test_any_json_as_a_step_gives_a_plan_or_problems(document: Any, kind: str) -> None:
    check({"type": kind, "agents": [{"agent_id": "s0"}, document]})


@settings(max_examples=150, deadline=None)
@given(broken_definitions())
def test_a_broken_definition_gives_a_plan_or_problems(document: Any) -> None:
    check(document)


@settings(max_examples=100, deadline=None)
@given(valid_definitions())
def test_a_valid_definition_gives_a_plan_that_names_known_steps_only(document: Any) -> None:
    check(document)

    checked = read_definition(document)

    assert [problem.as_json() for problem in checked.problems] == []
    plan = checked.plan
    assert plan is not None
    order = [step.id for step in plan.steps]
    assert order == [step["agent_id"] for step in document["agents"]]
    assert plan.output_steps
    for step in plan.steps:
        assert list(step.depends) == sorted(step.depends, key=order.index)
        assert set(step.condition_steps) <= set(step.depends) <= set(order[: order.index(step.id)])
        assert (step.join is None) == plan.chain
        assert (step.else_group is None) == (
            document["agents"][order.index(step.id)].get("conditions") != "else"
        )
