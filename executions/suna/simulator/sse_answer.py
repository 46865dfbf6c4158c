"""An answer of server-sent events: sent as they come due, until their end, a fault, or the reader leaves."""

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from starlette.types import Receive, Scope, Send

from executions.suna.simulator.broken_answers import wait_until_gone
from executions.suna.simulator.clock import Clock
from executions.suna.simulator.connection import abort_connection
from executions.suna.simulator.run import Run

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

Event = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """An end that is none, after so many events: a broken connection, a silent close, a lie, or silence."""

    after: int
    how: Literal["break", "close", "lie", "silence"] = "break"


class SseAnswer(ABC):
    """The response. A `cut` ends it before its time; `noise_after` so many events come lines that are none.

    `lie` is the event by which a cut stream says that its run is over.
    """

    def __init__(
        self,
        *,
        run: Run,
        settle: Callable[[], Run],
        clock: Clock,
        lie: Event,
        cut: Cut | None,
        noise_after: int | None,
    ) -> None:
        self._run = run
        self._settle = settle
        self._clock = clock
        self._lie = lie
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
            finished = await self._follow(send, gone)
        finally:
            self._run.listeners.discard(self._wake.set)
            left = gone.done()
            gone.cancel()
        if not finished and not left:
            await abort_connection(scope, receive)

    @abstractmethod
    async def _follow(self, send: Send, gone: "asyncio.Future[None]") -> bool:
        """Return True when the stream came to its end, False when it was cut or the reader left."""

    async def _wait_until(self, at: float | None, *, now: float) -> None:
        """Return when something happened to the run or to the reader, or when the clock says `at`."""
        timer = None
        if at is not None:
            timer = asyncio.get_running_loop().call_later(max(0.001, at - now), self._wake.set)
        await self._wake.wait()
        self._wake.clear()
        if timer is not None:
            timer.cancel()

    async def _send(self, send: Send, events: list[Event], *, closed: bool) -> bool:
        """Send events, the last ones where `closed`; return False where the stream was cut instead."""
        cut, is_cut = self._cut, self._is_cut(len(events))
        more = is_cut or not closed
        if cut is not None and is_cut:
            events = events[: cut.after - self._sent]
            if cut.how == "lie":
                events = [*events, self._lie]
            more = cut.how in ("break", "silence")
        lines = [f"data: {json.dumps(event)}\n\n".encode() for event in events]
        if self._noise_after is not None and self._sent + len(events) >= self._noise_after:
            lines.insert(max(0, self._noise_after - self._sent), NOISE)
            self._noise_after = None
        self._sent += len(events)
        await send({"type": "http.response.body", "body": b"".join(lines), "more_body": more})
        return not is_cut

    def _is_cut(self, coming: int) -> bool:
        return self._cut is not None and self._sent + coming >= self._cut.after

    async def _end_cut(self, gone: "asyncio.Future[None]") -> bool:
        """Return whether a cut stream is closed in order; a silent one waits until the reader leaves."""
        if self._cut is not None and self._cut.how == "silence":
            await gone
        return self._cut is not None and self._cut.how != "break"
