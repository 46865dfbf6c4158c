"""Checking data against a step's schema: right, and bounded whatever the agent returns."""

import time
from typing import Any

import pytest

from executions.engine.output_schema import find_violation

POINT = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer", "minimum": 0}}}
TREE = {
    "$ref": "#/$defs/node",
    "$defs": {
        "node": {
            "anyOf": [
                {"properties": {"c": {"$ref": "#/$defs/node"}}, "required": ["x"]},
                {"properties": {"c": {"$ref": "#/$defs/node"}}},
            ]
        }
    },
}


@pytest.mark.parametrize(
    ("schema", "data"),
    [
        (POINT, {"n": 3}),
        (POINT, {"n": 3.0, "other": None}),
        ({"items": {"pattern": "^a"}}, ["ab", "ac"]),
        ({"patternProperties": {"^x": {"type": "integer"}}, "additionalProperties": False}, {"x1": 1}),
        ({"uniqueItems": True}, [1, "1", True, [1], {"a": 1}]),
        ({"properties": {"a": True}, "unevaluatedProperties": False}, {"a": 1}),
        (TREE, {"c": {"c": {}}}),
        ({"$id": "not a url at all", "$ref": "#/$defs/x", "$defs": {"x": {"type": "object"}}}, {}),
        (True, {}),
    ],
)
def test_data_that_keeps_the_schema_has_no_violation(schema: Any, data: Any) -> None:
    assert find_violation(schema, data) is None


@pytest.mark.parametrize(
    ("schema", "data", "pointer"),
    [
        (POINT, None, ""),
        (POINT, {}, ""),
        (POINT, {"n": -1}, "/n"),
        (POINT, {"n": True}, "/n"),
        ({"properties": {"a/b~c": {"items": {"type": "string"}}}}, {"a/b~c": ["x", 1]}, "/a~1b~0c/1"),
        ({"items": {"pattern": "^a"}}, ["b"], "/0"),
        ({"patternProperties": {"^x": {"type": "integer"}}}, {"x1": "1"}, "/x1"),
        ({"patternProperties": {"^x": True}, "additionalProperties": False}, {"y": 1}, ""),
        ({"properties": {"a": True}, "additionalProperties": {"type": "null"}}, {"b": 1}, "/b"),
        ({"uniqueItems": True}, [1, 1.0], ""),
        ({"uniqueItems": True}, [{"a": [1]}, {"a": [1.0]}], ""),
        ({"properties": {"a": True}, "unevaluatedProperties": False}, {"b": 1}, ""),
        (False, {}, ""),
    ],
)
def test_violation_says_where_and_why(schema: Any, data: Any, pointer: str) -> None:
    violation = find_violation(schema, data)

    assert violation is not None
    assert violation.pointer == pointer
    assert 0 < len(violation.message) <= 301


@pytest.mark.parametrize(
    ("schema", "data"),
    [
        ({"$ref": "https://example.com/schema.json"}, {}),
        ({"$ref": "#/$defs/gone"}, {}),
        ({"$ref": "#"}, {}),
        ({"properties": {"a": {"pattern": "(?=x)"}}}, {"a": "x"}),
        ({"properties": {"a": {"multipleOf": 0.5}}}, {"a": 10**400}),
    ],
)
def test_what_cannot_be_checked_is_a_violation_and_no_error(schema: Any, data: Any) -> None:
    assert find_violation(schema, data) is not None


def tree(depth: int) -> Any:
    data: Any = {}
    for _ in range(depth):
        data = {"c": data}
    return data


@pytest.mark.parametrize(
    ("schema", "data"),
    [
        (TREE, tree(31)),
        ({"items": {"type": "integer"}}, [1] * 500_000),
        ({"properties": {"a": {"pattern": "(a+)+$"}}}, {"a": "a" * 5_000 + "b"}),
        ({"patternProperties": {"(a+)+$": False}}, {"a" * 5_000 + "b": 1}),
        ({"properties": {}, "unevaluatedProperties": False}, {str(key): key for key in range(100_000)}),
    ],
    ids=["doubling references", "many items", "pattern", "pattern of keys", "many keys"],
)
def test_hostile_data_is_checked_or_refused_in_seconds(schema: Any, data: Any) -> None:
    began = time.process_time()

    find_violation(schema, data)

    assert time.process_time() - began < 5


def test_unique_items_is_checked_in_linear_time_when_types_are_mixed() -> None:
    items = [number if number % 2 else str(number) for number in range(200_000)]
    began = time.process_time()

    assert find_violation({"uniqueItems": True}, items) is None
    assert find_violation({"uniqueItems": True}, [*items, 1]) is not None
    assert time.process_time() - began < 5
