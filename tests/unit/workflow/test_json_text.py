"""Strict JSON: what is refused, with which code and where; the same for values that are parsed already."""

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from teams.workflow.json_text import (
    MAX_DEPTH,
    MAX_DOCUMENT_BYTES,
    MAX_ITEMS,
    JsonTextError,
    check_json_value,
    parse_json_text,
)
from teams.workflow.problems import JSON_CODES


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


@pytest.mark.parametrize(
    ("text", "code", "position"),
    [
        ("", "malformed_json", 0),
        ("{'a': 1}", "malformed_json", 1),
        ('{"a": 1,}', "malformed_json", 8),
        ('"open', "malformed_json", 0),
        ("[1] 2", "malformed_json", 4),
        ("01", "malformed_json", 1),
        ("\ufeff{}", "malformed_json", 0),
        (b"\xef\xbb\xbf{}", "malformed_json", 0),
        (b'["\xff"]', "malformed_json", 2),
        ("[1, NaN]", "not_finite", 4),
        ("-Infinity", "not_finite", 0),
        ("[1e400]", "not_finite", 1),
        ("-1E200000", "not_finite", 0),
        ("9007199254740993", "number_out_of_range", 0),
        ("[-9007199254740993]", "number_out_of_range", 1),
        ("9" * 5000, "number_out_of_range", 0),
        ('{"a": 1, "a": 1}', "duplicate_key", 9),
        ('{"a": 1, "\\u0061": 1}', "duplicate_key", 9),
        ('[{"x": {"a": 1, "b": [{}], "a": 2}}]', "duplicate_key", 27),
        ('["\\u0000"]', "nul_character", 1),
        ('{"a\\u0000": 1}', "nul_character", 1),
        ('"\\ud800"', "surrogate", 0),
        ('{"\\udc00x": 1}', "surrogate", 1),
        (nested(MAX_DEPTH + 1), "too_deep", MAX_DEPTH),
        ('{"a":' * 900 + "1" + "}" * 900, "too_deep", 5 * MAX_DEPTH),
        (nested(100_000), "too_deep", MAX_DEPTH),
        ("[" + "0," * MAX_ITEMS + "0]", "too_many_items", 2 * MAX_ITEMS),
        (" " * (MAX_DOCUMENT_BYTES - 1) + "{}", "too_large", None),
        ('"' + "é" * (MAX_DOCUMENT_BYTES // 2) + '"', "too_large", None),
    ],
)
def test_a_text_that_is_not_taken_is_refused_with_its_code_and_place(
    text: str | bytes, code: str, position: int | None
) -> None:
    with pytest.raises(JsonTextError) as raised:
        parse_json_text(text)

    assert (raised.value.code, raised.value.position) == (code, position)
    assert raised.value.message.endswith(".")


@pytest.mark.parametrize(
    "text",
    [
        "null",
        nested(MAX_DEPTH),
        "[" + "0," * (MAX_ITEMS - 1) + "0]",
        " " * (MAX_DOCUMENT_BYTES - 2) + "{}",
        "[9007199254740992, -9007199254740992, 1e308, -0.0, 1.5E-7]",
        '"\\ud83d\\ude00 [[[{{{ \\" NaN 1e400"',
        '{"a": {"a": {"a": ["a", "a"]}}, "b": "a", "A": "a"}',
        '{"": 0, "__proto__": 1, "constructor": 2}',
    ],
)
def test_a_text_at_the_limits_is_taken_as_it_stands(text: str) -> None:
    assert parse_json_text(text) == json.loads(text)
    assert parse_json_text(text.encode()) == json.loads(text)


@pytest.mark.parametrize(
    "text",
    [
        "[" * MAX_DOCUMENT_BYTES,
        '"\\"' * (MAX_DOCUMENT_BYTES // 3),
        '"' * MAX_DOCUMENT_BYTES,
        '{"":' * (MAX_DOCUMENT_BYTES // 4),
        "[" + "{}," * 16_000 + "1",
        "1" * MAX_DOCUMENT_BYTES,
        "-" * MAX_DOCUMENT_BYTES,
    ],
)
def test_a_hostile_text_is_refused_in_linear_time(text: str) -> None:
    begin = time.process_time()

    with pytest.raises(JsonTextError):
        parse_json_text(text)

    assert time.process_time() - begin < 0.2


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"a": [float("nan")]}, [("/a/0", "not_finite")]),
        ([float("-inf")], [("/0", "not_finite")]),
        ({"a~/b": 2**53 + 1}, [("/a~0~1b", "number_out_of_range")]),
        ({"a": "x\x00"}, [("/a", "nul_character")]),
        ({"x\x00": 1}, [("", "nul_character")]),
        (["\ud800"], [("/0", "surrogate")]),
        ({"a": {1, 2}}, [("/a", "wrong_type")]),
        ({1: 2}, [("", "wrong_type")]),
        ([0] * (MAX_ITEMS + 1), [("", "too_many_items")]),
        ({"ok": [1, 1.5, "é😀", None, True, {}, 2**53]}, []),
    ],
)
def test_a_parsed_value_is_refused_for_the_same_things(value: Any, found: list[tuple[str, str]]) -> None:
    assert [(problem.pointer, problem.code) for problem in check_json_value(value)] == found


def test_a_parsed_value_of_any_depth_is_refused_without_recursion() -> None:
    value: Any = []
    for _ in range(100_000):
        value = [value]

    found = check_json_value(value)

    assert [(problem.pointer, problem.code) for problem in found] == [("/0" * MAX_DEPTH, "too_deep")]
    while value:
        # Taken apart by hand: freeing so deep a value is not every interpreter's strength.
        value = value[0]


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")), inner)
    ),
    max_leaves=20,
)


@settings(deadline=None)
@given(JSON_VALUES, st.booleans())
def test_a_value_that_is_clean_comes_back_from_its_text(value: Any, ascii_only: bool) -> None:
    assert check_json_value(value) == ()
    assert parse_json_text(json.dumps(value, ensure_ascii=ascii_only)) == value


@settings(deadline=None)
@given(st.text() | st.text(alphabet='{}[]",:\\u0d8 1eNa-+.'))
def test_any_text_gives_a_clean_value_or_a_refusal_and_nothing_else(text: str) -> None:
    try:
        value = parse_json_text(text)
    except JsonTextError as error:
        code: str | None = error.code
    else:
        code = None
        assert check_json_value(value) == ()
        assert value == json.loads(text)

    assert code in {*JSON_CODES, None} - {"too_large", "too_deep", "too_many_items", "wrong_type"}
