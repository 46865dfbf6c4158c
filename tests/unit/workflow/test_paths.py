"""Paths: how they are split, which step they mean, and which are refused."""

import pytest

from teams.workflow.plan import Comparison, Path
from tests.unit.workflow.checking import compared, plan_of, problems, step, workflow

FIELD = "/agents/3/conditions/0/field"


def document(field: str) -> dict[str, object]:
    return workflow(
        "graph",
        step("agent-123", id="a"),
        step("b", id="a.data"),
        step("c.d_result", id="x"),
        step("last", conditions=[compared(field)]),
    )


@pytest.mark.parametrize(
    ("field", "root", "step_id", "segments"),
    [
        ("steps.a.text", "text", "a", ()),
        ("steps.a.status", "status", "a", ()),
        ("steps.a.data", None, None, ()),
        ("steps.x.data.items.0.name", "data", "x", ("items", "0", "name")),
        ("steps.a.data.data.k", "data", "a.data", ("k",)),
        ("agent_a_result", "result", "a", ()),
        ("agent_agent-123_result.category", "result", "a", ("category",)),
        ("agent_a.data_result.k", "result", "a.data", ("k",)),
        ("agent_c.d_result_result.k", "result", "x", ("k",)),
        ("context.customer.name", "context", None, ("customer", "name")),
        ("context.agent_a_result.k", "result", "a", ("k",)),
        ("context.agent_unknown_result", "context", None, ("agent_unknown_result",)),
        ("initial_prompt", "initial_prompt", None, ()),
        ("initial_prompt.0", "initial_prompt", None, ("0",)),
        ("steps.x.data.país.first name", "data", "x", ("país", "first name")),
        ("steps.x.data." + ".".join("k" * 17), "data", "x", tuple("k" * 17)),
    ],
)
def test_a_path_is_split_at_its_step_and_its_dots(
    field: str, root: str | None, step_id: str | None, segments: tuple[str, ...]
) -> None:
    if root is None:
        # "a.data" is a step too, and the longest known id wins: nothing is left to say which of its values.
        assert problems(document(field)) == [(FIELD, "invalid_path")]
        return
    (condition,) = plan_of(document(field)).step("last").conditions

    assert isinstance(condition, Comparison)
    assert condition.path == Path(text=field, root=root, step=step_id, segments=segments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "field",
    [
        "steps",
        "steps.",
        "steps.x",
        "steps.x.",
        "steps.x.result",
        "steps.x.data.",
        "steps.x.data..k",
        "steps..data",
        "steps.x.data[0]",
        "steps.x.data['k']",
        'steps.x.data."k"',
        "steps.x.data.{k}",
        "steps.x.data.keys()",
        "steps.x.data.*",
        "steps.x.data.__class__",
        "steps.x.__class__",
        "steps.x.data.k\n",
        "steps.x.data\u2024k",
        "steps.x.data\uff0ek",
        "steps.x.data\u3002k",
        "steps.x.data." + ".".join("k" * 18),
        "steps.unknown." + ".".join("k" * 200),
        "agent_a",
        "agent__result",
        "agent_a_result.",
        "agent_a_result..k",
        "context",
        "context.",
        "initial_prompt.",
        "category",
        "$.steps.x.data",
        "data.x",
        " steps.x.data",
    ],
)
def test_a_path_that_is_not_of_the_language_is_invalid(field: str) -> None:
    assert problems(document(field)) == [(FIELD, "invalid_path")]


@pytest.mark.parametrize(
    "field", ["steps.unknown.data.k", "steps.unknown", "agent_unknown_result", "agent_un.known_result.k"]
)
def test_a_path_to_a_step_that_is_not_there_is_an_unknown_reference(field: str) -> None:
    assert problems(document(field)) == [(FIELD, "unknown_reference")]


def test_a_path_by_an_agent_of_several_steps_is_ambiguous() -> None:
    doc = workflow(
        "graph",
        step("w", id="a"),
        step("w", id="b"),
        step("c", conditions=[compared("agent_w_result.k")]),
        output={"k": "agent_w_result.k"},
    )

    assert problems(doc) == [
        ("/agents/2/conditions/0/field", "ambiguous_reference"),
        ("/output/k", "ambiguous_reference"),
    ]


def test_paths_of_the_output_name_any_step_of_any_type() -> None:
    doc = workflow("parallel", step("a"), step("b"), output={"one": "steps.b.text", "two": "context.note"})
    plan = plan_of(doc)

    assert plan.output_steps == ("b",)
    assert plan.output is not None
    assert [(entry.name, entry.path.root) for entry in plan.output] == [("one", "text"), ("two", "context")]


@pytest.mark.parametrize(
    ("output", "found"),
    [
        ({}, [("/output", "empty")]),
        ([], [("/output", "wrong_type")]),
        ({"a b": "steps.a.text"}, [("/output/a b", "invalid_id")]),
        ({"x": 1}, [("/output/x", "wrong_type")]),
        ({"x": ""}, [("/output/x", "empty")]),
        (
            {"x": "steps.b.text", "y": "nothing"},
            [("/output/x", "unknown_reference"), ("/output/y", "invalid_path")],
        ),
    ],
)
def test_an_output_that_is_not_of_its_form_is_refused(output: object, found: list[tuple[str, str]]) -> None:
    assert problems(workflow("graph", step("a"), output=output)) == found
