"""Each problem of a workflow has its sentence in both languages, with nothing left open in it."""

import ast
from pathlib import Path

import pytest
from django.utils.translation import override

from teams.wording.problems import WORDED_CODES, WORDED_KINDS, problem_words
from teams.workflow.parsing import read_definition
from teams.workflow.problems import JSON_CODES, PROBLEM_CODES, WARNING_CODES, Problem

WORKFLOW = Path(__file__).resolve().parents[3] / "teams" / "workflow"


def test_every_code_has_words() -> None:
    assert {*PROBLEM_CODES, *WARNING_CODES, *JSON_CODES} == WORDED_CODES


def test_every_kind_of_value_that_may_be_expected_has_words() -> None:
    said = {
        node.args[0].value
        for path in WORKFLOW.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "wrong_type"
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }

    assert said
    assert said <= WORDED_KINDS


@pytest.mark.parametrize("code", sorted({*PROBLEM_CODES, *WARNING_CODES, *JSON_CODES}))
def test_no_code_needs_parameters_to_be_said(code: str) -> None:
    with override("pt-br"):
        words = problem_words(Problem("", code, "The language's own sentence.", {}))

    assert words != "The language's own sentence."
    assert "%" not in words


def test_a_definition_full_of_problems_is_told_of_in_portuguese() -> None:
    definition = {
        "type": "graf",
        "colour": 1,
        "agents": [
            {"agent_id": "a", "timeout": "soon", "depends_on": ["b"]},
            {"agent_id": 5, "conditions": [{"field": "nothing", "operator": "is like", "value": 1}]},
            {"id": "a"},
        ],
    }
    problems = read_definition(definition).problems

    assert len({problem.code for problem in problems}) >= 5
    with override("pt-br"):
        for problem in problems:
            assert problem_words(problem) != problem.message, problem
            assert "%(" not in problem_words(problem)


def test_readers_of_english_get_the_sentence_that_tells_more() -> None:
    problem = Problem("", "invalid_schema", "The schema nests deeper than 3. Flatten it.")

    with override("en"):
        assert problem_words(problem) == problem.message
    with override("pt-br"):
        assert problem_words(problem) == (
            "Os campos esperados não estão descritos de um modo que se possa conferir."
        )
