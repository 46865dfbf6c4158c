"""Keys never leave in live output: not split over pieces, not at a cut, not quoted in JSON."""

import json

import pytest

from executions.agent_service import RunResult, SecretText
from executions.live_output import LiveEvent, TextPiece, ToolFinished, ToolStarted, WholeMessage, shorten
from executions.orchestrator.live_scrub import LiveScrubber
from executions.orchestrator.live_writer import MAX_BUFFERED_CHARS, LiveBuffer
from executions.orchestrator.scrub import scrub_result

KEY = 'sk-proj-CANARY"0123\\456789'
OTHER = "sk-proj-other-9876"


def scrubbed(*events: LiveEvent) -> list[LiveEvent]:
    scrubber = LiveScrubber([SecretText(KEY), SecretText(OTHER)])
    told = [clean for event in events for clean in scrubber.scrub(event)]
    return told + scrubber.flush()


def spoken(told: list[LiveEvent], message: int = 0) -> str:
    return "".join(event.text for event in told if isinstance(event, TextPiece) and event.message == message)


def pieces(text: str, size: int) -> list[TextPiece]:
    cuts = range(0, len(text), size)
    return [TextPiece(message=0, order=n, text=text[at : at + size]) for n, at in enumerate(cuts)]


@pytest.mark.parametrize("size", range(1, 60))
def test_a_key_is_hidden_wherever_the_pieces_are_cut(size: int) -> None:
    text = f"a {KEY}{OTHER} sk-proj- b {KEY[:12]} c {KEY}"

    told = scrubbed(*pieces(text, size))

    assert spoken(told) == f"a [key hidden][key hidden] sk-proj- b {KEY[:12]} c [key hidden]"
    assert not [event for event in told if KEY[:14] in repr(event)]


@pytest.mark.parametrize("end", range(1, len(KEY)))
def test_the_beginning_of_a_key_at_the_end_of_a_text_is_hidden_as_soon_as_it_tells_something(
    end: int,
) -> None:
    part = KEY[:end]
    expected = f"x {part}" if end < 6 else "x [key hidden]"

    assert spoken(scrubbed(*pieces(f"x {part}", 3))) == expected
    following = scrubbed(TextPiece(message=0, order=0, text=f"x {part}"), WholeMessage(message=0, text="x"))
    assert spoken(following) == expected
    # Cut at the limit of what is shown, it is the same.
    long = shorten("y" * (99 - end) + KEY, max_chars=100)
    [started] = scrubbed(ToolStarted(call=0, name="a", arguments=long))
    assert isinstance(started, ToolStarted)
    assert KEY[:6] not in started.arguments


def test_keys_in_every_field_are_hidden_also_as_they_stand_in_json() -> None:
    quoted = json.dumps({"key": KEY, "again": json.dumps({"key": KEY})})
    events = [
        ToolStarted(call=0, name=KEY, arguments=quoted),
        ToolFinished(call=0, name=OTHER, ok=True, output=quoted),
        WholeMessage(message=0, text=f"{KEY} and {quoted}"),
    ]

    said = repr(scrubbed(*events))

    assert "CANARY" not in said
    assert "9876" not in said


def test_what_is_held_back_of_one_message_does_not_go_into_the_next() -> None:
    told = scrubbed(TextPiece(message=0, order=0, text="a sk-"), TextPiece(message=1, order=0, text="b"))

    assert (spoken(told), spoken(told, 1)) == ("a sk-", "b")


def test_the_buffer_joins_text_and_drops_and_counts_what_has_no_room() -> None:
    buffer = LiveBuffer()
    buffer.begin()
    for number in range(3):
        buffer.add({"kind": "text", "message": 0, "order": number, "text": "ab"}, chars=2)
    buffer.add({"kind": "text", "message": 1, "order": 0, "text": "c"}, chars=1)
    for _ in range(3):
        buffer.add({"kind": "message", "text": "x"}, chars=MAX_BUFFERED_CHARS)

    taken = buffer.take()

    assert [event.get("text") for event in taken] == [None, "ababab", "c", None]
    assert taken[-1] == {"kind": "left_out", "why": "too_fast", "count": 3}
    assert buffer.take() == []


SHORT, LONG = "sk-proj-CANARY-0123", "sk-proj-CANARY-0123-TAIL-4567"


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("size", range(1, 40))
def test_of_a_key_that_begins_with_another_key_no_tail_shows_wherever_it_is_cut(
    size: int, order: int
) -> None:
    text = f"a {LONG} b {SHORT} c {LONG}{SHORT} d {SHORT}-T e {SHORT}"
    scrubber = LiveScrubber([SecretText(key) for key in (SHORT, LONG)[::order]])

    told = [clean for piece in pieces(text, size) for clean in scrubber.scrub(piece)] + scrubber.flush()

    hidden = "[key hidden]"
    assert spoken(told) == f"a {hidden} b {hidden} c {hidden}{hidden} d {hidden}-T e {hidden}"


@pytest.mark.parametrize("end", range(len(SHORT), len(LONG) + 1))
def test_a_text_that_ends_within_the_longer_key_shows_neither(end: int) -> None:
    scrubber = LiveScrubber([SecretText(SHORT), SecretText(LONG)])
    message = WholeMessage(message=0, text=f"x {LONG[:end]}")

    assert scrubber.scrub(message) == [WholeMessage(message=0, text="x [key hidden]")]
    told = [clean for piece in pieces(message.text, 7) for clean in scrubber.scrub(piece)] + scrubber.flush()
    assert spoken(told) == "x [key hidden]"


def test_keys_that_share_an_end_and_a_beginning_are_both_hidden() -> None:
    scrubber = LiveScrubber([SecretText("one-key-sk"), SecretText("sk-other-key")])
    for size in range(1, 30):
        text = "one-key-sk sk-other-key one-key-s one-key-sk"
        told = [clean for piece in pieces(text, size) for clean in scrubber.scrub(piece)] + scrubber.flush()
        assert spoken(told) == "[key hidden] [key hidden] one-key-s [key hidden]"


def test_a_result_shows_no_tail_of_a_key_that_begins_with_another_key() -> None:
    for keys in ((SHORT, LONG), (LONG, SHORT)):
        clean = scrub_result(RunResult(text=f"{LONG} {SHORT}"), [SecretText(key) for key in keys])
        assert clean.text == "[key hidden] [key hidden]"
