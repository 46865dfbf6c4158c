"""The hub of a web process: who is slow is cut off, what was lost is told, rubbish breaks nothing."""

import asyncio
import json
import uuid

import pytest

from executions.agent_service import LiveSource
from executions.live.frames import NoEntry, live_frame, read_entry
from executions.live.hub import MAX_PENDING_BYTES, Client, _WatchedRun
from executions.live.places import AllPlacesTaken, Places, TooManyWatched
from executions.live.so_far import fold
from executions.live.under_way import RunUnderWay

RUN = RunUnderWay(id=uuid.uuid4(), step_id="a", attempt=1, turn=1, source=LiveSource.STREAM)


def entry(number: int, *events: dict[str, object]) -> dict[bytes, bytes]:
    return {b"n": str(number).encode(), b"e": json.dumps(events).encode()}


def text(said: str) -> dict[str, object]:
    return {"kind": "text", "message": 0, "order": 0, "text": said}


async def test_a_client_that_takes_nothing_is_cut_off_and_the_replay_does_not_count_against_it() -> None:
    async def stand_still() -> None:
        client = Client(uuid.uuid4())
        clients.append(client)
        await asyncio.Event().wait()

    clients: list[Client] = []
    task = asyncio.create_task(stand_still())
    await asyncio.sleep(0)
    [client] = clients
    client.push(b"x" * MAX_PENDING_BYTES, is_replay=True)
    client.push(b"x" * (MAX_PENDING_BYTES - 1))
    await asyncio.sleep(0)
    assert not task.done()

    client.push(b"xx")

    with pytest.raises(asyncio.CancelledError):
        await task
    assert client.is_over
    assert client.take() == b""


def test_a_run_is_replayed_from_its_last_beginning_and_says_what_it_lost() -> None:
    watched = _WatchedRun(RUN, uuid.uuid4())
    for number, entry_id in ((4, b"1-0"), (5, b"2-0"), (7, b"3-0")):
        watched.take_entry(entry_id, entry(number, text(str(number))))
    lost = b"".join(watched.replay())
    assert [lost.count(word) for word in (b'"beginning"', b'"too_fast"', b'"text": "7"')] == [1, 1, 1]

    watched.take_entry(b"4-0", entry(0, {"kind": "begin"}, text("new")))

    again = b"".join(watched.replay())
    assert b'"kind": "run"' in again
    assert b'"text": "new"' in again
    assert b"left_out" not in again
    assert b'"text": "7"' not in again


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {b"n": b"x", b"e": b"[]"},
        {b"n": b"0", b"e": b"{}"},
        {b"n": b"0", b"e": b"[1]"},
        {b"n": b"0", b"e": b'[{"kind": 5}]'},
        {b"n": b"0", b"e": b"[" * 100_000},
        {b"n": b"0", b"e": b"\xff"},
    ],
)
def test_what_no_driver_wrote_is_passed_over(fields: dict[bytes, bytes]) -> None:
    with pytest.raises(NoEntry):
        read_entry(fields)
    watched = _WatchedRun(RUN, uuid.uuid4())
    assert watched.take_entry(b"1-0", fields) == b""
    assert watched.cursor == b"1-0"


def test_a_text_cannot_begin_an_event_of_its_own() -> None:
    frame = live_frame(RUN, text("x\n\nevent: over\ndata: {}\r\n\r\n\u2028"))

    assert frame.count(b"\n") == 3
    assert b"\r" not in frame


def test_places_are_counted_for_each_and_for_all_and_given_back(settings) -> None:
    settings.ORCHESTRATOR = type(settings.ORCHESTRATOR)(
        **{name: getattr(settings.ORCHESTRATOR, name) for name in settings.ORCHESTRATOR.__slots__}
        | {"live_clients": 3, "live_clients_per_user": 2}
    )
    places, one, other = Places(), uuid.uuid4(), uuid.uuid4()
    first, _ = places.take(one), places.take(one)
    with pytest.raises(TooManyWatched):
        places.take(one)
    places.take(other)
    with pytest.raises(AllPlacesTaken):
        places.take(uuid.uuid4())

    first.give_back()
    first.give_back()

    places.take(one)


def test_a_place_whose_stream_never_begins_is_free_after_a_while(monkeypatch) -> None:
    places, person = Places(), uuid.uuid4()
    unused, used = places.take(person), places.take(person)
    used.use()
    assert unused.unused_since is not None
    unused.unused_since -= 31

    places.take(uuid.uuid4())

    assert unused not in places._taken
    assert used in places._taken


def test_a_page_without_scripts_shows_each_message_and_each_call_once() -> None:
    events = [
        {"kind": "begin"},
        text("Hel"),
        {"kind": "tool_started", "call": 0, "name": "find", "arguments": ""},
        text("lo"),
        {"kind": "tool_started", "call": 0, "name": "find", "arguments": "x"},
        {"kind": "tool_finished", "call": 0, "name": "find", "ok": False, "output": ""},
        {"kind": "message", "message": 0, "text": "Hello!", "is_cut": False},
        {"kind": "message", "message": 0, "text": "He", "is_cut": True},
        {"kind": "left_out", "why": "lost", "count": 1},
        {"kind": "text", "message": 0, "text": 5},
        {"kind": "of the future"},
    ]

    shown = fold(events)

    assert [(part.kind, part.text, part.name, part.arguments, part.state) for part in shown] == [
        ("text", "Hello!", "", "", ""),
        ("tool", "", "find", "x", "failed"),
        ("note", "", "", "", ""),
    ]
