"""Native calls in a replay: they are pieces of an answer, and no answer."""

import json

from executions.suna.wire import PROFILES
from tests.unit.suna.test_replay import COMPLETED, shed_of, stream


def call_piece(text: str, *, tool: str = "ask") -> bytes:
    metadata = {
        "stream_status": "tool_call_chunk",
        "tool_calls": [{"function_name": tool, "arguments": text}],
    }
    event = {
        "message_id": None,
        "type": "assistant",
        "content": json.dumps({"role": "assistant", "content": ""}),
        "metadata": json.dumps(metadata),
    }
    return b"data: " + json.dumps(event).encode()


async def test_a_question_that_was_broken_off_is_neither_asked_nor_an_answer() -> None:
    body = stream(call_piece(""), call_piece('{"text": "Whi'), COMPLETED)
    for kept in (body, await shed_of(body, size=50)):
        result = PROFILES["2025-12"].read_replay(kept, run_id="r")
        assert (result.text, result.asked) == (None, False)


async def test_of_the_pieces_of_a_call_only_the_newest_is_kept() -> None:
    said = "word " * 2400
    body = stream(*[call_piece(said[:end]) for end in range(0, len(said), 40)], COMPLETED)
    assert len(await shed_of(body, size=4096)) < 2 * len(said)
