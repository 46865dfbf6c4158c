"""A team's document as YAML means what it means as JSON."""

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from teams.actions.document_forms import FORMS, as_json, as_yaml

# What a document can hold: no NUL and no half of a surrogate pair is ever stored.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
TRICKY = ["no", "on", "null", "~", "1:30", "0x1F", "1e3", "2026-01-01", "=", "<<", "&a", "*a"]


@given(st.dictionaries(TEXTS, VALUES, max_size=5))
def test_yaml_and_json_read_back_are_the_same_document(document: dict[str, object]) -> None:
    assert yaml.safe_load(as_yaml(document).text) == json.loads(as_json(document).text) == document


@pytest.mark.parametrize(
    "text", [*TRICKY, "a: b", "- x", "# c", "two\nlines", "end \n", "\ttab", "\x85", "ção"]
)
def test_a_text_stays_a_text(text: str) -> None:
    assert yaml.safe_load(as_yaml({text: text}).text) == {text: text}


def test_a_text_of_several_lines_is_a_block_and_equal_values_are_written_out() -> None:
    same = {"a": [1]}
    text = as_yaml({"instructions": "First.\nThen.", "x": same, "y": same}).text

    assert "instructions: |-\n  First.\n  Then.\n" in text
    assert "&" not in text
    assert {name: form({}).suffix for name, form in FORMS.items()} == {"json": "json", "yaml": "yaml"}
