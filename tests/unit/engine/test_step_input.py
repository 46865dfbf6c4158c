"""Prompts (language, section 5): their parts, what stands in a block, and how they are cut."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executions.engine.prompt_cut import count_bytes, fit
from executions.engine.state import Reason, StepStatus
from executions.engine.step_input import MAX_PROMPT_BYTES, StepPrompt, build_prompt
from teams.workflow.plan import Source
from tests.unit.engine.plans import make_chain, make_plan, make_step, stand, state_of

PROMPT = Source(kind="initial_prompt")
FROM_A = Source(kind="agent_result", step="a")
FROM_B = Source(kind="agent_result", step="b")

BLOCK = re.compile(
    r"^<<<<BLOCK (\d+): ([^\n]*) \| ([0-9a-f]{12})>>>>\n(.*?)\n<<<<END BLOCK \1 \| \3>>>>$", re.S | re.M
)


def build(
    *sources: Source, stands: Any = (), prompt: str = "Do it", context: Any = None, **fields: Any
) -> StepPrompt:
    plan = make_plan(
        make_step("a", role="researcher"),
        make_step("b"),
        make_step("c", role="researcher"),
        make_step("end", "a", "b", sources=sources, **fields),
    )
    return build_prompt(plan, state_of(plan, *stands, prompt=prompt, context=context or {}), "end")


def blocks(prompt: str) -> list[tuple[str, str]]:
    return [(heading, text) for _, heading, _, text in BLOCK.findall(prompt)]


def test_the_initial_prompt_alone_is_the_prompt_unchanged() -> None:
    assert build(PROMPT, prompt=" {{a}} %s\n<<<<BLOCK 1") == StepPrompt(prompt=" {{a}} %s\n<<<<BLOCK 1")


def test_instructions_come_first_then_the_role_then_the_blocks() -> None:
    said = build(PROMPT, instructions="Be brief.\nBe kind.", role="writer").prompt

    lines = said.split("\n")
    assert lines[:5] == ["Be brief.", "Be kind.", "", "Your role: writer", ""]
    assert lines[5].startswith("<<<<BLOCK 1: Initial prompt | ")
    assert lines[6] == "Do it"
    assert lines[7].startswith("<<<<END BLOCK 1 | ")
    assert len(lines) == 8


@pytest.mark.parametrize("fields", [{"role": "writer"}, {"instructions": "Be brief."}])
def test_the_initial_prompt_stands_in_a_block_when_there_is_a_role_or_an_instruction(fields: Any) -> None:
    assert blocks(build(PROMPT, **fields).prompt) == [("Initial prompt", "Do it")]


def test_a_role_on_several_lines_is_named_in_one() -> None:
    assert "\nYour role: a b\n" in "\n" + build(PROMPT, role="a\n b").prompt


def test_results_are_headed_by_role_or_id_in_the_order_of_the_sources() -> None:
    said = build(FROM_B, FROM_A, PROMPT, stands=[stand("a", "completed"), stand("b", "completed")]).prompt

    assert blocks(said) == [
        ("Result of b", "text of b"),
        ("Result of researcher", "text of a"),
        ("Initial prompt", "Do it"),
    ]


def test_two_sources_with_one_role_are_told_apart_by_their_ids() -> None:
    said = build(FROM_A, Source(kind="agent_result", step="c")).prompt

    assert [heading for heading, _ in blocks(said)] == [
        "Result of researcher (a)",
        "Result of researcher (c)",
    ]


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("condition_false", "(skipped: condition_false)"),
        ("failed", "(failed: agent_failed)"),
        ("cancelled", "(cancelled: execution_cancelled)"),
        ("running", "(not finished)"),
        ("pending", "(not finished)"),
        ("retrying", "(not finished)"),
    ],
)
def test_a_source_without_a_result_says_why_in_one_line(how: str, why: str) -> None:
    assert blocks(build(FROM_B, stands=[stand("b", how)]).prompt) == [("Result of b", why)]


def test_the_text_of_a_bad_output_is_no_result() -> None:
    failed = stand("b", "failed", text="half a result", reason=Reason(code="bad_output"))

    assert blocks(build(FROM_B, stands=[failed]).prompt) == [("Result of b", "(failed: bad_output)")]


def test_data_stands_as_json_when_the_agent_said_nothing() -> None:
    only_data = stand("b", "completed", text=None, data={"ü": [1]})

    assert blocks(build(FROM_B, stands=[only_data]).prompt) == [("Result of b", '{"ü": [1]}')]


@pytest.mark.parametrize(
    ("value", "text"), [("as it is", "as it is"), ({"a": "é"}, '{"a": "é"}'), (None, "null"), ([1], "[1]")]
)
def test_a_context_value_stands_as_it_is_or_as_json(value: Any, text: str) -> None:
    said = build(Source(kind="context", key="lang.code"), context={"lang.code": value}).prompt

    assert blocks(said) == [("Context value lang.code", text)]


def test_a_context_source_may_name_a_steps_result() -> None:
    source = Source(kind="context", key="agent_b_result")

    assert blocks(build(source, stands=[stand("b", "completed")]).prompt)[0][1] == "text of b"


def test_a_context_key_that_is_not_there_says_so() -> None:
    assert blocks(build(Source(kind="context", key="gone")).prompt)[0][1] == "(not set)"


class TestChainsDefaultInput:
    plan = make_chain(*(make_step(name, sources=None) for name in "abc"))

    def test_it_is_the_nearest_earlier_result(self) -> None:
        state = state_of(self.plan, stand("a", "completed"), stand("b", "condition_false"))

        assert blocks(build_prompt(self.plan, state, "c").prompt) == [("Result of a", "text of a")]

    def test_it_is_the_initial_prompt_itself_when_no_earlier_step_completed(self) -> None:
        state = state_of(self.plan, stand("a", "failed"), stand("b", "condition_false"))

        assert build_prompt(self.plan, state, "c").prompt == "What should we do?"


def test_a_text_cannot_close_its_block_when_it_quotes_a_whole_prompt() -> None:
    quoted = build(FROM_B, stands=[stand("b", "completed")]).prompt

    said = build(
        FROM_A, FROM_B, stands=[stand("a", "completed", text=quoted), stand("b", "completed")]
    ).prompt

    assert blocks(said) == [("Result of researcher", quoted), ("Result of b", "text of b")]


def test_a_heading_holds_no_line_break_and_is_short_when_the_role_is_neither() -> None:
    plan = make_plan(
        make_step("a", role="x\n<<<<END " + "y" * 5_000), make_step("end", "a", sources=(FROM_A,))
    )

    heading, text = blocks(build_prompt(plan, state_of(plan, stand("a", "completed")), "end").prompt)[0]

    assert len(heading) < 150
    assert text == "text of a"


TEXTS = st.text(st.characters(codec=None), max_size=300) | st.sampled_from(
    ["<<<<END BLOCK 1 | ", ">>>>\n", ""]
)


@given(TEXTS, TEXTS, st.none() | TEXTS, st.none() | TEXTS)
def test_blocks_can_be_told_apart_whatever_people_and_agents_write(
    first: str, second: str, instructions: str | None, role: str | None
) -> None:
    stands = [stand("a", "completed", text=first), stand("b", "completed", text=second)]

    said = build(FROM_A, FROM_B, stands=stands, instructions=instructions, role=role).prompt

    cleaned = [re.sub("[\x00\ud800-\udfff]", "�", text) for text in (first, second)]
    tag = BLOCK.findall(said)[-1][2]
    mine = [block for block in BLOCK.findall(said) if block[2] == tag]
    assert [text for *_, text in mine] == cleaned
    assert said.count(tag) == 4
    said.encode("utf-8")


class TestCutting:
    def test_a_prompt_over_the_limit_is_cut_in_the_middle_of_its_longest_blocks(self) -> None:
        long = "a" * 200_000 + "MIDDLE" + "z" * 200_000
        stands = [stand("a", "completed", text=long), stand("b", "completed", text="short")]

        built = build(FROM_A, FROM_B, stands=stands, instructions="Be brief.", role="writer")

        assert MAX_PROMPT_BYTES - 200 < count_bytes(built.prompt) <= MAX_PROMPT_BYTES
        (_, first), (_, second) = blocks(built.prompt)
        assert second == "short"
        assert first.startswith("aaa")
        assert first.endswith("zzz")
        assert "MIDDLE" not in first
        assert "bytes left out" in first
        (cut,) = built.cuts
        assert (cut.block, cut.heading, cut.original_bytes) == (1, "Result of researcher", 400_006)
        assert cut.kept_bytes < MAX_PROMPT_BYTES

    def test_an_initial_prompt_over_the_limit_is_cut_too(self) -> None:
        built = build(PROMPT, prompt="é" * MAX_PROMPT_BYTES)

        assert count_bytes(built.prompt) <= MAX_PROMPT_BYTES
        assert len(built.cuts) == 1

    @given(
        st.lists(st.text(max_size=60).map(lambda text: text * 30), min_size=1, max_size=6),
        st.integers(min_value=800, max_value=8_000),
    )
    def test_texts_fit_and_only_the_longest_are_cut(self, texts: list[str], limit: int) -> None:
        fitted = fit(texts, max_bytes=limit, tag="0123456789ab")

        assert sum(count_bytes(one.text) for one in fitted) <= limit
        sizes = [count_bytes(text) for text in texts]
        cut = [size for size, one in zip(sizes, fitted, strict=True) if one.is_cut]
        kept = [size for size, one in zip(sizes, fitted, strict=True) if not one.is_cut]
        assert not cut or not kept or max(kept) <= min(cut)
        assert bool(cut) == (sum(sizes) > limit)


def test_a_prompt_is_the_same_each_time_it_is_built() -> None:
    stands = [stand("a", "completed"), stand("b", "running", status=StepStatus.RUNNING)]

    assert build(FROM_A, FROM_B, stands=stands) == build(FROM_A, FROM_B, stands=stands)
