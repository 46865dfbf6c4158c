"""Reading answers (language, section 6): where the data is found, what is refused, and how long it takes."""

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from executions.engine.json_scan import JsonScan
from executions.engine.results import MAX_DATA_BYTES, clean_text, read_result

LARGE = 1024 * 1024


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ('{"a": 1}', {"a": 1}),
        ("  [1, 2]\n", [1, 2]),
        ('Sure!\n```json\n{"a": 1}\n```\nHope it helps.', {"a": 1}),
        ('Sure: ```json {"a": 1}``` as asked', {"a": 1}),
        ('Sure: ```json{"a": 1}```', {"a": 1}),
        ('```JSON\n{"a": 1}\n```', {"a": 1}),
        ('``` json\n{"a": 1}\n```', {"a": 1}),
        ('```json title="x"\n{"a": 1}\n```', {"a": 1}),
        ('````json\n{"a": 1}\n````', {"a": 1}),
        ('```json\n{"a": 1}\n```\n```json\n{"b": 2}\n```', {"b": 2}),
        ('```json\n{"a": 1}\n```\n```json\n{broken\n```', {"a": 1}),
        ('```json\n{"a": 1}\n```\n```\n{"b": 2, "longer": true}\n```', {"a": 1}),
        ('```\n{"a": 1}\n```\n```text\n{"b": 2}\n```', {"b": 2}),
        ('```json\nnot json\n```\n```\n[1]\n```\n{"longer": "than that"}', [1]),
        ('```json\n{"code": "```py\\nx\\n```"}\n```', {"code": "```py\nx\n```"}),
        ('use ``` to fence: ```json\n{"a": 1}\n```', {"a": 1}),
        ('```json\n{"a": 1}\n', {"a": 1}),
        ('```json\n3\n```\nand {"a": 1}', {"a": 1}),
        ('He said {"a": 1} and then {"b": 2, "c": 3}.', {"b": 2, "c": 3}),
        ('first {"a": 1} then {"b": 2}', {"a": 1}),
        ('{not json {"a": 1} }', {"a": 1}),
        ('a " quote and {"a": 1}', {"a": 1}),
        ('["abc {"a": 1}"]', {"a": 1}),
        ('["x {"k": 1}", ["y {"k": [1, 2]}"]', {"k": [1, 2]}),
        ('{"a": NaN, "b": {"c": 1}}', {"c": 1}),
        ('{"a": Infinity}', None),
        ('{"a": 1e999}', None),
        ("[-Infinity]", None),
        ('"just a string"', None),
        ("42", None),
        ("null", None),
        ("It is technical, I think.", None),
        ("{'a': 1}", None),
        ('{"a": 1,}', None),
        ('{"a": "\\u0000\\ud800"}', {"a": "��"}),
        ('{"a": "\\ud83d\\ude00"}', {"a": "😀"}),
        ("{}", {}),
        ("an empty [] list", []),
        ('{"a": 1} {"b": [1, 2, 3]}', {"b": [1, 2, 3]}),
    ],
)
def test_data_is_the_first_place_that_works(text: str, data: Any) -> None:
    assert read_result(text) == (text, data)


def test_what_the_agent_submitted_comes_before_its_text() -> None:
    assert read_result('{"a": 1}', {"b": 2}) == ('{"a": 1}', {"b": 2})


@pytest.mark.parametrize("structured", ["text", 3, None, True, {"a": float("nan")}, {"a": {1, 2}}])
def test_text_is_read_when_what_was_submitted_is_no_object_or_array(structured: Any) -> None:
    assert read_result('{"a": 1}', structured)[1] == {"a": 1}


@pytest.mark.parametrize("text", [None, "", " \n\t "])
def test_white_space_only_is_no_text(text: str | None) -> None:
    assert read_result(text) == (None, None)


def nest(depth: int) -> str:
    return "[" * depth + "]" * depth


def test_depth_32_is_read_and_what_is_deeper_is_not_data_as_a_whole() -> None:
    assert read_result(nest(32))[1] == json.loads(nest(32))
    assert read_result(nest(33))[1] == json.loads(nest(32))
    assert read_result(None, json.loads(nest(33)))[1] is None


def test_10000_deep_data_raises_nothing() -> None:
    deep: Any = []
    for _ in range(10_000):
        deep = [deep]

    assert read_result("text", deep) == ("text", None)


def test_data_over_one_mebibyte_is_not_read() -> None:
    fits = '{"a": "' + "x" * (MAX_DATA_BYTES - 9) + '"}'

    assert len(fits) == MAX_DATA_BYTES
    assert read_result(fits)[1] is not None
    assert read_result(fits.replace("x", "xx", 1))[1] is None
    assert read_result(fits.replace("x", "é", 1))[1] is None
    assert read_result(None, {"a": "x" * MAX_DATA_BYTES})[1] is None


def test_a_small_object_is_found_in_a_text_over_one_mebibyte() -> None:
    assert read_result("word " * LARGE + '{"a": 1}')[1] == {"a": 1}


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [("plain ‏ é 😀", "plain ‏ é 😀"), ("a\x00b", "a�b"), ("a\ud800b\udfff", "a�b�")],
)
def test_only_what_cannot_be_stored_is_replaced(text: str, cleaned: str) -> None:
    assert clean_text(text) == (cleaned, text != cleaned)
    assert read_result(text)[0] == cleaned


@pytest.mark.parametrize(
    "unit",
    [
        "{",
        "[",
        "[]",
        '{"a":',
        "[1,",
        '["',
        '{"',
        '["\\',
        '\\"[',
        "```",
        "```json",
        "```json[",
        '```["',
        "{ ",
        "` ",
    ],
)
@pytest.mark.parametrize("end", ["", "]", "}"])
def test_a_hostile_mebibyte_is_read_in_linear_time(unit: str, end: str) -> None:
    def seconds(size: int) -> float:
        text = unit * (size // len(unit)) + end
        began = time.process_time()
        read_result(text)
        return time.process_time() - began

    # A square would take sixteen times as long; the floor keeps noise out of the ratio.
    assert seconds(LARGE) < 10 * max(seconds(LARGE // 4), 0.05)


def brute_force(text: str) -> str | None:
    """Try every piece of the text, longest first and of equals the first."""
    for size in range(len(text), 1, -1):
        for start in range(len(text) - size + 1):
            piece = text[start : start + size]
            if piece[0] not in "[{" or piece[-1] not in "]}":
                continue
            try:
                json.loads(piece, parse_constant=lambda name: 1 / 0)
            except (ValueError, ZeroDivisionError):
                continue
            return piece
    return None


@settings(max_examples=600, deadline=None)
@given(st.lists(st.sampled_from([*'[]{}",:\\ 1-\n', '"a"', '"k":', "true", "1.5", "```"]), max_size=22))
def test_the_scan_finds_what_trying_every_piece_finds(tokens: list[str]) -> None:
    text = "".join(tokens)

    found = JsonScan(text).find_longest(max_depth=32, max_bytes=LARGE)

    assert (None if found is None else text[found[0] : found[1]]) == brute_force(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON, st.sampled_from(["{}", "Sure: ```json\n{}\n``` done", "Here `it` is, ok?\n{}\n"]))
def test_an_object_comes_back_whatever_it_is_wrapped_in(value: Any, wrapping: str) -> None:
    wrapped = {"value": value}

    _, data = read_result(wrapping.replace("{}", json.dumps(wrapped)))

    assert json.dumps(data).replace("\\ufffd", "?") == json.dumps(read_result(None, wrapped)[1]).replace(
        "\\ufffd", "?"
    )


@given(st.text(st.characters(codec=None)), JSON)
def test_no_text_and_no_value_raises_and_both_can_be_stored(text: str, structured: Any) -> None:
    read, data = read_result(text, structured)

    (read or "").encode("utf-8")
    assert "\x00" not in (read or "")
    stored = json.dumps(data, ensure_ascii=False, allow_nan=False)
    assert "\\u0000" not in stored.replace("\\\\", "")
    stored.encode("utf-8")
