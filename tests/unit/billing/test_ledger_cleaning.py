"""Whatever a service reports, the ledger's row can be written."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.ledger.cleaning import clean_count, clean_json, clean_key, clean_text, text_facts
from billing.pricing import MAX_TOKENS

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters()), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize("count", [0, 1, MAX_TOKENS])
def test_a_possible_count_stays(count):
    assert clean_count(count) == count


@pytest.mark.parametrize(
    "count", [None, -1, MAX_TOKENS + 1, 10**30, 1.0, float("nan"), True, "12", b"1", [1]]
)
def test_what_cannot_be_a_count_is_not_reported(count):
    assert clean_count(count) is None


def test_nul_and_lone_surrogates_are_replaced():
    assert clean_text("a\x00b\ud800c\udfffd é") == "a\ufffdb\ufffdc\ufffdd é"


def test_a_name_that_is_too_long_becomes_its_hash_and_two_stay_two():
    first, second = clean_key("x" * 300 + "1", max_chars=200), clean_key("x" * 300 + "2", max_chars=200)

    assert first != second
    assert first.startswith("sha256:")
    assert len(first) <= 200


@given(json_values)
def test_any_json_value_becomes_strict_json_without_nul_or_surrogate(value):
    written = json.dumps(clean_json(value), allow_nan=False, ensure_ascii=False)

    assert "\\u0000" not in written
    written.encode()


def test_a_value_too_deep_or_too_large_is_cut_and_says_so():
    deep: list[object] = []
    for _ in range(5_000):
        deep = [deep]

    assert "too deep" in json.dumps(clean_json(deep))
    assert clean_json(10**5_000) == "integer out of range"
    assert clean_json(float("inf")) == "not a finite number: inf"
    assert clean_json({"at": object()}) == {"at": "not JSON: object"}
    assert len(clean_json(list(range(100_000)))) == 200


def test_text_facts_tell_length_and_hash_of_utf8():
    facts = text_facts("é")

    assert facts == {
        "bytes": 2,
        "sha256": "4a99557e4033c3539de2eb65472017cad5f9557f7a0625a09f1c3f6e2ba69c4c",
    }
    assert text_facts(None) == {"bytes": None, "sha256": None}
