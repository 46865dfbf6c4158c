"""Conditions: operators and their values, nesting, else."""

from typing import Any

import pytest

from teams.workflow.condition_parsing import MAX_NESTING, OPERATORS
from teams.workflow.plan import AllOf, AnyOf, Comparison, Not
from tests.unit.workflow.checking import compared, conditional, plan_of, problems, step, workflow

AT = "/agents/1/conditions/0"
GOOD_VALUES: dict[str, list[Any]] = {
    "equals": [1, "x", None, True, [1], {"a": 1}],
    "not_equals": [None],
    "in": [[], [1, "x"]],
    "not_in": [["x"]],
    "contains": ["x", 1, None],
    "not_contains": [{"a": 1}],
    "starts_with": ["", "x"],
    "ends_with": ["x"],
    "matches": ["^a+$", "(a+)+$", "(?i)é", "\\d{1,500}", ""],
    "gt": [0, -1.5, "2026-03-01"],
    "gte": ["2026-03-01T10:00Z"],
    "lt": ["2026-03-01 10:00:00.25+02:00"],
    "lte": [2],
    "between": [[1, 2], [1, 1], ["2026-01-01", "2026-12-31T23:59:59"]],
    "exists": [],
    "not_exists": [],
    "is_empty": [],
    "is_true": [],
}
BAD_VALUES: dict[str, list[Any]] = {
    "in": ["x", None, {}],
    "not_in": [1],
    "starts_with": [1, None],
    "ends_with": [["x"]],
    "matches": [1, None],
    "gt": [True, None, "x", "2026-13-01", "20260301", "2026-03-01T25:00", [1]],
    "gte": [{}],
    "lt": ["\u0662\u0660\u0662\u0666-01-01"],
    "lte": [False],
    "between": [1, [1], [1, 2, 3], [1, "2026-01-01"], [2, 1], ["2026-02-01", "2026-01-01"], [True, 2]],
}


@pytest.mark.parametrize(
    ("operator", "value"), [(name, value) for name, values in GOOD_VALUES.items() for value in values]
)
def test_a_value_that_an_operator_takes_is_kept_as_it_is(operator: str, value: Any) -> None:
    plan = plan_of(conditional(compared("steps.a.data.k", operator, value=value)))

    (condition,) = plan.step("b").conditions
    assert isinstance(condition, Comparison)
    assert (condition.operator, condition.value) == (operator, value)


@pytest.mark.parametrize(
    ("operator", "value"), [(name, value) for name, values in BAD_VALUES.items() for value in values]
)
def test_a_value_that_an_operator_cannot_take_is_invalid(operator: str, value: Any) -> None:
    document = conditional(compared("steps.a.data.k", operator, value=value))

    assert problems(document) == [(AT + "/value", "invalid_value")]


def test_the_tables_name_every_operator() -> None:
    assert set(GOOD_VALUES) == set(OPERATORS)
    assert len(OPERATORS) == 18


@pytest.mark.parametrize("operator", ["exists", "not_exists", "is_empty", "is_true"])
def test_an_operator_without_a_value_takes_none(operator: str) -> None:
    assert problems(conditional(compared("steps.a.data.k", operator))) == []
    assert problems(conditional(compared("steps.a.data.k", operator, value=True))) == [
        (AT + "/value", "unexpected_key")
    ]


def test_case_is_ignored_unless_the_condition_says_otherwise() -> None:
    plan = plan_of(
        conditional(compared("steps.a.text"), compared("steps.a.text", value="x", ignore_case=False))
    )

    assert [item.ignore_case for item in plan.step("b").conditions if isinstance(item, Comparison)] == [
        True,
        False,
    ]


@pytest.mark.parametrize("operator", ["matches", "gt", "exists"])
def test_ignore_case_is_refused_where_it_would_not_be_obeyed(operator: str) -> None:
    item = compared("steps.a.text", operator, ignore_case=False)
    if operator != "exists":
        item["value"] = "2026-01-01"

    assert problems(conditional(item)) == [(AT + "/ignore_case", "unexpected_key")]


@pytest.mark.parametrize(
    ("item", "found"),
    [
        ({}, [("/field", "required"), ("/operator", "required")]),
        ({"field": "steps.a.text", "operator": "equals"}, [("/value", "required")]),
        ({"field": "", "operator": "exists"}, [("/field", "empty")]),
        ({"field": 1, "operator": 2}, [("/field", "wrong_type"), ("/operator", "wrong_type")]),
        ({"any": []}, [("/any", "empty")]),
        ({"all": {}}, [("/all", "wrong_type")]),
        ({"not": []}, [("/not", "wrong_type")]),
        ({"not": {"any": [{"all": [5]}]}}, [("/not/any/0/all/0", "wrong_type")]),
        (
            {"any": [compared("steps.a.text")], "field": "x", "not": {}},
            [("/field", "unexpected_key"), ("/not", "unexpected_key")],
        ),
        (compared("steps.a.text", ignore_case=1), [("/ignore_case", "wrong_type")]),
        (compared("steps.a.text", values=1), [("/values", "unknown_field")]),
        ("else", [("", "wrong_type")]),
    ],
)
def test_an_item_that_is_not_of_its_form_is_refused(item: Any, found: list[tuple[str, str]]) -> None:
    assert problems(conditional(item)) == [(AT + pointer, code) for pointer, code in found]


@pytest.mark.parametrize(
    ("pattern", "code"),
    [
        ("(", "invalid_regex"),
        ("[a", "invalid_regex"),
        ("a**", "invalid_regex"),
        ("(?=x)", "unsupported_regex"),
        ("(a)\\1", "unsupported_regex"),
        ("(?P<n>a)(?P=n)", "unsupported_regex"),
        ("a{1001}", "unsupported_regex"),
        ("(" * 2000 + ")" * 2000, "unsupported_regex"),
        ("a" * 10_000, "unsupported_regex"),
        ("(a?){500}(b?){400}x$", "unsupported_regex"),
        ("(" * 120 + "\\1" + ")" * 120, "invalid_regex"),
    ],
)
def test_a_pattern_that_re2_does_not_take_is_refused(pattern: str, code: str) -> None:
    document = conditional(compared("steps.a.text", "matches", value=pattern))

    assert problems(document) == [(AT + "/value", code)]


def wrapped(levels: int, kind: str) -> dict[str, Any]:
    item: dict[str, Any] = compared("steps.a.data.k")
    for _ in range(levels):
        item = {kind: item if kind == "not" else [item]}
    return item


@pytest.mark.parametrize("kind", ["any", "all", "not"])
def test_conditions_nest_ten_deep_and_no_deeper(kind: str) -> None:
    assert problems(conditional(wrapped(MAX_NESTING, kind))) == []

    ((pointer, code),) = problems(conditional(wrapped(MAX_NESTING + 1, kind)))
    assert code == "too_large"
    assert pointer.count(f"/{kind}") == MAX_NESTING


def test_groups_are_compiled_as_they_nest() -> None:
    one, two = compared("steps.a.data.k"), compared("steps.a.data.l")
    plan = plan_of(conditional({"any": [one, {"all": [two, {"not": one}]}]}))

    (condition,) = plan.step("b").conditions
    assert isinstance(condition, AnyOf)
    assert isinstance(condition.items[0], Comparison)
    assert isinstance(condition.items[1], AllOf)
    assert isinstance(condition.items[1].items[1], Not)
    assert plan.step("b").condition_steps == ("a",)


def test_an_else_closes_the_steps_with_conditions_since_the_last_else() -> None:
    listed = [compared("steps.k.data.c")]
    plan = plan_of(
        workflow(
            "conditional",
            step("k"),
            step("a", conditions=listed),
            step("plain"),
            step("b", conditions=listed),
            step("e1", conditions="else"),
            step("c", conditions=listed),
            step("e2", conditions="else"),
        )
    )

    assert {item.id: item.else_group for item in plan.steps if item.else_group is not None} == {
        "e1": ("a", "b"),
        "e2": ("c",),
    }
    assert plan.step("e1").depends == ()
    assert "a" in plan.output_steps


@pytest.mark.parametrize("kind", ["sequential", "graph", "conditional"])
def test_an_else_without_steps_before_it_is_refused(kind: str) -> None:
    document = workflow(
        kind,
        step("k"),
        step("a", conditions=[compared("steps.k.data.c")]),
        step("e1", conditions="else"),
        step("e2", conditions="else"),
    )

    assert problems(document) == [("/agents/3/conditions", "else_without_group")]


@pytest.mark.parametrize(
    ("conditions", "code"), [("otherwise", "invalid_value"), ({}, "wrong_type"), (None, "wrong_type")]
)
def test_conditions_are_a_list_or_else(conditions: Any, code: str) -> None:
    assert problems(workflow("graph", step(conditions=conditions))) == [("/agents/0/conditions", code)]


def test_an_empty_list_of_conditions_is_no_conditions() -> None:
    plan = plan_of(workflow("graph", step(conditions=[])))

    assert plan.steps[0].conditions == ()
