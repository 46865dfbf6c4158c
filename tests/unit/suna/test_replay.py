"""Reading the replay of a run's stream: what is kept of it, in which order, and what is not believed."""

import json
from collections.abc import AsyncIterator

import pytest

from executions.agent_service import ResultExpired, Unavailable
from executions.suna.wire import replay
from executions.suna.wire.replay import OverlongEvent, read_replay, shed

COMPLETED = b'data: {"type": "status", "status": "completed"}'


def piece(sequence: int, text: str) -> bytes:
    event = {
        "sequence": sequence,
        "message_id": None,
        "type": "assistant",
        "content": json.dumps({"role": "assistant", "content": text}),
        "metadata": json.dumps({"stream_status": "chunk"}),
    }
    return b"data: " + json.dumps(event).encode()


def whole(text: str, *, number: int = 1) -> bytes:
    event = {
        "message_id": f"m{number}",
        "type": "assistant",
        "content": json.dumps({"role": "assistant", "content": text}),
        "metadata": json.dumps({"stream_status": "complete"}),
    }
    return b"data: " + json.dumps(event).encode()


def error(message: str) -> bytes:
    return b"data: " + json.dumps({"type": "status", "status": "error", "message": message}).encode()


def stream(*events: bytes) -> bytes:
    return b"".join(event + b"\n\n" for event in events)


async def shed_of(body: bytes, *, size: int) -> bytes:
    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(body), size):
            yield body[start : start + size]

    return b"".join([part async for part in shed(chunks())])


def test_pieces_that_were_stored_out_of_order_are_put_in_order() -> None:
    told = read_replay(stream(piece(1, "two "), piece(0, "one "), piece(2, "three"), COMPLETED))

    assert (told.partial, told.messages) == ("one two three", ())


@pytest.mark.parametrize("size", [1, 7, 100, 100_000])
async def test_what_is_shed_does_not_change_what_is_read(size: int) -> None:
    tool = b"data: " + json.dumps({"message_id": "t", "type": "tool", "content": "x" * 500}).encode()
    body = stream(
        piece(0, "fi"),
        whole("first"),
        tool,
        piece(2, "hal"),
        b": comment",
        piece(1, "a "),
        piece(3, "f"),
        error("away"),
        COMPLETED,
    )

    kept = await shed_of(body, size=size)

    assert b"xxx" not in kept
    told, in_full = read_replay(kept), read_replay(body)
    assert [message.text for message in told.messages] == ["first"]
    assert (told.partial, told.error) == ("a half", "away")
    # In full the piece of the whole answer is still there.
    assert (in_full.messages[0], in_full.error) == (told.messages[0], told.error)


async def test_an_answer_that_looks_like_an_event_is_kept() -> None:
    text = '"type": "tool" {"stream_status": "chunk"} \\"stream_status\\": \\"chunk\\" data: x\ndata: y'

    told = read_replay(await shed_of(stream(whole(text), COMPLETED), size=50))

    assert [message.text for message in told.messages] == [text]


async def test_pieces_and_what_tools_gave_take_no_memory_and_any_other_event_without_end_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(replay, "MAX_LINE_BYTES", 1000)
    monkeypatch.setattr(replay, "MAX_PARTIAL_BYTES", 1000)
    body = (
        b'data: {"message_id": "t", "type": "tool", "content": "'
        + b"e" * 5000
        + b"\n\n"
        + stream(*[piece(n, "x") for n in range(100)], whole("w"), COMPLETED)
    )

    kept = await shed_of(body, size=64)

    assert b"eee" not in kept
    assert [message.text for message in read_replay(kept).messages] == ["w"]
    pieces_alone = await shed_of(stream(*[piece(n, "x") for n in range(100)]), size=64)
    assert 0 < len(pieces_alone) <= 1100
    for begun in (b"", b"data: ", whole("x" * 500)[:500]):
        with pytest.raises(OverlongEvent):
            await shed_of(begun + b"e" * 5000, size=64)


def test_an_error_is_one_only_where_nothing_was_answered_after_it() -> None:
    recovered = read_replay(stream(error("once"), whole("then"), COMPLETED))
    failed = read_replay(stream(whole("first"), COMPLETED, error("then"), COMPLETED))

    assert (recovered.error, failed.error) == (None, "then")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"data: not json\n\n",
        stream(whole("cut before its end")),
        stream(whole("x"), error("Stream failed: gone")),
        stream(whole("x"), b'data: {"type": "status", "status": "pondering"}'),
    ],
)
def test_a_replay_without_its_end_broke_off(body: bytes) -> None:
    with pytest.raises(Unavailable):
        read_replay(body)


def test_nothing_but_the_synthetic_end_is_all_that_suna_has_of_a_run_it_has_forgotten() -> None:
    with pytest.raises(ResultExpired):
        read_replay(stream(COMPLETED))
    done = b'data: {"type": "status", "status": "completed", "message": "Agent run completed successfully"}'
    assert read_replay(stream(done, COMPLETED)).messages == ()
