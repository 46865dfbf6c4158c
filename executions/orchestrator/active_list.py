"""Which runs of one connection are under way, by one request a tick for all of them.

A run that is missing from the list is asked for at once. A list that fails, or that a run contradicts, is not
believed for a while: then polls alone have to do.
"""

import asyncio
import logging
from typing import TYPE_CHECKING

from django.conf import settings

from executions.agent_service import AgentService, AgentServiceError
from executions.orchestrator.patience import Patience, jitter

if TYPE_CHECKING:
    from executions.orchestrator.watch_run import Watch

logger = logging.getLogger(__name__)

DISTRUST_S = 10.0
DISTRUST_AT_MOST_S = 300.0


class ActiveList:
    """The list of one connection. It is asked for as long as somebody waits for a run by it."""

    def __init__(self, service: AgentService) -> None:
        self._service = service
        # By run, whether the list has told of it while it was waited for.
        self._seen: dict[Watch, bool] = {}
        self._task: asyncio.Task[None] | None = None
        self._distrust = _new_distrust()
        self._distrusted_until = 0.0
        self._probe: Watch | None = None
        self._held_back: list[Watch] = []

    def join(self, watch: "Watch") -> None:
        """Look out for a run from now on."""
        self._seen[watch] = False
        if self._task is None or self._task.done():
            self._probe, self._held_back = None, []
            self._task = asyncio.create_task(self._ask_for_ever(), name="list of active runs")

    def leave(self, watch: "Watch") -> None:
        """Look out for a run no more. Where it was the one that an empty list was tried with, it was over."""
        self._seen.pop(watch, None)
        if watch is self._probe:
            for other in self._held_back:
                if other in self._seen:
                    other.tell(by=self)
            self._held_back = []

    def tells_of(self, watch: "Watch") -> bool:
        """Whether the list is believed and has told of this run."""
        return self._seen.get(watch, False) and not self._is_distrusted()

    def contradicted(self) -> None:
        """Take in that a run goes on which the list said is over."""
        self._do_not_believe("a run that it did not list goes on")

    async def aclose(self) -> None:
        """Ask no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _ask_for_ever(self) -> None:
        while True:
            await asyncio.sleep(settings.ORCHESTRATOR.active_list_tick_s * jitter(0.9, 1.1))
            if not self._seen:
                return
            if self._is_distrusted():
                continue
            # The answer may be older than a run that joins while it is under way.
            asked_for = list(self._seen)
            try:
                active = await self._service.list_active_runs()
            except AgentServiceError as error:
                self._do_not_believe(error.code)
            else:
                self._take(active, [watch for watch in asked_for if watch in self._seen])

    def _take(self, active: frozenset[str], asked_for: "list[Watch]") -> None:
        missing = []
        for watch in asked_for:
            if watch.run_id not in active:
                missing.append(watch)
            elif not self._seen[watch]:
                self._seen[watch] = True
                watch.reconsider()
        for watch in self._believe(missing, is_empty=not active):
            watch.tell(by=self)

    def _believe(self, missing: "list[Watch]", *, is_empty: bool) -> "list[Watch]":
        """Return of whom to tell. An empty list is tried with one run before it is believed for all."""
        if not is_empty or len(missing) < 2:
            self._probe = None
            return missing
        if self._probe is None:
            self._probe, *self._held_back = missing
            return [self._probe]
        # Who was tried is still there until it has been asked for; gone, it was over indeed.
        return [] if self._probe in self._seen else missing

    def _is_distrusted(self) -> bool:
        return asyncio.get_running_loop().time() < self._distrusted_until

    def _do_not_believe(self, why: str) -> None:
        if self._is_distrusted():
            return
        for_s = self._distrust.next()
        logger.info("the list of active runs is not believed for %.0f s: %s", for_s, why)
        self._distrusted_until = asyncio.get_running_loop().time() + for_s
        self._probe, self._held_back = None, []
        for watch in self._seen:
            watch.reconsider()


def _new_distrust() -> Patience:
    return Patience(first_s=DISTRUST_S, longest_s=DISTRUST_AT_MOST_S)
