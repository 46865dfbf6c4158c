"""A stream of server-sent events, from its first byte to its end, whatever it tells of."""

import asyncio
import random
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from executions.live.frames import FIRST, HEARTBEAT, retry_frame
from executions.live.listener import Listener
from executions.live.places import Place
from executions.live.rights import Watcher, rights_of_loop

STOP_S = 1.5
"""So long a client that is slow is waited for when the server stops."""
COME_BACK_MS = (500, 3000)
"""When clients come back after a stop: not all at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """What one client is to be sent. `join` is called in the task that writes, once it begins."""

    watcher: Watcher
    place: Place
    join: Callable[[], Listener]
    heartbeat_s: float
    lasts_s: float


class OpenStreams:
    """The streams of one event loop."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self.is_stopped = False

    def add(self, listener: Listener) -> None:
        """Take in a stream; when the server stops already it ends at once."""
        self._listeners.add(listener)
        if self.is_stopped:
            listener.end()

    def remove(self, listener: Listener) -> None:
        """Take in that one has ended."""
        self._listeners.discard(listener)

    def stop(self) -> None:
        """End every stream, and every one that is opened from now on; cut off who does not read."""
        self.is_stopped = True
        for listener in self._listeners:
            listener.end()
        asyncio.get_running_loop().call_later(STOP_S, self._cut_off)

    def _cut_off(self) -> None:
        for listener in list(self._listeners):
            listener.cut_off()


_OPEN: "WeakKeyDictionary[asyncio.AbstractEventLoop, OpenStreams]" = WeakKeyDictionary()


def open_streams_of_loop() -> OpenStreams:
    """Return the streams of the running event loop."""
    return _OPEN.setdefault(asyncio.get_running_loop(), OpenStreams())


async def follow(stream: Stream) -> AsyncGenerator[bytes, None]:
    """Yield a stream's bytes until there is no more, the time is up or the right is gone.

    Whoever stops iterating must close the iterator: it gives the place back.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + stream.lasts_s
    opened, rights = open_streams_of_loop(), rights_of_loop()
    listener = stream.join()
    stream.place.use()
    opened.add(listener)
    rights.join(stream.watcher, listener)
    try:
        yield FIRST
        while loop.time() < until:
            try:
                async with asyncio.timeout(stream.heartbeat_s):
                    await listener.news.wait()
            except TimeoutError:
                yield HEARTBEAT
                continue
            data = listener.take()
            if data:
                yield data
            if listener.is_over:
                break
        if opened.is_stopped:
            yield retry_frame(random.randint(*COME_BACK_MS))  # noqa: S311  no secret
    finally:
        rights.leave(listener)
        opened.remove(listener)
        listener.leave()
        stream.place.give_back()
