"""The one reader of events in a web process, for all who follow executions.

The events table is the source: what is sent was read there, by its number, so that nothing is missed and
nothing comes twice. Redis only says when to look; a hint that is lost costs `LOOK_EACH_S`. All of it runs in
one event loop, so that nothing here needs a lock. A client takes one piece after the other at its own pace:
what is kept for it is never more than one page.
"""

import asyncio
import logging
import uuid
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from executions.live.event_frames import Render, end_frame, event_frame
from executions.live.event_rows import PAGE, Ask, Standing, find_events, find_standings
from executions.live.listener import Listener
from executions.live.reading_thread import reading_thread_of_loop
from executions.models import ExecutionEvent
from executions.orchestrator.event_hints import CHANNEL, read_hint
from executions.orchestrator.wake import listen_on

logger = logging.getLogger(__name__)

LOOK_EACH_S = 2.0
GATHER_S = 0.02
"""Between two looks, so that many small commits are one look."""
AFTER_FAULT_S = 1.0
KEPT_BYTES = 65_536
"""So much of an execution's newest events is kept for those who follow it closely."""
PAGE_BYTES = 262_144
"""So much is kept for a client that is further behind."""
TAKEN_BYTES = 65_536
"""A client is given no more at a time, save where one event alone is larger."""

Frame = tuple[int, bytes]
"""An event's number and what is sent of it."""
ChannelKey = tuple[uuid.UUID, str]


class Channel:
    """An execution in one language, as those who follow it are told of it."""

    def __init__(self, key: ChannelKey, head: int) -> None:
        self.key = key
        self.head = head
        self.kept: deque[Frame] = deque()
        self._kept_bytes = 0
        self.standing: Standing | None = None
        self.is_gone = False
        self.clients: set[EventClient] = set()

    @property
    def ask(self) -> Ask:
        """What is to be read next."""
        return Ask(execution_id=self.key[0], after=self.head)

    def take_in(self, frames: Sequence[Frame], standing: Standing | None) -> None:
        """Take in what a look found, and tell those who follow."""
        self.kept.extend(frames)
        self._kept_bytes += sum(len(frame) for _, frame in frames)
        while self._kept_bytes > KEPT_BYTES and len(self.kept) > 1:
            self._kept_bytes -= len(self.kept.popleft()[1])
        self.head = frames[-1][0] if frames else self.head
        self.standing, self.is_gone = standing, standing is None
        if frames or self.is_gone or self.is_told(self.head):
            for client in self.clients:
                client.news.set()

    def is_told(self, seq: int) -> bool:
        """Whether nothing follows after this number, ever."""
        return self.standing is not None and self.standing.is_over and seq >= self.standing.last_seq

    def after(self, seq: int) -> list[Frame] | None:
        """Return what is kept after a number; None where some of it is kept no more."""
        first = self.kept[0][0] if self.kept else self.head + 1
        if first > seq + 1:
            return None
        return [frame for frame in self.kept if frame[0] > seq]


class EventClient(Listener):
    """Somebody who follows one execution from an event on."""

    def __init__(self, hub: "EventHub", channel: Channel, after: int) -> None:
        super().__init__()
        self.channel = channel
        self.seq = after
        self._hub = hub
        self._page: list[Frame] = []
        # What there is already is there to be taken.
        self.news.set()

    def take(self) -> bytes:
        """Return the next events that are at hand; where none are, the hub reads some."""
        self.news.clear()
        if self.is_over:
            self.news.set()
            return b""
        if self.channel.is_gone:
            self.end()
            return end_frame(None, last_seq=self.seq)
        frames = self._page or self.channel.after(self.seq)
        if frames is None:
            self._hub.read_for(self)
            return b""
        data = self._first_of(frames)
        if self.channel.is_told(self.seq):
            self.end()
            return data + end_frame(self.channel.standing, last_seq=self.seq)
        if data:
            # There may be more at once.
            self.news.set()
        return data

    def give_page(self, frames: Sequence[Frame]) -> None:
        """Take in what the hub has read for this client alone."""
        size = 0
        for seq, frame in frames:
            size += len(frame)
            if self._page and size > PAGE_BYTES:
                break
            self._page.append((seq, frame))
        if self._page:
            self.news.set()

    def leave(self) -> None:
        """Have the hub forget it."""
        self._hub.leave(self)

    def _first_of(self, frames: Sequence[Frame]) -> bytes:
        taken: list[bytes] = []
        size = 0
        for seq, frame in frames:
            if taken and size + len(frame) > TAKEN_BYTES:
                break
            size += len(frame)
            taken.append(frame)
            self.seq = seq
        self._page = self._page[len(taken) :]
        return b"".join(taken)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What one look brought."""

    standings: Mapping[uuid.UUID, Standing]
    frames: Mapping[tuple[Ask, str], list[Frame]]


class EventHub:
    """The hub of one event loop. It works while it has clients."""

    def __init__(self, render: Render) -> None:
        self._render = render
        self._channels: dict[ChannelKey, Channel] = {}
        self._dirty: set[ChannelKey] = set()
        self._behind: set[EventClient] = set()
        self._news = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def join(self, execution_id: uuid.UUID, *, language: str, after: int) -> EventClient:
        """Return a client that is given what comes after event number `after`, which is there, or is 0."""
        key = (execution_id, language)
        channel = self._channels.setdefault(key, Channel(key, after))
        client = EventClient(self, channel, after)
        channel.clients.add(client)
        self._mark(key)
        if not self._tasks:
            self._tasks = [
                asyncio.create_task(self._look_on(), name="event hub: rows"),
                asyncio.create_task(listen_on(CHANNEL, self._hear), name="event hub: hints"),
            ]
        return client

    def leave(self, client: EventClient) -> None:
        """Take in that a client is gone; with the last one the hub rests."""
        channel = client.channel
        channel.clients.discard(client)
        self._behind.discard(client)
        if not channel.clients:
            self._channels.pop(channel.key, None)
        if not self._channels:
            for task in self._tasks:
                task.cancel()
            self._tasks = []

    def read_for(self, client: EventClient) -> None:
        """Read a page for a client that is too far behind for what is kept."""
        self._behind.add(client)
        self._news.set()

    def _mark(self, key: ChannelKey) -> None:
        self._dirty.add(key)
        self._news.set()

    def _hear(self, hint: bytes) -> None:
        named = set(read_hint(hint))
        for key in self._channels:
            if key[0] in named:
                self._mark(key)

    async def _look_on(self) -> None:
        thread = reading_thread_of_loop()
        thread.begin_use()
        loop = asyncio.get_running_loop()
        look_at_all_at = 0.0
        try:
            while True:
                if loop.time() >= look_at_all_at:
                    self._dirty |= self._channels.keys()
                    look_at_all_at = loop.time() + LOOK_EACH_S
                self._news.clear()
                channels = [self._channels[key] for key in self._dirty if key in self._channels]
                behind = {client: client.seq for client in self._behind}
                self._dirty.clear()
                self._behind.clear()
                if channels or behind:
                    try:
                        await self._look(channels, behind)
                    except Exception as error:  # noqa: BLE001  whatever it is, the next look may do better
                        logger.warning("events are not read: %s", type(error).__name__)
                        self._dirty.update(channel.key for channel in channels)
                        self._behind.update(client for client in behind if client in client.channel.clients)
                        await asyncio.sleep(AFTER_FAULT_S)
                        continue
                await asyncio.sleep(GATHER_S)
                try:
                    async with asyncio.timeout_at(look_at_all_at):
                        await self._news.wait()
                except TimeoutError:
                    continue
        finally:
            thread.end_use()

    async def _look(self, channels: Sequence[Channel], behind: Mapping[EventClient, int]) -> None:
        asks = {(channel.ask, channel.key[1]) for channel in channels}
        asks |= {
            (Ask(execution_id=client.channel.key[0], after=seq), client.channel.key[1])
            for client, seq in behind.items()
        }
        ids = {channel.key[0] for channel in channels}
        heads = [(channel, (channel.ask, channel.key[1])) for channel in channels]
        found = await reading_thread_of_loop().read(_read, asks, ids, self._render)
        for channel, ask in heads:
            channel.take_in(found.frames[ask], found.standings.get(channel.key[0]))
            if len(found.frames[ask]) == PAGE:
                self._mark(channel.key)
        for client, seq in behind.items():
            ask = (Ask(execution_id=client.channel.key[0], after=seq), client.channel.key[1])
            client.give_page(found.frames[ask])


def _read(asks: Collection[tuple[Ask, str]], ids: Collection[uuid.UUID], render: Render) -> _Found:
    # How they stand comes first: what is over then has no event later than those that are read next.
    standings = find_standings(ids)
    moved = {
        ask
        for ask, _ in asks
        if ask.execution_id not in standings or standings[ask.execution_id].last_seq > ask.after
    }
    events = find_events(moved)
    nothing: list[ExecutionEvent] = []
    return _Found(
        standings=standings,
        frames={
            (ask, language): [
                (event.seq, event_frame(event, render=render, language=language))
                for event in events.get(ask, nothing)
            ]
            for ask, language in asks
        },
    )


_HUBS: "WeakKeyDictionary[asyncio.AbstractEventLoop, EventHub]" = WeakKeyDictionary()


def event_hub_of_loop(render: Render) -> EventHub:
    """Return the hub of the running event loop; the first who asks says how events are written."""
    return _HUBS.setdefault(asyncio.get_running_loop(), EventHub(render))
