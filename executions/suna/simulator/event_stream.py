"""Server-sent events of one run: replay from the first event, then live, to the end.

Facts: every event is one `data:` line; there are no ids, no comments and no keep-alive. A reader is closed
by the first terminal control event. Who connects after the end gets the whole list, and then always
`completed`, whatever really happened.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from starlette.types import Send

from executions.suna.simulator.clock import Clock
from executions.suna.simulator.run import RUNNING, Run
from executions.suna.simulator.sse_answer import Cut, SseAnswer

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


def up_to_the_end(recording: Recording) -> Recording:
    """Return a recording as it is before what is pushed behind the run's end, as an error is."""
    events = list(recording.events)
    ends = [index for index, (_, event) in enumerate(events) if _ends_reader(event)]
    return replace(recording, events=events[: ends[0] + 1]) if ends else recording


class EventStream(SseAnswer):
    """The response. Where it is cut by a lie it says what a reader is told who comes too late."""

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
        super().__init__(
            run=run, settle=settle, clock=clock, lie=recording.late_end, cut=cut, noise_after=noise_after
        )
        self._recording = recording

    async def _follow(self, send: Send, gone: "asyncio.Future[None]") -> bool:
        late = self._settle().status != RUNNING
        position = 0
        while True:
            run, now = self._settle(), self._clock()
            ended = run.status != RUNNING
            position, due, closed = self._due_events(position, now=now, late=late, ended=ended)
            if (due or closed or self._is_cut(0)) and not await self._send(send, due, closed=closed):
                return await self._end_cut(gone)
            if closed or gone.done():
                return closed
            events = self._recording.events
            await self._wait_until(events[position][0] if position < len(events) else None, now=now)

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


def _ends_reader(event: dict[str, Any]) -> bool:
    # Messages have `content`; only the control events that tell about the run have not.
    return "content" not in event and event.get("status") in _TERMINAL
