"""Runs that have answered and never say that they are over: when their answer counts, and their stop.

A Suna of 22 September to 23 November 2025 without keys for Langfuse leaves every run that ends normally at
`running` (suna-contract §9.16). All of its rows are there: where they end in a whole answer and nothing has
changed in the thread for `lingering_s`, the run is over.
"""

import asyncio
import datetime as dt
import logging
from collections.abc import Callable

from django.conf import settings

from executions.agent_service import AgentService, AgentServiceError, RunStatus, RunView, Urgency
from executions.orchestrator.patience import Patience
from executions.orchestrator.tracked import RunRecord

logger = logging.getLogger(__name__)

STOP_TRIES = 5


class Lingering:
    """What was seen of one run that says it is under way. A driver that takes it up later sees it anew.

    Its thread is read only once the run has been quiet for `lingering_s`, and then at most once in as long a
    time; that the run is over takes two reads, so long apart, that told the same.
    """

    def __init__(self, run: RunRecord) -> None:
        self._run = run
        self._quiet_since: dt.datetime | None = run.started_at
        self._events = 0
        self._mark: str | None = None

    async def is_over(
        self, service: AgentService, view: RunView, *, events: int, now: Callable[[], dt.datetime]
    ) -> bool:
        """Take in a look at the run by PostgreSQL's time; return whether it has answered and lingers.

        `events` is how many its stream has told so far.
        """
        if view.status is not RunStatus.RUNNING or not service.traits.may_linger:
            self._mark = None
            return False
        if self._quiet_since is None or events > self._events:
            # Whatever its stream tells is a sign of life, and the thread need not be read.
            self._events, self._quiet_since, self._mark = events, now(), None
            return False
        if (now() - self._quiet_since).total_seconds() < settings.ORCHESTRATOR.lingering_s:
            return False
        before, self._mark = self._mark, await _read_mark(service, self._run, view, is_over=False)
        # From when the answer was there, so that nothing that came during the read counts as old.
        self._quiet_since = now()
        return before is not None and before == self._mark


async def has_answered(service: AgentService, run: RunRecord, view: RunView) -> bool:
    """Return whether a run that was stopped had answered in full before that.

    A run that is stopped at its work leaves no answer (suna-contract §9.28): its tokens and its last words
    are written when they are whole. Where Suna stopped it on its own it says why, and that counts.
    """
    if view.status is not RunStatus.STOPPED or view.error or not service.traits.may_linger:
        return False
    return await _read_mark(service, run, view, is_over=True) is not None


async def stop_lingering(service: AgentService, view: RunView) -> None:
    """Stop a run whose answer is taken, trying a few times: that it is not stopped costs a place in Suna."""
    patience = Patience(longest_s=2.0)
    for _ in range(STOP_TRIES):
        try:
            found = await service.get_run(view.run_id, urgency=Urgency.STOP)
            if found.status in (RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.STOPPED):
                return
            await service.stop_run(view.run_id)
        except AgentServiceError as error:
            logger.info("run %s, which lingers, is not stopped yet: %s", view.run_id, error.code)
        else:
            continue
        await asyncio.sleep(patience.next())
    logger.warning("run %s has answered and could not be stopped: Suna counts it as under way", view.run_id)


async def _read_mark(service: AgentService, run: RunRecord, view: RunView, *, is_over: bool) -> str | None:
    try:
        return await service.mark_whole_answer(
            view.run_id, place=run.thread_id or view.place, is_over=is_over
        )
    except AgentServiceError as error:
        logger.info("whether run %s has answered is not known: %s", view.run_id, error.code)
        return None
