"""The form loses nothing: a form that is sent as it stands leaves the document as it was."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teams.builder import apply_form, build_form, can_be_a_form
from tests.unit.builder.sending import sent_by
from tests.unit.workflow.documents import broken_definitions, valid_definitions

CONFORMANCE = sorted((Path(__file__).resolve().parents[2] / "conformance").glob("*.json"))
TEXTS = st.text(alphabet='a7 ,.:"\\-é\n\r\0', max_size=6)
PLAIN = st.sampled_from([None, True, 0, -3, 2.5, 1e300]) | TEXTS
ODD = PLAIN | st.lists(PLAIN, max_size=3) | st.dictionaries(TEXTS, PLAIN, max_size=3)
KEYS = st.sampled_from(
    [
        "agent_id",
        "id",
        "role",
        "instructions",
        "input",
        "conditions",
        "depends_on",
        "retry",
        "output",
        "timeout",
    ]
)


def as_text(document: Any) -> str:
    """Return the document with the order of its keys and the kinds of its numbers."""
    return json.dumps(document)


@pytest.mark.parametrize("path", CONFORMANCE, ids=lambda path: path.stem)
def test_each_case_of_the_engine_goes_through_the_form_unchanged(path: Path) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))["definition"]

    assert as_text(apply_form(document, sent_by(build_form(document)))) == as_text(document)


@given(valid_definitions())
def test_a_valid_document_goes_through_the_form_unchanged(document: Any) -> None:
    assert as_text(apply_form(document, sent_by(build_form(document)))) == as_text(document)


@given(broken_definitions())
def test_a_broken_document_goes_through_the_form_unchanged(document: Any) -> None:
    if can_be_a_form(document):
        assert as_text(apply_form(document, sent_by(build_form(document)))) == as_text(document)


@given(st.lists(st.dictionaries(KEYS, ODD, max_size=6), max_size=4))
def test_whatever_stands_in_a_step_goes_through_the_form_unchanged(steps: list[Any]) -> None:
    document = {"agents": steps}

    assert as_text(apply_form(document, sent_by(build_form(document)))) == as_text(document)


@given(valid_definitions(), TEXTS, st.integers(0, 5))
def test_a_changed_text_changes_that_text_alone(document: Any, typed: str, at: int) -> None:
    at %= len(document["agents"])
    changed = apply_form(document, sent_by(build_form(document), {f"s{at}-instructions": [typed]}))

    told = build_form(changed).steps[at].values["instructions"][0]
    assert told == typed.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    for step in (changed["agents"][at], document["agents"][at]):
        step.pop("instructions", None)
    assert changed == document
