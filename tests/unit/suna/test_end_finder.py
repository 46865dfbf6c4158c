"""The hint of a run's end in its event stream, however the stream is cut into pieces."""

import json

import pytest

from executions.suna.wire.stream import MAX_EVENT_BYTES, EndFinder
from tests.contract.recordings import ROOT, load_stream

END = b'data: {"type": "status", "status": "completed", "message": "Agent run completed successfully"}\n\n'
CHUNK = b'data: {"type": "assistant", "content": "{\\"content\\": \\"a \\\\\\"status\\\\\\" word\\"}"}\n\n'
STREAMS = sorted(
    (path.parent.name, path.stem)
    for version in ("2025-07", "2025-08", "2025-08-b2", "2025-10", "2025-12")
    for path in (ROOT / version).glob("*.sse")
)


def event(**fields: object) -> bytes:
    return f"data: {json.dumps(fields)}\n\n".encode()


def read(*pieces: bytes) -> tuple[int, list[bool]]:
    """Return how many events came in all, and after which piece an end was hinted at."""
    finder = EndFinder()
    found = [finder.feed(piece) for piece in pieces]
    return sum(events for events, _ in found), [is_over for _, is_over in found]


@pytest.mark.parametrize(
    "word", ["completed", "failed", "stopped", "error", "STOP", "ERROR", "END_STREAM", "Completed"]
)
def test_every_word_that_was_seen_at_an_end_is_a_hint(word):
    assert read(CHUNK, event(type="status", status=word)) == (2, [False, True])


@pytest.mark.parametrize(
    "harmless",
    [
        event(type="status", status="llm_streaming"),
        event(type="status", content=json.dumps({"status_type": "finish"}), metadata="{}"),
        event(type="assistant", content='{"type": "status", "status": "completed"}'),
        event(type="status", status=["completed"]),
        event(type="ping"),
        b'data: {"type": "status", "status": "completed"\n\n',
        b': {"type": "status", "status": "completed"}\n\n',
        b"\n\n\n",
    ],
    ids=["going-on", "progress", "quoted", "list", "ping", "broken", "comment", "empty"],
)
def test_what_tells_of_no_end_is_none(harmless):
    assert read(harmless)[1] == [False]


def test_an_end_is_found_when_it_comes_byte_by_byte():
    stream = CHUNK + END
    _, hints = read(*(stream[at : at + 1] for at in range(len(stream))))

    # Known with its line end, before the blank line that follows.
    assert hints.index(True) == len(stream) - 2
    assert sum(hints) == 1


def test_an_end_is_found_without_blanks_between_its_parts():
    assert read(b'data:{"type":"status","status":"STOP"}\r\n\r\n') == (1, [True])


def test_an_event_over_the_cap_is_skipped_and_keeps_nothing_while_it_comes():
    finder = EndFinder()
    huge = b'data: {"type": "status", "status": "completed", "message": "'
    finder.feed(huge)
    for _ in range(100):
        assert finder.feed(b"x" * 1000) == (0, False)

    assert finder._rest == b""
    assert finder.feed(b'"}\n\n') == (1, False)
    assert finder.feed(END) == (1, True)


def test_an_event_over_the_cap_that_comes_in_one_piece_is_no_hint():
    huge = event(type="status", status="completed", message="x" * MAX_EVENT_BYTES)

    assert read(huge, END) == (2, [False, True])


@pytest.mark.parametrize(("version", "case"), STREAMS)
def test_each_recorded_stream_hints_at_its_end_and_not_before_its_first_control_event(version, case):
    stream = load_stream(version, case)
    lines = stream.splitlines(keepends=True)
    finder = EndFinder()
    hinted = [line for line in lines if finder.feed(line)[1]]
    control = [
        line
        for line in lines
        if line.startswith(b"data:") and "content" not in json.loads(line[5:]) and b'"status": ' in line
    ]

    assert hinted
    assert hinted == control
