"""Which step a name means (section 2), and where a step may be named (section 3)."""

import pytest

from teams.workflow.plan import Source
from tests.unit.workflow.checking import FROM_A, compared, plan_of, problems, step, workflow


def test_a_step_is_named_by_its_id_before_any_step_is_named_by_its_agent() -> None:
    plan = plan_of(workflow("graph", step("x", id="first"), step("y", id="x"), step("z", depends_on=["x"])))

    assert plan.step("z").depends == ("x",)
    assert plan.step("x").agent_id == "y"


def test_a_step_is_named_by_its_agent_where_it_is_the_only_one() -> None:
    plan = plan_of(workflow("graph", step("w", id="draft"), step("z", depends_on=["w"])))

    assert plan.step("z").sources == (Source(kind="agent_result", step="draft"),)


def test_the_key_step_takes_ids_only() -> None:
    document = workflow(
        "graph", step("w", id="draft"), step("z", input={"source": "agent_result", "step": "w"})
    )

    assert problems(document) == [("/agents/1/input/step", "unknown_reference")]


def test_an_agent_used_twice_needs_an_id_and_its_steps_are_named_by_step() -> None:
    document = workflow(
        "sequential",
        step("w", id="draft"),
        step("w", id="polish", input={"source": "agent_result", "step": "draft"}),
    )

    assert plan_of(document).step("polish").depends == ("draft",)
    assert problems(workflow("graph", step("w"), step("w"))) == [("/agents/1/agent_id", "duplicate_id")]
    assert problems(workflow("graph", step("w", id="i"), step("v", id="i"))) == [
        ("/agents/1/id", "duplicate_id")
    ]


def test_an_id_that_is_also_the_agent_of_others_is_not_ambiguous() -> None:
    plan = plan_of(workflow("graph", step("w"), step("w", id="again"), step("z", depends_on=["w"])))

    assert plan.step("z").depends == ("w",)


@pytest.mark.parametrize("bad", ["", " a", "-a", "a b", "é", "a/b", "a" * 129, "a\n", ".a"])
def test_an_id_outside_the_pattern_is_invalid(bad: str) -> None:
    assert problems(workflow("graph", step("a", id=bad))) == [("/agents/0/id", "invalid_id")]


@pytest.mark.parametrize("good", ["a", "0", "a" * 128, "A.b_c:d-e", "3f2c8a52-0000-4000-8000-000000000000"])
def test_an_id_of_the_pattern_is_taken(good: str) -> None:
    assert plan_of(workflow("graph", step(good))).steps[0].id == good


@pytest.mark.parametrize("kind", ["sequential", "pipeline"])
def test_a_chain_names_earlier_steps_only(kind: str) -> None:
    document = workflow(
        kind,
        step("b", input=FROM_A, conditions=[compared("agent_a_result.x")]),
        step("a", conditions=[compared("steps.a.data.x")]),
    )

    assert problems(document) == [
        ("/agents/0/input/agent_id", "forward_reference"),
        ("/agents/0/conditions/0/field", "forward_reference"),
        ("/agents/1/conditions/0/field", "self_reference"),
    ]


def test_a_graph_may_name_steps_further_down() -> None:
    plan = plan_of(workflow("graph", step("b", input=FROM_A), step("a")))

    assert plan.step("b").depends == ("a",)


def test_steps_of_a_parallel_workflow_name_nobody_and_have_no_conditions() -> None:
    document = workflow(
        "parallel",
        step("a"),
        step("b", input={"source": "combined", "sources": [{"type": "agent_result", "agent_id": "a"}]}),
        step("c", conditions=[], depends_on=["a"], join="all_done"),
        step("d", input={"source": "agent_result", "step": "d"}),
    )

    assert problems(document) == [
        ("/agents/1/input/sources/0/agent_id", "parallel_reference"),
        ("/agents/2/conditions", "unexpected_key"),
        ("/agents/2/depends_on", "unexpected_key"),
        ("/agents/2/join", "unexpected_key"),
        ("/agents/3/input/step", "self_reference"),
    ]


def test_a_context_key_that_is_a_steps_result_is_a_reference_to_that_step() -> None:
    by_key = step("b", input={"source": "context", "key": "agent_a_result"})
    plan = plan_of(workflow("graph", step("a"), by_key))

    assert plan.step("b").sources == (Source(kind="agent_result", step="a"),)
    assert plan.step("b").depends == ("a",)
    assert problems(workflow("parallel", step("a"), by_key)) == [
        ("/agents/1/input/key", "parallel_reference")
    ]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ({}, [("/source", "required")]),
        ({"source": "web"}, [("/source", "invalid_value")]),
        ({"source": "agent_result"}, [("/agent_id", "required")]),
        ({"source": "agent_result", "agent_id": "a", "step": "a"}, [("/agent_id", "unexpected_key")]),
        ({"source": "agent_result", "agent_id": 5}, [("/agent_id", "wrong_type")]),
        ({"source": "agent_result", "agent_id": ""}, [("/agent_id", "empty")]),
        ({"source": "agent_result", "agent_id": "a", "key": "k"}, [("/key", "unexpected_key")]),
        ({"source": "initial_prompt", "agent_id": "a"}, [("/agent_id", "unexpected_key")]),
        ({"source": "context"}, [("/key", "required")]),
        ({"source": "context", "key": ""}, [("/key", "empty")]),
        ({"source": "combined"}, [("/sources", "required")]),
        ({"source": "combined", "sources": []}, [("/sources", "empty")]),
        ({"source": "combined", "sources": {}}, [("/sources", "wrong_type")]),
        ({"source": "combined", "sources": [{}]}, [("/sources/0/type", "required")]),
        ({"source": "combined", "sources": [{"type": "combined"}]}, [("/sources/0/type", "invalid_value")]),
        (
            {"source": "combined", "sources": [{"type": "initial_prompt", "source": "initial_prompt"}]},
            [("/sources/0/source", "unexpected_key")],
        ),
        (
            {"source": "combined", "agent_id": "a", "sources": [{"type": "initial_prompt"}]},
            [("/agent_id", "unexpected_key")],
        ),
        (None, [("", "wrong_type")]),
        ("initial_prompt", [("", "wrong_type")]),
    ],
)
def test_an_input_that_is_not_of_its_form_is_refused(source: object, found: list[tuple[str, str]]) -> None:
    document = workflow("graph", step("a"), step("b", input=source))

    assert problems(document) == [("/agents/1/input" + pointer, code) for pointer, code in found]


def test_the_items_of_a_combined_input_say_type_or_source() -> None:
    plan = plan_of(
        workflow(
            "graph",
            step("a"),
            step(
                "b",
                input={
                    "source": "combined",
                    "sources": [
                        {"type": "agent_result", "agent_id": "a"},
                        {"source": "initial_prompt"},
                        {"source": "context", "key": "tone of voice"},
                    ],
                },
            ),
        )
    )

    assert plan.step("b").sources == (
        Source(kind="agent_result", step="a"),
        Source(kind="initial_prompt"),
        Source(kind="context", key="tone of voice"),
    )
