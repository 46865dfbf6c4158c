"""Server-sent events of one run: replay from the first event, then live, to the end.

Facts: every event is one `data:` line; there are no ids, no comments and no keep-alive. A reader is closed
by the first terminal control event. Who connects after the end gets the whole list, and then always
`completed`, whatever really happened.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

from starlette.types import Receive, Scope, Send

from executions.suna.simulator.broken_answers import wait_until_gone
from executions.suna.simulator.clock import Clock
from executions.suna.simulator.connection import abort_connection
from executions.suna.simulator.run import RUNNING, Run

STREAM_HEADERS = (
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
    (b"access-control-allow-origin", b"*"),
)
"""What every version's stream is answered with."""
NOISE = (
    b': a comment\n\nevent: message\nid: 7\ndata: {"type": "assis\n\ndata: [1, 2]\n\ndata:\n\n'
    b'data: \xff\xfe\n\ndata: {"type": "unheard_of", "value": 1}\n\n'
    b'data: {"type": "assistant", "content": 17, "metadata": []}\n\n'
    b'data: {"type": "status", "content": "{", "metadata": "null"}\n\n'
)
"""Lines that are no events of Suna: comments, half a JSON, other types than promised, no UTF-8."""
_TERMINAL = frozenset({"completed", "failed", "stopped", "STOP", "ERROR", "END_STREAM"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """What a stream says: `events` with their times. The ends come by another way than the list.

    `live_end` closes a live reader in place of the list's own end, or where the list has none.
    `stopped_end` closes one whose run is stopped; `late_end` one who came too late.
    """

    events: list[tuple[float, dict[str, Any]]]
    late_end: dict[str, Any]
    live_end: dict[str, Any] | None
    stopped_end: dict[str, Any]


def without_events(recording: Recording) -> Recording:
    """Return what is left of a recording when its list has expired: only the end for who comes too late."""
    return replace(recording, events=[])


def with_chunks_unordered(recording: Recording) -> Recording:
    """Return a recording in which the chunks have changed places in pairs; `sequence` tells their order."""
    events = list(recording.events)
    places = [index for index, (_, event) in enumerate(events) if "sequence" in event]
    for first, second in zip(places[::2], places[1::2], strict=False):
        early, late = events[first], events[second]
        events[first], events[second] = (early[0], late[1]), (late[0], early[1])
    return replace(recording, events=events)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """An end that is none, after so many events: a broken connection, a silent close, a lie, or silence."""

    after: int
    how: Literal["break", "close", "lie", "silence"] = "break"


class EventStream:
    """The response. A `cut` ends it before its time."""

    def __init__(
        self,
        *,
        recording: Recording,
        run: Run,
        settle: Callable[[], Run],
        clock: Clock,
        cut: Cut | None = None,
        noise_after: int | None = None,
    ) -> None:
        self._recording = recording
        self._run = run
        self._settle = settle
        self._clock = clock
        self._cut = cut
        self._noise_after = noise_after
        self._sent = 0
        self._wake = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream until it ends or the reader leaves."""
        await send({"type": "http.response.start", "status": 200, "headers": list(STREAM_HEADERS)})
        gone = asyncio.ensure_future(wait_until_gone(receive))
        gone.add_done_callback(lambda _: self._wake.set())
        self._run.listeners.add(self._wake.set)
        try:
            finished = await self._send_events(send, gone)
        finally:
            self._run.listeners.discard(self._wake.set)
            left = gone.done()
            gone.cancel()
        if not finished and not left:
            await abort_connection(scope, receive)

    async def _send_events(self, send: Send, gone: "asyncio.Future[None]") -> bool:
        """Return True when the stream came to its end, False when it was cut or the reader left."""
        late = self._settle().status != RUNNING
        loop = asyncio.get_running_loop()
        position = 0
        while True:
            run, now = self._settle(), self._clock()
            ended = run.status != RUNNING
            position, due, closed = self._due_events(position, now=now, late=late, ended=ended)
            if (due or closed or self._is_cut(0)) and not await self._send(send, due, closed=closed):
                if self._cut is not None and self._cut.how == "silence":
                    await gone
                return self._cut is not None and self._cut.how != "break"
            if closed or gone.done():
                return closed
            timer = self._timer(loop, position, now)
            await self._wake.wait()
            self._wake.clear()
            if timer:
                timer.cancel()

    def _due_events(
        self, position: int, *, now: float, late: bool, ended: bool
    ) -> tuple[int, list[dict[str, Any]], bool]:
        recording, run = self._recording, self._run
        due: list[dict[str, Any]] = []
        while position < len(recording.events):
            at, event = recording.events[position]
            # A stopped run that no worker had picked up yet has said nothing, though it may speak later.
            if not run.shows(at, now):
                break
            position += 1
            if not late and _ends_reader(event):
                return position, [*due, recording.live_end or event], True
            due.append(event)
        if late:
            return position, [*due, recording.late_end], True
        if ended:
            stopped = run.cut_at is not None or not run.ended
            end = recording.stopped_end if stopped else recording.live_end or recording.late_end
            return position, [*due, end], True
        return position, due, False

    def _timer(
        self, loop: asyncio.AbstractEventLoop, position: int, now: float
    ) -> asyncio.TimerHandle | None:
        if position >= len(self._recording.events):
            return None
        at = self._recording.events[position][0]
        return loop.call_later(max(0.001, at - now), self._wake.set)

    async def _send(self, send: Send, events: list[dict[str, Any]], *, closed: bool) -> bool:
        is_cut = self._is_cut(len(events))
        more = is_cut or not closed
        if self._cut is not None and is_cut:
            events = events[: self._cut.after - self._sent]
            if self._cut.how == "lie":
                events = [*events, self._recording.late_end]
            more = self._cut.how in ("break", "silence")
        lines = [f"data: {json.dumps(event)}\n\n".encode() for event in events]
        if self._noise_after is not None and self._sent + len(events) >= self._noise_after:
            lines.insert(max(0, self._noise_after - self._sent), NOISE)
            self._noise_after = None
        self._sent += len(events)
        body = b"".join(lines)
        await send({"type": "http.response.body", "body": body, "more_body": more})
        return not is_cut

    def _is_cut(self, coming: int) -> bool:
        return self._cut is not None and self._sent + coming >= self._cut.after


def _ends_reader(event: dict[str, Any]) -> bool:
    # Messages have `content`; only the control events that tell about the run have not.
    return "content" not in event and event.get("status") in _TERMINAL
