"""Reading what one run does, for those who watch it: from Suna, without the run's keys, into Redis.

It may fail in every way without any harm to the run, which never waits for it.
"""

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import redis.asyncio
from redis.exceptions import RedisError

from executions.agent_service import AgentService, AgentServiceError, SecretText
from executions.live_output import LiveEvent, event_as_json
from executions.orchestrator.live_keys import stream_key
from executions.orchestrator.live_scrub import LiveScrubber
from executions.orchestrator.live_writer import LiveBuffer, LiveWriter
from executions.orchestrator.patience import Patience

logger = logging.getLogger(__name__)

WRITE_EACH_S = 0.2
REOPEN_AFTER_S = 2.0
REOPEN_AFTER_AT_MOST_S = 60.0
LAST_WORDS_S = 1.0
"""So long a run that is over may still be read: its last words are on their way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRun:
    """A run that is followed, as live output needs it. `id` is our row's, `run_id` the service's.

    `service` gives the connection as it stands, `secrets` the keys that went along with the start.
    """

    id: uuid.UUID
    execution_id: uuid.UUID
    run_id: str
    place: str | None
    service: Callable[[], AgentService] = field(repr=False)
    secrets: Callable[[], Awaitable[Sequence[SecretText]]] = field(repr=False)


class LiveReader:
    """Reads one run until it is closed. `failed` is told once Redis does not take what is written."""

    def __init__(
        self, run: LiveRun, client: "redis.asyncio.Redis", *, failed: Callable[["LiveReader"], None]
    ) -> None:
        self.run = run
        self._failed = failed
        self._buffer = LiveBuffer()
        self._writer = LiveWriter(client, stream_key(run.id))
        self._news = asyncio.Event()
        self._ending = asyncio.Event()
        self._is_over = self._begins = False
        self._buffer.begin()
        self._news.set()
        self._follow = asyncio.create_task(self._follow_on(), name=f"live output of {run.run_id}")
        self._write = asyncio.create_task(self._write_on(), name=f"live writer of {run.run_id}")

    async def close(self) -> None:
        """Stop reading: nobody watches any more."""
        self._follow.cancel()
        self._write.cancel()
        await asyncio.gather(self._follow, self._write, return_exceptions=True)

    async def finish(self) -> None:
        """Read the last words of a run that is over, say that it is, and stop."""
        self._ending.set()
        await asyncio.wait([self._follow], timeout=LAST_WORDS_S)
        self._follow.cancel()
        await asyncio.gather(self._follow, return_exceptions=True)
        self._say({"kind": "ended"})
        self._is_over = True
        await asyncio.gather(self._write, return_exceptions=True)

    async def keep(self) -> None:
        """Keep what was written, though nothing new comes."""
        await self._writer.keep()

    async def _follow_on(self) -> None:
        """Read the run again and again, each time from its beginning, until it is over."""
        patience = Patience(first_s=REOPEN_AFTER_S, longest_s=REOPEN_AFTER_AT_MOST_S)
        while True:
            code = await self._read()
            if self._ending.is_set():
                return
            if code is not None:
                self._say({"kind": "unavailable", "code": code})
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience.next()):
                    await self._ending.wait()
                    return

    async def _read(self) -> str | None:
        """Read the run once; return why that was not possible, if so."""
        # What was told before stays until there is something new to tell.
        self._begins = True
        try:
            scrubber = LiveScrubber(await self.run.secrets())
            try:
                tell = _teller(scrubber, self._tell)
                await self.run.service().follow_live(self.run.run_id, place=self.run.place, tell=tell)
            finally:
                for event in scrubber.flush():
                    self._tell(event)
        except AgentServiceError as error:
            logger.info("no live output of run %s for now: %s", self.run.id, error.code)
            return error.code
        except Exception as error:
            # Ours is the fault, or PostgreSQL's: it costs what people see of the run, and nothing else.
            logger.exception("live output of run %s broke off: %s", self.run.id, type(error).__name__)
            return "internal_error"
        return None

    def _tell(self, event: LiveEvent) -> None:
        if self._begins:
            self._begins = False
            self._buffer.begin()
        self._say(event_as_json(event))

    def _say(self, event: dict[str, object]) -> None:
        self._buffer.add(event, chars=sum(len(value) for value in event.values() if isinstance(value, str)))
        self._news.set()

    async def _write_on(self) -> None:
        """Write what was told, a few times a second at most, until the run is over."""
        while True:
            await self._news.wait()
            self._news.clear()
            is_last = self._is_over
            events = self._buffer.take()
            try:
                if events:
                    await self._writer.write(events)
            except (RedisError, OSError) as error:
                logger.warning("live output cannot be written: %s", type(error).__name__)
                self._failed(self)
                return
            except Exception:
                logger.exception("live output of run %s cannot be written", self.run.id)
                self._failed(self)
                return
            if is_last:
                return
            await asyncio.sleep(WRITE_EACH_S)


def _teller(scrubber: LiveScrubber, tell: Callable[[LiveEvent], None]) -> Callable[[LiveEvent], None]:
    def scrubbed(event: LiveEvent) -> None:
        for clean in scrubber.scrub(event):
            tell(clean)

    return scrubbed
