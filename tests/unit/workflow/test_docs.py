"""docs/workflow.md: every example is what it says it is, and the tables list exactly what the code knows."""

import re
from pathlib import Path

import pytest

from teams.workflow.condition_parsing import OPERATORS
from teams.workflow.json_text import parse_json_text
from teams.workflow.problems import JSON_CODES, PROBLEM_CODES, WARNING_CODES
from teams.workflow.retry_parsing import ATTEMPT_CODES
from tests.unit.workflow.checking import problems

PAGE = (Path(__file__).parents[3] / "docs" / "workflow.md").read_text(encoding="utf-8")
BLOCKS = [
    (match["code"], match["text"])
    for match in re.finditer(
        r"(?:<!-- invalid: (?P<code>\w+) -->\n)?```json\n(?P<text>.*?)```", PAGE, re.DOTALL
    )
]


def table_under(title: str) -> list[str]:
    """Return the words in code quotes of the first column of the table whose second heading is `title`."""
    rows = PAGE.split(f"| {title} |\n", 1)[1].split("\n\n", 1)[0].splitlines()[1:]
    return [word for row in rows for word in re.findall(r"`(\w+)`", row.split("|")[1])]


def test_the_page_has_examples_of_both_kinds() -> None:
    assert PAGE.count("```json") == len(BLOCKS)
    assert PAGE.count("<!-- invalid:") == sum(1 for code, _ in BLOCKS if code)
    assert sum(1 for code, _ in BLOCKS if not code) >= 8


@pytest.mark.parametrize(("code", "text"), BLOCKS)
def test_an_example_is_a_whole_definition_or_has_the_one_problem_it_shows(
    code: str | None, text: str
) -> None:
    found = [found_code for _, found_code in problems(parse_json_text(text))]

    assert found == ([code] if code else [])


def test_the_tables_list_exactly_the_codes() -> None:
    assert table_under("What is wrong") == list(PROBLEM_CODES)
    assert table_under("What is wrong with the text") == list(JSON_CODES)
    assert table_under("What may go otherwise than you think") == list(WARNING_CODES)


def test_the_page_lists_exactly_the_operators_and_the_codes_of_attempts() -> None:
    assert table_under("`value` | Holds when") == list(OPERATORS)
    (sentence,) = re.findall(r"one of these codes: ([\w,\s]+)\.", PAGE)
    assert re.split(r",\s+", sentence) == list(ATTEMPT_CODES)


@pytest.mark.parametrize(
    "section",
    [
        "Types",
        "Input and prompt",
        "Conditions",
        "Joins",
        "Failure",
        "Result and answer",
        "Limits",
        "Problems",
    ],
)
def test_the_page_has_its_sections(section: str) -> None:
    assert f"\n## {section}\n" in PAGE
