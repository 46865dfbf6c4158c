"""Schemas for a step's output: which are accepted."""

import time
from typing import Any

import pytest

from teams.workflow.output_schema import MAX_REFERENCES
from tests.unit.workflow.checking import problems, step, workflow

AT = "/agents/0/output/schema"


def found(schema: Any) -> list[tuple[str, str]]:
    return problems(workflow("graph", step(output={"schema": schema})))


DOUBLING = {
    "$defs": {
        f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}, {"$ref": f"#/$defs/d{n + 1}"}]} for n in range(40)
    }
    | {"d40": True},
    "$ref": "#/$defs/d0",
}
TREE = {
    "$defs": {"node": {"type": "object", "properties": {"children": {"items": {"$ref": "#/$defs/node"}}}}},
    "$ref": "#/$defs/node",
}


@pytest.mark.parametrize(
    "schema",
    [
        True,
        {},
        {"type": "object"},
        {"type": ["string", "array"]},
        {"type": "object", "properties": {"type": {"const": "string"}, "$ref": {"type": "string"}}},
        {"enum": [1, {"a": 1}]},
        {"anyOf": [{"type": "string"}, {"type": "object"}]},
        {"not": {"type": "object"}},
        {"not": {"required": ["a"]}},
        {"const": [1]},
        {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": "http://[broken",
            "type": "object",
        },
        {"$ref": "#item", "$defs": {"i": {"$anchor": "item", "type": "array"}}},
        {"default": {"$ref": "http://elsewhere", "pattern": "(?=x)"}, "examples": [{"type": 5}]},
        {"properties": {"a b/c": {"$ref": "#/properties/d"}, "d": {}}},
        {"x-note": {"type": 5}},
        TREE,
    ],
)
def test_a_schema_that_may_admit_an_object_or_an_array_is_accepted(schema: Any) -> None:
    assert found(schema) == []


@pytest.mark.parametrize(
    ("schema", "pointer"),
    [
        (False, ""),
        ({"type": "string"}, ""),
        ({"type": ["number", "null"]}, ""),
        ({"const": 1}, ""),
        ({"enum": ["a", None]}, ""),
        ({"enum": []}, ""),
        ({"not": {}}, ""),
        ({"not": True}, ""),
        ({"not": {"type": ["object", "array"]}}, ""),
        ({"allOf": [{"type": "object"}, {"type": "array"}]}, ""),
        ({"anyOf": [{"type": "string"}, False]}, ""),
        ({"$ref": "#/$defs/s", "$defs": {"s": {"type": "string"}}}, ""),
        ({"type": "text"}, "/type"),
        ({"properties": {"n": {"minimum": "1"}}}, "/properties/n/minimum"),
        ({"required": "n"}, "/required"),
        ({"properties": []}, "/properties"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "/$schema"),
        ({"$ref": "https://example.org/schema"}, "/$ref"),
        ({"$ref": "#/$defs/gone"}, "/$ref"),
        ({"$ref": "#/title", "title": "x"}, "/$ref"),
        ({"$ref": "#/const", "const": {"type": 5}}, "/$ref"),
        ({"$ref": "#/type/0", "type": "object"}, "/$ref"),
        ({"properties": {"a": {"$id": "http://other/", "type": "object"}}}, "/properties/a/$id"),
        ({"$ref": "#"}, ""),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}, ""),
        (DOUBLING, ""),
        ({"allOf": [{"$ref": "#/$defs/a"}] * (MAX_REFERENCES + 1), "$defs": {"a": {}}}, ""),
        ({"unevaluatedProperties": False, "patternProperties": {"a": {}}}, ""),
        ({"unevaluatedItems": False, "$ref": "#/$defs/a", "$defs": {"a": {}}}, ""),
    ],
)
def test_a_schema_that_is_none_or_is_unsafe_or_admits_neither_is_refused(schema: Any, pointer: str) -> None:
    begin = time.process_time()

    assert found(schema) == [(AT + pointer, "invalid_schema")]
    assert time.process_time() - begin < 2


@pytest.mark.parametrize(
    ("schema", "pointer", "code"),
    [
        ({"properties": {"a": {"pattern": "("}}}, "/properties/a/pattern", "invalid_regex"),
        ({"items": {"pattern": "(?=x)"}}, "/items/pattern", "unsupported_regex"),
        ({"patternProperties": {"\\1(a)": {}}}, "/patternProperties/\\1(a)", "invalid_regex"),
    ],
)
def test_patterns_of_a_schema_are_re2_too(schema: Any, pointer: str, code: str) -> None:
    assert found(schema) == [(AT + pointer, code)]


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ({}, [("/agents/0/output/schema", "required")]),
        ([], [("/agents/0/output", "wrong_type")]),
        ({"schema": "object"}, [("/agents/0/output/schema", "wrong_type")]),
        ({"schema": {}, "repair": 1}, [("/agents/0/output/repair", "unknown_field")]),
    ],
)
def test_an_output_holds_one_schema(output: Any, expected: list[tuple[str, str]]) -> None:
    assert problems(workflow("graph", step(output=output))) == expected


def test_a_schema_that_chains_references_and_nesting_is_read_without_deep_recursion() -> None:
    inner: Any = {"type": "object"}
    parts: dict[str, Any] = {}
    for number in range(MAX_REFERENCES - 1):
        part: Any = {"$ref": f"#/$defs/d{number + 1}"}
        for _ in range(8):
            part = {"allOf": [part]}
        parts[f"d{number}"] = part
    schema = {"$ref": "#/$defs/d0", "$defs": parts | {f"d{MAX_REFERENCES - 1}": inner}}

    assert found(schema) == [(AT, "invalid_schema")]
    assert found({"$ref": f"#/$defs/d{MAX_REFERENCES - 5}", "$defs": schema["$defs"]}) == [
        (AT, "invalid_schema")
    ]
    assert found({"$defs": {"leaf": inner}, "allOf": [{"allOf": [{"$ref": "#/$defs/leaf"}]}]}) == []
