"""The block in which an agent tells its team something: what is read and refused, and that nothing raises."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from executions.engine.context_merge import MergeConflict, merge_value
from executions.engine.results import clean_text
from executions.engine.team_block import Change, Said, TeamBlock, read_team_block
from teams.workflow.plan import Json


def read(text: str) -> TeamBlock | None:
    return read_team_block(text, max_messages=3, max_text_bytes=100)


def fenced(value: Json) -> str:
    written = value if isinstance(value, str) else json.dumps(value)
    return f"Before.\n\n```renum-team\n{written}\n```\n\nBehind."


def mistakes(value: Json) -> list[tuple[str, str]]:
    block = read(fenced(value))
    assert block is not None
    assert block.answer == fenced(value) if block.mistakes else True
    assert block.messages == () or not block.mistakes
    return [(one.pointer, one.code) for one in block.mistakes]


def test_a_block_is_taken_out_of_its_answer_and_read() -> None:
    block = read(
        fenced(
            {
                "messages": [
                    {"text": "Hear, all."},
                    {"to": "analyst", "text": "How many?", "timeout": "10m", "default": "none"},
                    {"reply_to": "3f9ac21b07d4", "text": "Three."},
                ],
                "context": [{"key": "sum", "value": 3, "merge": "max"}, {"key": "note", "value": None}],
                "result": {"found": 3},
            }
        )
    )

    assert block == TeamBlock(
        answer="Before.\n\nBehind.",
        messages=(
            Said(text="Hear, all."),
            Said(text="How many?", to="analyst", timeout_s=600, default="none"),
            Said(text="Three.", reply_to="3f9ac21b07d4"),
        ),
        changes=(Change(key="sum", value=3, merge="max"), Change(key="note", value=None)),
        result={"found": 3},
    )


@pytest.mark.parametrize(
    "text", ["", "Hello.", "```json\n{}\n```", "say ```renum-team here", "```renum-team-x\n{}\n```"]
)
def test_an_answer_without_a_block_is_left_alone(text: str) -> None:
    assert read(text) is None


@pytest.mark.parametrize(
    "text", ["```renum-team\r\n{}\r\n```", "````renum-team  \n{}\n````  ", "  ``` renum-team\n{}\n  ```"]
)
def test_a_fence_may_be_written_in_any_usual_way(text: str) -> None:
    assert read(text) == TeamBlock(answer="")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("{", [("", "malformed_json")]),
        ("[]", [("", "wrong_type")]),
        ('{"messages": NaN}', [("", "not_finite")]),
        ('{"a": 1, "a": 2}', [("", "duplicate_key")]),
        ('{"result": {"a": "\\u0000"}}', [("", "nul_character")]),
        ('{"result": {"a": "\\ud800"}}', [("", "surrogate")]),
        ("[" * 10_000 + "]" * 10_000, [("", "too_deep")]),
        ('{"result": {"a": "' + "x" * 5_000_000 + '"}}', [("", "too_large")]),
        ({"plan": {}}, [("", "unknown_field")]),
        ({"messages": {}}, [("/messages", "wrong_type")]),
        ({"messages": [{"text": "a"}] * 4}, [("/messages", "too_many_messages")]),
        ({"messages": ["a"]}, [("/messages/0", "wrong_type")]),
        ({"messages": [{"to": "a"}]}, [("/messages/0/text", "required")]),
        ({"messages": [{"text": " "}]}, [("/messages/0/text", "required")]),
        ({"messages": [{"text": "é" * 51}]}, [("/messages/0/text", "too_large")]),
        ({"messages": [{"text": "a", "to": 5}]}, [("/messages/0/to", "wrong_type")]),
        ({"messages": [{"text": "a", "agent_id": "b"}]}, [("/messages/0", "unknown_field")]),
        ({"messages": [{"text": "a", "timeout": "25h"}]}, [("/messages/0/timeout", "out_of_range")]),
        ({"messages": [{"text": "a", "timeout": 10**400}]}, [("", "number_out_of_range")]),
        ({"messages": [{"text": "a", "default": "b"}]}, [("/messages/0/default", "unexpected_key")]),
        ({"messages": [{"text": "a", "reply_to": "b", "to": "c"}]}, [("/messages/0/to", "unexpected_key")]),
        ({"context": [{"key": "a"}]}, [("/context/0/value", "required")]),
        ({"context": [{"key": "", "value": 1}]}, [("/context/0/key", "required")]),
        ({"context": [{"key": "a b", "value": 1}]}, [("/context/0/key", "invalid_key")]),
        ({"context": [{"key": "agent_x_result", "value": 1}]}, [("/context/0/key", "reserved_key")]),
        ({"context": [{"key": "a", "value": 1, "merge": "add"}]}, [("/context/0/merge", "invalid_value")]),
        ({"context": [{"key": "a", "value": 1, "merge": []}]}, [("/context/0/merge", "invalid_value")]),
        ({"context": [{"key": "a", "value": 1}] * 51}, [("/context", "too_many_changes")]),
        ({"result": "text"}, [("/result", "wrong_type")]),
    ],
)
def test_a_block_with_a_mistake_counts_for_nothing_and_says_where(
    value: Json, found: list[tuple[str, str]]
) -> None:
    assert mistakes(value) == found


def test_an_open_block_and_a_second_block_are_mistakes() -> None:
    for text, code in (
        ("```renum-team\n{}", "not_closed"),
        ("```renum-team\n{}\n```\n```renum-team\n{}\n```", "several_blocks"),
    ):
        block = read(text)
        assert block is not None
        assert [one.code for one in block.mistakes] == [code]
        assert block.answer == text


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["messages", "context", "result", "text", "to", "key", "value", "merge", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None)
@given(JSON_VALUES)
def test_no_block_raises_and_none_is_read_in_part(value: Json) -> None:
    block = read(clean_text(fenced(json.dumps(value)))[0])

    assert block is not None
    assert not block.mistakes or (block.messages, block.changes, block.result) == ((), (), None)


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet=st.sampled_from('` \n\r\t{}[]"renum-team:,1\\'), max_size=200))
def test_no_text_raises(text: str) -> None:
    read(text)


def test_reading_takes_time_in_proportion_to_the_answer() -> None:
    for odd in ("```renum-team\n", "`" * 50, "\n   ", "```\n", "[", '{"a":'):
        small, large = (_seconds(odd * (size // len(odd))) for size in (250_000, 2_500_000))
        # Ten times as much; a quadratic reader would take a hundred times as long.
        assert large < max(small * 40, 2), odd


def _seconds(text: str) -> float:
    began = time.perf_counter()
    read(text)
    return time.perf_counter() - began


@pytest.mark.parametrize(
    ("rule", "old", "new", "value"),
    [
        ("replace", [1], "a", "a"),
        ("append", None, 1, [1]),
        ("append", [1], [2], [1, [2]]),
        ("merge", None, {"a": 1}, {"a": 1}),
        ("merge", {"a": 1, "b": 1}, {"a": 2}, {"a": 2, "b": 1}),
        ("max", None, 3, 3),
        ("max", 5, 3.5, 5),
    ],
)
def test_a_value_meets_the_old_one_as_its_rule_says(rule, old, new, value) -> None:
    assert merge_value(rule, old=old, new=new) == value


@pytest.mark.parametrize(
    ("rule", "old", "new", "code"),
    [
        ("append", "text", 1, "not_a_list"),
        ("merge", [1], {"a": 1}, "not_an_object"),
        ("merge", None, 1, "not_an_object"),
        ("max", 5, True, "not_a_number"),
        ("max", "5", 4, "not_a_number"),
        ("max", 5, None, "not_a_number"),
        ("append", ["x" * 60_000], "x" * 6_000, "too_large"),
    ],
)
def test_values_that_do_not_go_together_are_a_conflict(rule, old, new, code) -> None:
    with pytest.raises(MergeConflict) as conflict:
        merge_value(rule, old=old, new=new)
    assert conflict.value.code == code
