"""Writing one run's live output into its Redis stream: in batches, capped, and gone by itself before long."""

import json
from collections import deque
from typing import Any

import redis.asyncio

from executions.orchestrator.live_keys import EVENTS, KEEP_S, MAX_BYTES, MAX_ENTRIES, NUMBER

Event = dict[str, Any]

MAX_BUFFERED_CHARS = 128 * 1024
"""Of what was told and is not written yet. A run that tells more at once is told of in part."""


class LiveBuffer:
    """What was told and is not written yet. Taking it in never waits, and never takes more than its limit."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._chars = 0
        self._dropped = 0

    def add(self, event: Event, *, chars: int) -> None:
        """Take in an event, if there is room; text that follows on the last is joined to it."""
        if self._chars + chars > MAX_BUFFERED_CHARS:
            self._dropped += 1
            return
        self._chars += chars + 50
        last = self._events[-1] if self._events else None
        if last is not None and _follows(last, event):
            last["text"] += event["text"]
            return
        self._events.append(event)

    def begin(self) -> None:
        """Forget what is not written: what it tells of is told anew, from its beginning."""
        self._events, self._chars, self._dropped = [{"kind": "begin"}], 0, 0

    def take(self) -> list[Event]:
        """Return all of it, and what was dropped as a last event; it is empty then."""
        events = self._events
        if self._dropped:
            events.append({"kind": "left_out", "why": "too_fast", "count": self._dropped})
        self._events, self._chars, self._dropped = [], 0, 0
        return events


class LiveWriter:
    """The one writer of a run's stream. An entry is a batch; since the beginning they are numbered from 0."""

    def __init__(self, client: "redis.asyncio.Redis", key: str) -> None:
        self._client = client
        self._key = key
        self._number = 0
        self._sizes: deque[int] = deque()
        self._bytes = 0

    async def write(self, events: list[Event]) -> None:
        """Append a batch; where it begins anew all before it goes. Raises RedisError."""
        begins = events[0]["kind"] == "begin"
        if begins:
            self._number = 0
            self._sizes.clear()
            self._bytes = 0
        data = json.dumps(events, ensure_ascii=False).encode(errors="replace")
        self._sizes.append(len(data))
        self._bytes += len(data)
        while len(self._sizes) > MAX_ENTRIES or (self._bytes > MAX_BYTES and len(self._sizes) > 1):
            self._bytes -= self._sizes.popleft()
        fields: dict[Any, Any] = {NUMBER: self._number, EVENTS: data}
        async with self._client.pipeline(transaction=True) as pipeline:
            # Exactly so many, so that ids go on growing: a deleted stream would begin them anew.
            pipeline.xadd(self._key, fields, maxlen=len(self._sizes), approximate=False)
            pipeline.expire(self._key, KEEP_S)
            await pipeline.execute()
        self._number += 1

    async def keep(self) -> None:
        """Keep what was written from running out. Raises RedisError."""
        await self._client.expire(self._key, KEEP_S)


def _follows(last: Event, event: Event) -> bool:
    kinds = last["kind"] == event["kind"] == "text"
    return kinds and bool(last["message"] == event["message"])
