"""What tells a driver that a run may be over, before its next poll would: Suna's event streams and lists.

A hint only makes us ask; the answer decides. A hint that is lost, late or wrong costs time and nothing else,
because polls go on beside every hint, only slower. All that a driver's hints may cost is limited here.
"""

import asyncio
import logging
from collections.abc import Callable

from django.conf import settings

from executions.agent_service import AgentService
from executions.orchestrator.active_list import ActiveList
from executions.orchestrator.poll_pace import PollPace
from executions.orchestrator.watch_run import Watch

logger = logging.getLogger(__name__)

WINDOW_S = 1.0
ROOM_AGAIN = 0.8
"""Of the events a second: while there are more, no further stream is opened."""


class Hints:
    """The streams, the lists and the polls of one driver, and their limits."""

    def __init__(self) -> None:
        chosen = settings.ORCHESTRATOR
        self._max_streams = chosen.streams
        self._max_events_per_s = chosen.stream_events_per_s
        self._open: dict[Watch, int] = {}
        self._lists: dict[AgentService, ActiveList] = {}
        self._window_since = 0.0
        self._window_events = 0
        self._events_per_s = 0.0
        self.pace = PollPace(per_s=chosen.polls_per_s)

    @property
    def open_streams(self) -> int:
        """How many streams are open, or being opened."""
        return len(self._open)

    def watch(self, run_id: str, *, service: Callable[[], AgentService], stopping: asyncio.Event) -> Watch:
        """Return what tells of a run; use it as a context. `service` gives the connection as it stands."""
        return Watch(self, run_id, service=service, stopping=stopping)

    def list_of(self, service: AgentService) -> ActiveList:
        """Return the one list of a connection, which all its runs share."""
        if service not in self._lists:
            self._lists[service] = ActiveList(service)
        return self._lists[service]

    def take_room(self, watch: Watch) -> bool:
        """Count a stream that is about to be opened; False where there is no room for it now."""
        if len(self._open) >= self._max_streams:
            return False
        if self._current_events_per_s() > self._max_events_per_s * ROOM_AGAIN:
            return False
        self._open[watch] = 0
        return True

    def give_room(self, watch: Watch) -> None:
        """Take in that a stream was closed."""
        self._open.pop(watch, None)

    def count_events(self, watch: Watch, events: int) -> None:
        """Count what came on a stream; each second, see to it that it is not too much in all."""
        self._open[watch] = self._open.get(watch, 0) + events
        self._window_events += events
        now = asyncio.get_running_loop().time()
        lasted_s = now - self._window_since
        if lasted_s < WINDOW_S:
            return
        if lasted_s < 2 * WINDOW_S:
            self._events_per_s = self._window_events / lasted_s
            self._close_busiest(self._window_events - self._max_events_per_s * lasted_s)
        self._window_since, self._window_events = now, 0
        self._open = dict.fromkeys(self._open, 0)

    async def aclose(self) -> None:
        """Ask no list any more. The streams end with the watches that hold them."""
        for active_list in self._lists.values():
            await active_list.aclose()

    def _current_events_per_s(self) -> float:
        # Nobody counts where nothing comes: the last count is no longer true then.
        silent_s = asyncio.get_running_loop().time() - self._window_since
        return self._events_per_s if silent_s < 2 * WINDOW_S else 0.0

    def _close_busiest(self, too_many: float) -> None:
        if too_many <= 0:
            return
        closed = 0
        for watch, events in sorted(self._open.items(), key=lambda item: item[1], reverse=True):
            if too_many <= 0:
                break
            watch.close_stream()
            too_many -= events
            closed += 1
        logger.info("%s of %s streams closed: %.0f events/s", closed, len(self._open), self._events_per_s)
