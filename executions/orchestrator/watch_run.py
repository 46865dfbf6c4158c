"""Waiting for one run: until a hint says that it may be over, until its next poll, or until it is stopped."""

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Self

from django.conf import settings

from executions.agent_service import AgentService, AgentServiceError, Urgency
from executions.orchestrator.active_list import ActiveList
from executions.orchestrator.patience import Patience, jitter
from executions.orchestrator.poll_pace import poll_interval_s

if TYPE_CHECKING:
    from executions.orchestrator.hints import Hints

logger = logging.getLogger(__name__)

ASK_AGAIN_S = 0.05
REOPEN_AFTER_S = 1.0
REOPEN_AFTER_AT_MOST_S = 300.0
NO_ROOM_S = 30.0
LASTED_S = 60.0
"""A stream that lasted so long was a good one, whatever ended it: the back-off begins anew."""


class StreamTooBusy(Exception):
    """A stream has to go, because all of them together bring too much."""


class Watch:
    """What tells of one run. When this context is left, its stream is closed and its list forgets it.

    `events_heard` is how many events the run's stream has told of it: more of them are a sign of life.
    """

    def __init__(
        self,
        hints: "Hints",
        run_id: str,
        *,
        service: Callable[[], AgentService],
        stopping: asyncio.Event,
    ) -> None:
        self.run_id = run_id
        self._hints = hints
        self._service = service
        self._stopping = stopping
        self._news = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._list: ActiveList | None = None
        self._stream_task: asyncio.Task[None] | None = None
        self._began = False
        self._streams = False
        self._events_of_stream = 0
        self.events_heard = 0
        self._too_busy = False
        self._hinted = False
        self._hinted_by: ActiveList | None = None
        self._asked_after_hint = False
        # How long to wait before asking again after a hint that was not true, or not yet.
        self._ask_again_s: float | None = None

    async def __aenter__(self) -> Self:
        self._tasks.append(asyncio.create_task(self._wake_at_stop(), name=f"stop of {self.run_id}"))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._hints.pace.leave(self)
        self._leave_list()
        for task in self._tasks:
            task.cancel()
        for ended in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(ended, Exception):
                # Polls were there all the time: the run came to no harm by it.
                logger.error("watching run %s failed", self.run_id, exc_info=ended)

    def ask(self) -> Urgency:
        """Take in that the run is asked for now; return how urgent that is, more so after a hint."""
        self._asked_after_hint, self._hinted = self._hinted, False
        is_told = self._asked_after_hint or self._ask_again_s is not None
        return Urgency.FINISH if is_told else Urgency.POLL

    def goes_on(self) -> None:
        """Take in that the run is not over: listen for hints, and doubt the one that there was."""
        if not self._began:
            self._began = True
            offered = self._service().hints
            if offered.by_watching:
                self._stream_task = asyncio.create_task(self._stream(), name=f"stream of {self.run_id}")
                self._tasks.append(self._stream_task)
            elif offered.by_list:
                self._join_list()
        if self._asked_after_hint and self._hinted_by is not None:
            self._hinted_by.contradicted()
        elif self._asked_after_hint:
            # Suna tells the end on the stream up to half a second before it says so itself (suna-contract
            # §9.25): until the next poll would be due it is asked a few times more.
            self._ask_again_s = ASK_AGAIN_S
        self._asked_after_hint, self._hinted_by = False, None

    async def wait(self, *, age_s: float, at_least_s: float, at_most_s: float, polls_only: bool) -> None:
        """Return when the run should be asked for again, or when it is to be stopped.

        With `polls_only`, because something is wrong, no hint makes the wait longer or shorter.
        """
        now = asyncio.get_running_loop().time
        interval_s, since = poll_interval_s(age_s), now()
        while (polls_only or not self._hinted) and not self._stopping.is_set():
            pause_s = min(max(self._pause_s(interval_s, polls_only=polls_only), at_least_s), at_most_s)
            self._news.clear()
            try:
                async with asyncio.timeout_at(since + pause_s):
                    await self._news.wait()
            except TimeoutError:
                break
        if self._ask_again_s is not None:
            longer_s = self._ask_again_s * 2
            self._ask_again_s = longer_s if longer_s < interval_s else None

    def tell(self, *, by: ActiveList | None = None) -> None:
        """Have the run asked for at once."""
        self._hinted, self._hinted_by = True, by
        self._news.set()

    def begin_anew(self) -> None:
        """Listen no more to the connection as it was, and have the run asked for with what it is now."""
        self._leave_list()
        if self._stream_task is not None:
            self._stream_task.cancel()
        self._began = False
        self.tell()

    def reconsider(self) -> None:
        """Have the time of the next poll thought over: a hint has come to be there, or is there no more."""
        self._news.set()

    def close_stream(self) -> None:
        """Have the stream closed when it next brings something."""
        self._too_busy = True

    def _pause_s(self, interval_s: float, *, polls_only: bool) -> float:
        if self._ask_again_s is not None:
            return min(self._ask_again_s, interval_s)
        is_listed = self._list is not None and self._list.tells_of(self)
        if (self._streams or is_listed) and not polls_only:
            interval_s = max(interval_s, settings.ORCHESTRATOR.poll_beside_stream_s * jitter(0.9, 1.0))
        return self._hints.pace.stretch(self, interval_s)

    async def _wake_at_stop(self) -> None:
        await self._stopping.wait()
        self._news.set()

    async def _stream(self) -> None:
        """Keep a stream of the run open, as far as there is room and as it does any good."""
        now = asyncio.get_running_loop().time
        patience = Patience(first_s=REOPEN_AFTER_S, longest_s=REOPEN_AFTER_AT_MOST_S)
        while True:
            began = now()
            at_least_s = None if await self._read_stream() else NO_ROOM_S
            # Whatever comes meanwhile, the list tells of it, where there is one.
            if self._service().hints.by_list:
                self._join_list()
            if now() - began > LASTED_S:
                patience = Patience(first_s=REOPEN_AFTER_S, longest_s=REOPEN_AFTER_AT_MOST_S)
            await asyncio.sleep(patience.next(at_least_s=at_least_s))

    async def _read_stream(self) -> bool:
        """Read a stream to its end; False where there is no room for it."""
        if not self._hints.take_room(self):
            return False
        self._too_busy = False
        self._events_of_stream = 0
        try:
            if await self._service().watch_run(self.run_id, heard=self._heard):
                self.tell()
        except StreamTooBusy:
            return False
        except AgentServiceError as error:
            logger.debug("the stream of run %s is not there: %s", self.run_id, error.code)
        finally:
            self._hints.give_room(self)
            self._streams = False
            self.reconsider()
        return True

    def _heard(self, events: int) -> None:
        if self._too_busy:
            raise StreamTooBusy
        if not self._streams:
            self._streams = True
            self._leave_list()
            self.reconsider()
        if events:
            self._hints.count_events(self, events)
            # A stream that is opened anew tells everything anew: that is no sign of life.
            self._events_of_stream += events
            self.events_heard = max(self.events_heard, self._events_of_stream)

    def _join_list(self) -> None:
        if self._list is None:
            self._list = self._hints.list_of(self._service())
            self._list.join(self)

    def _leave_list(self) -> None:
        if self._list is not None:
            self._list.leave(self)
            self._list = None
