"""What an agent is writing into `complete` or `ask` shows as it comes, as a message of its own."""

import json
import time
from typing import Any

import pytest

from executions.live_output import TextPiece, ToolFinished, WholeMessage
from tests.contract.recordings import load_stream
from tests.unit.suna.test_live_reading import SPOKEN, STREAMED, chunk, event, pieces, told_by_stream, whole


@pytest.mark.parametrize("version", STREAMED)
@pytest.mark.parametrize("case", ["complete", "ask"])
def test_an_answer_in_a_call_shows_while_it_is_written_and_not_only_when_it_is_over(version, case):
    body = load_stream(version, f"{case}-stream")
    _, tool = SPOKEN[case]
    assert tool is not None
    early = []
    for end in range(0, len(body), 53):
        told = told_by_stream(body[:end])
        assert tool[1].startswith(pieces(told, message=1))
        if not [said for said in told if isinstance(said, WholeMessage | ToolFinished)]:
            early.append(pieces(told, message=1))
    assert early[0] == ""
    assert early[-1] != ""


def growing(name: Any, arguments: Any) -> bytes:
    call = {"tool_call_id": "c", "function_name": name, "arguments": arguments}
    return event("assistant", {"content": ""}, {"stream_status": "tool_call_chunk", "tool_calls": [call]})


@pytest.mark.parametrize("ascii_only", [True, False])
def test_a_growing_native_argument_shows_at_every_cut_a_beginning_of_what_it_means(ascii_only):
    answer = 'He said: "a\\b"\n\u00e9 \U0001f600 <b> {"text": "x"} end'
    given = json.dumps({"kind": "text", "text": answer, "attachments": "x"}, ensure_ascii=ascii_only)

    body = b"".join(growing("complete", given[:end]) for end in range(len(given) + 1))
    assert pieces(told_by_stream(body), message=1) == answer

    for end in range(len(given)):
        assert answer.startswith(pieces(told_by_stream(growing("ask", given[:end])), message=1))


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("web_search", '{"text": "x'),
        ("ask", '{"text": 5'),
        ("ask", '{"text"'),
        ("ask", '{"text": "'),
        ("ask", '{"text": "\\u12'),
        ("ask", '{"text": "\\q" '),
        ("ask", '{"texts": "x'),
        ("ask", ["x"]),
        ("ask", {"text": 7}),
        ("ask", 5),
        (None, '{"text": "x'),
    ],
)
def test_what_is_no_answer_or_makes_no_sense_is_not_told_as_one(name, arguments):
    told = told_by_stream(growing(name, arguments))
    assert [said for said in told if isinstance(said, TextPiece)] == []


def test_an_answer_in_xml_is_told_wherever_the_pieces_are_cut():
    answer = "One </para two <b> three"
    call = f'<invoke name="ask">\n<parameter name="text"> {answer}</parameter>\n</invoke>'
    search = '<invoke name="web_search"><parameter name="text">none of it</parameter></invoke>'
    text = f"Beside.\n<function_calls>\n{search}{call}\n</function_calls>"
    for size in range(1, 40):
        cuts = range(0, len(text), size)
        body = b"".join(chunk(text[at : at + size], n) for n, at in enumerate(cuts))
        told = told_by_stream(body + whole(text))
        assert (pieces(told), pieces(told, message=1)) == ("Beside.", answer)
        assert WholeMessage(message=1, text=answer) in told


def test_an_answer_that_holds_a_closing_tag_is_whole_when_it_is_finished():
    answer = "Write </parameter> so."
    text = f'<function_calls><invoke name="complete"><parameter name="text">{answer}</parameter></invoke>'
    told = told_by_stream(chunk(text, 0) + whole(text))
    assert pieces(told, message=1) == "Write "
    assert [said for said in told if isinstance(said, WholeMessage)] == [WholeMessage(message=1, text=answer)]


def test_the_answers_of_two_rounds_are_two_messages():
    def round_of(text: str, group: str) -> bytes:
        call = f'<function_calls><invoke name="ask"><parameter name="text">{text}</parameter></invoke>'
        return chunk("Well. ", 0, group) + chunk(call, 1, group) + whole(f"Well. {call}")

    told = told_by_stream(round_of("One?", "g") + round_of("Two?", "h"))
    assert [pieces(told, message=number).strip() for number in range(4)] == ["Well.", "One?", "Well.", "Two?"]


def test_a_long_growing_answer_costs_time_by_its_length_alone():
    began = time.process_time()
    body = chunk('<function_calls><invoke name="ask"><parameter name="text">', 0)
    body += b"".join(chunk("</paramete", n) for n in range(1, 20_000))
    told = told_by_stream(body)
    assert len(pieces(told, message=1)) > 190_000
    assert time.process_time() - began < 8
