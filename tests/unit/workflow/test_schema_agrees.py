"""The published JSON Schema and our own checks give the same verdict on every shape."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from teams.workflow import condition_parsing, retry_parsing, step_parsing
from teams.workflow.definition import MAX_STEPS, TYPES
from teams.workflow.parsing import DOCUMENT_KEYS, LIMIT_KEYS, read_definition
from teams.workflow.schema import workflow_schema
from tests.unit.workflow.documents import broken_definitions, valid_definitions
from tests.unit.workflow.test_problem_codes import CASES

MEANINGS = {
    "too_large",
    "duplicate_id",
    "unknown_reference",
    "ambiguous_reference",
    "self_reference",
    "forward_reference",
    "parallel_reference",
    "not_supported_yet",
    "cycle",
    "invalid_path",
    "invalid_regex",
    "unsupported_regex",
    "else_without_group",
    "invalid_schema",
}
"""Problems about what a document means; all other codes are about shapes, and a schema can tell."""


def ecma_pattern(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    """Read a pattern as the standard has it: $ is the very end, where Python's takes a last newline too."""
    if isinstance(instance, str) and not re.search(pattern.replace("$", r"\Z"), instance, re.ASCII):
        yield ValidationError("no match")


def validator() -> Draft202012Validator:
    whole = Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _checker, value: isinstance(value, int) and not isinstance(value, bool)
    )
    strict = extend(Draft202012Validator, {"pattern": ecma_pattern}, type_checker=whole)  # type: ignore[no-untyped-call]
    made: Draft202012Validator = strict(workflow_schema())
    return made


VALIDATOR = validator()


def shape_problems(document: Any) -> list[tuple[str, str]]:
    return [
        (problem.pointer, problem.code)
        for problem in read_definition(document).problems
        if problem.code not in MEANINGS and problem.params.get("reason") != "order"
    ]


def check_agreement(document: Any) -> None:
    refused = shape_problems(document)

    errors = [f"{list(error.absolute_path)}: {error.message}" for error in VALIDATOR.iter_errors(document)]

    assert bool(refused) == bool(errors), (refused, errors)


def test_the_schema_is_a_schema_and_says_what_it_is() -> None:
    schema = workflow_schema()

    Draft202012Validator.check_schema(schema)
    assert schema["$id"]
    assert schema["title"]
    assert schema["description"]
    schema.clear()
    assert workflow_schema()


def test_the_schema_lists_the_same_words_as_the_code() -> None:
    schema = workflow_schema()
    parts = schema["$defs"]

    assert tuple(schema["properties"]["type"]["enum"]) == TYPES
    assert schema["properties"]["agents"]["maxItems"] == MAX_STEPS
    assert set(schema["properties"]) == set(DOCUMENT_KEYS)
    assert set(schema["properties"]["limits"]["properties"]) == set(LIMIT_KEYS)
    assert set(schema["properties"]["defaults"]["properties"]) == set(step_parsing.DEFAULT_KEYS)
    assert set(parts["step"]["properties"]) == set(step_parsing.STEP_KEYS)
    assert tuple(parts["comparison"]["properties"]["operator"]["enum"]) == condition_parsing.OPERATORS
    codes = parts["retry"]["properties"]["on"]["items"]["enum"]
    assert tuple(codes) == retry_parsing.ATTEMPT_CODES


@pytest.mark.parametrize("code", CASES)
def test_the_schema_refuses_each_wrong_shape_and_no_wrong_meaning(code: str) -> None:
    document, _ = CASES[code]

    assert VALIDATOR.is_valid(document) == (code in MEANINGS)


@settings(max_examples=100, deadline=None)
@given(valid_definitions())
def test_the_schema_takes_every_valid_definition(document: Any) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(document)] == []


@settings(max_examples=300, deadline=None)
@given(broken_definitions())
def test_the_schema_and_the_checks_agree_on_a_broken_definition(document: Any) -> None:
    check_agreement(document)
