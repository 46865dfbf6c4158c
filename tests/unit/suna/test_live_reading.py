"""What recorded streams and rows tell of a run while it goes on, and what broken ones do not break."""

import json
import random
import time
from typing import Any

import pytest

from executions.live_output import (
    LeftOut,
    LiveEvent,
    TextPiece,
    ToolFinished,
    ToolStarted,
    WholeMessage,
    event_as_json,
)
from executions.suna.wire.live_events import MAX_EVENT_BYTES, LiveRows, LiveStream
from executions.suna.wire.live_order import MAX_HELD, ChunkOrder
from executions.suna.wire.live_xml import CallFilter
from executions.suna.wire.messages import read_messages
from executions.suna.wire.xml_calls import strip_calls
from tests.contract.recordings import load, load_stream

STREAMED = ("2025-07", "2025-08", "2025-08-b2", "2025-10", "2025-12")
WRITTEN = ("2025-12-c2", "2026-01")
SPOKEN = {
    "text": ('Hello, this is plain text with ```json\n{"category": "technical"}\n``` inside.', None),
    "complete": ("Here is what I found.", ("complete", "Tides follow the moon.")),
    "ask": ("I need one thing.", ("ask", "Which city?")),
}


def told_by_stream(body: bytes, *, size: int = 10_000) -> list[LiveEvent]:
    told: list[LiveEvent] = []
    stream = LiveStream(told.append)
    for start in range(0, len(body), size):
        stream.feed(body[start : start + size])
    stream.close()
    return told


def pieces(told: list[LiveEvent], *, message: int = 0) -> str:
    found = [event for event in told if isinstance(event, TextPiece) and event.message == message]
    assert [event.order for event in found] == list(range(len(found)))
    return "".join(event.text for event in found)


def check_spoken(told: list[LiveEvent], case: str, *, grows: bool) -> None:
    text, tool = SPOKEN[case]
    said = [WholeMessage(message=0, text=text)]
    # What grew in the call is a message of its own.
    said += [WholeMessage(message=1, text=tool[1])] if tool is not None and grows else []
    assert [event for event in told if isinstance(event, WholeMessage)] == said
    started = [event for event in told if isinstance(event, ToolStarted)]
    finished = [event for event in told if isinstance(event, ToolFinished)]
    if tool is None:
        assert started == finished == []
        return
    name, argument = tool
    assert {(event.call, event.name) for event in (*started, *finished)} == {(0, name)}
    assert started[-1].arguments == argument
    assert finished[-1].ok
    assert "status" in finished[-1].output


@pytest.mark.parametrize("version", STREAMED)
@pytest.mark.parametrize("case", SPOKEN)
@pytest.mark.parametrize("late", ["", "-late"], ids=["live", "late"])
@pytest.mark.parametrize("size", [1, 97, 100_000])
def test_pieces_of_a_recorded_stream_are_its_text_and_its_calls_are_told(version, case, late, size):
    told = told_by_stream(load_stream(version, f"{case}-stream{late}"), size=size)

    text, tool = SPOKEN[case]
    assert pieces(told) == text
    assert pieces(told, message=1) == (tool[1] if tool is not None else "")
    check_spoken(told, case, grows=True)
    assert not [event for event in told if isinstance(event, LeftOut)]
    assert "<function_calls>" not in json.dumps([event_as_json(event) for event in told])


@pytest.mark.parametrize("version", WRITTEN)
@pytest.mark.parametrize("case", SPOKEN)
def test_recorded_rows_tell_messages_and_calls_each_once_however_often_they_are_read(version, case):
    body = json.dumps(load(version, f"{case}-messages")["body"]).encode()
    told: list[LiveEvent] = []
    rows = LiveRows(told.append)

    rows.take(read_messages(body)[:4])
    rows.take(read_messages(body))
    once = list(told)
    rows.take(read_messages(body))

    assert told == once
    check_spoken(told, case, grows=False)


@pytest.mark.parametrize("version", STREAMED)
def test_a_stream_that_is_cut_tells_what_came_and_a_stopped_one_has_pieces_only(version):
    whole = told_by_stream(load_stream(version, "text-stream"))
    body = load_stream(version, "text-stream")
    for end in range(0, len(body), 211):
        cut = told_by_stream(body[:end])
        assert cut == whole[: len(cut)]
    stopped = told_by_stream(load_stream(version, "slow-stream-after-stop"))
    assert "one two th".startswith(pieces(stopped)[:10])
    assert all(isinstance(event, TextPiece) for event in stopped)
    assert told_by_stream(load_stream(version, "llm-error-stream")) == []


def event(kind: str, content: Any, metadata: Any = None, **more: Any) -> bytes:
    fields = {"type": kind, "content": json.dumps(content), "metadata": json.dumps(metadata or {}), **more}
    return b"data: " + json.dumps(fields).encode() + b"\n\n"


def chunk(text: str, sequence: Any, group: str = "g") -> bytes:
    metadata = {"stream_status": "chunk", "thread_run_id": group}
    return event("assistant", {"role": "assistant", "content": text}, metadata, sequence=sequence)


def whole(text: str) -> bytes:
    return event("assistant", {"role": "assistant", "content": text}, {"stream_status": "complete"})


def test_chunks_are_told_in_their_order_in_every_round_however_they_are_numbered():
    for second_first, group in ((0, "g"), (0, "h"), (3, "g")):
        body = chunk("c", 2) + chunk("a", 0) + chunk("b", 1) + whole("abc")
        body += chunk("e", second_first + 1, group) + chunk("d", second_first, group) + whole("de")
        told = told_by_stream(body)
        texts = {0: "", 1: ""}
        for said in told:
            if isinstance(said, TextPiece):
                texts[said.message] += said.text
        assert texts == {0: "abc", 1: "de"}


def test_a_chunk_that_never_comes_is_told_as_lost_and_holds_up_the_rest_for_a_while_only():
    body = b"".join(chunk(str(number % 10), number) for number in range(MAX_HELD + 9) if number != 3)

    told = told_by_stream(body)

    assert [event for event in told if isinstance(event, LeftOut)] == [LeftOut(why="lost")]
    assert pieces(told) == "".join(str(n % 10) for n in range(MAX_HELD + 9) if n != 3)


def test_order_of_random_arrivals_is_the_order_of_the_numbers():
    random.seed(4)
    for _ in range(200):
        numbers = list(range(40))
        random.shuffle(numbers)
        order: ChunkOrder[int] = ChunkOrder()
        shown: list[int] = []
        for number in numbers:
            shown += order.put("g", number, number).items
            shown += order.put("g", numbers[0], numbers[0]).items
        assert shown + order.flush().items == list(range(40))


def test_what_is_let_through_piece_by_piece_is_what_is_left_of_the_whole_text():
    random.seed(5)
    bits = ["text ", "\n", "  ", "<function_calls>", "</function_calls>", "<invoke name=\"a\">", "<f", "</",
            "</invoke>", "<parameter name=\"x\">", "</parameter>", "é", "<function_call", "s>"]  # fmt: skip
    for _ in range(2000):
        text = "".join(random.choice(bits) for _ in range(random.randrange(14)))
        calls = CallFilter()
        shown, position = "", 0
        while position < len(text):
            size = random.randrange(1, 9)
            shown += calls.feed(text[position : position + size])
            position += size
        assert shown + calls.flush() == strip_calls(text), text


GARBAGE = [
    b"data: not json\n\n",
    b"data: []\n\n",
    b"data: 7\n",
    b"event: x\nid: 1\n: ping\n\n",
    b'data: {"type": null, "content": 5, "metadata": [1]}\n\n',
    b"data: " + b"[" * 100_000 + b"\n",
    b"\xff\xfe\x00\n",
    event("assistant", {"content": ["x", {"text": 5}, None]}, {"stream_status": "chunk"}, sequence=True),
    event("assistant", {"content": "x"}, {"stream_status": "chunk", "thread_run_id": [1]}, sequence=-1),
    event("assistant", {"tool_calls": [None, {"function": 7, "id": {}}]}, {"tool_calls": "x"}),
    event("assistant", {"content": ""}, {"stream_status": "tool_call_chunk", "tool_calls": [[], {}]}),
    event("status", {"status_type": "tool_completed", "function_name": ["x"]}),
    event("status", {"status_type": ["tool_started"]}),
    event("tool", {"content": '{"tool_execution": ' + "[" * 2000}, {"result": 5}),
    event("tool", {"tool_execution": {"function_name": "a", "arguments": {"n": float("1e308")}}}),
    event("assistant", '{"content": "\\u0000 \\ud800 ok"}'),
]


def test_garbage_breaks_nothing_and_what_comes_between_is_told_clean():
    body = b"".join(chunk("ok ", n) + rubbish for n, rubbish in enumerate(GARBAGE)) + chunk("!", len(GARBAGE))

    told = told_by_stream(body)

    said = repr([list(event_as_json(event).values()) for event in told])
    assert said.count("ok") >= len(GARBAGE)
    assert "\\x00" not in said
    assert "'\\ud800" not in said
    assert json.dumps([event_as_json(event) for event in told], ensure_ascii=False).encode()


def test_an_event_that_is_too_large_is_left_out_and_told_once_and_costs_no_time():
    body = chunk("a", 0) + chunk("x" * (MAX_EVENT_BYTES * 8), 1) + chunk("b", 2) + whole("a…b")
    began = time.process_time()

    told = told_by_stream(body, size=1000)

    assert time.process_time() - began < 1
    assert [event.why for event in told if isinstance(event, LeftOut)] == ["too_large", "lost"]
    assert WholeMessage(message=0, text="a…b") in told


@pytest.mark.parametrize("bit", ["<function_calls>", " \n", '<invoke name="a">', "<", "</function_calls"])
def test_hostile_texts_cost_time_by_their_length_alone(bit):
    calls = CallFilter()
    began = time.process_time()
    calls.feed("<function_calls>" if bit.startswith(("<i", "</")) else "")

    for _ in range(60_000):
        calls.feed(bit)
    calls.find_calls()
    calls.flush()

    assert time.process_time() - began < 2


def test_long_arguments_and_outputs_are_cut_and_a_failed_tool_is_told_as_failed():
    arguments = {"query": "q" * 5000}
    body = event(
        "status", {"status_type": "tool_started", "function_name": "web_search", "tool_call_id": "c"}
    )
    body += event("assistant", {"content": ""}, {"tool_calls": [
        {"tool_call_id": "c", "function_name": "web_search", "arguments": arguments}]})  # fmt: skip
    body += event("status", {"status_type": "tool_failed", "function_name": "web_search", "tool_call_id": "c",
                             "error": "no net"})  # fmt: skip
    body += event("tool", {"name": "web_search"}, {"tool_call_id": "c", "function_name": "web_search",
                  "result": {"success": False, "error": "e" * 5000}})  # fmt: skip

    first, known, failed, output = told_by_stream(body)

    assert first == ToolStarted(call=0, name="web_search")
    assert isinstance(known, ToolStarted)
    assert len(known.arguments) == 500
    assert failed == ToolFinished(call=0, name="web_search", ok=False, output="no net")
    assert isinstance(output, ToolFinished)
    assert (output.ok, len(output.output)) == (False, 500)


def test_calls_without_ids_are_told_apart_by_their_order():
    def started(name: str) -> bytes:
        return event("status", {"status_type": "tool_started", "function_name": name})

    def completed(name: str, output: str) -> bytes:
        execution = {"function_name": name, "result": {"success": True, "output": output}}
        done = event("status", {"status_type": "tool_completed", "function_name": name})
        return done + event("tool", {"tool_execution": execution})

    def call(number: int) -> str:
        return f'<invoke name="a"><parameter name="n">{number}</parameter></invoke>'

    body = chunk(f"x<function_calls>{call(1)}{call(2)}", 0) + started("a") + started("a")
    body += whole(f"x<function_calls>{call(1)}{call(2)}</function_calls>")
    body += completed("a", "one") + completed("a", "two") + started("a")

    told = told_by_stream(body)

    last = {said.call: said for said in told if isinstance(said, ToolStarted)}
    assert {number: said.arguments for number, said in last.items()} == {
        0: '{"n": "1"}',
        1: '{"n": "2"}',
        2: "",
    }
    outputs = {said.call: said.output for said in told if isinstance(said, ToolFinished)}
    assert outputs == {0: "one", 1: "two"}
