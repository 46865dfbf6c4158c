"""Reading what an ended run left behind: its answer, and its usage even where there is no answer."""

import asyncio
import datetime as dt
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from django.conf import settings

from executions.agent_service import (
    AgentService,
    AgentServiceError,
    BadResponse,
    CredentialRefused,
    CredentialUnreadable,
    PaymentRequired,
    RedirectRefused,
    RunResult,
    RunView,
    Throttled,
    Unavailable,
    Urgency,
)
from executions.orchestrator.patience import Patience

if TYPE_CHECKING:
    from executions.orchestrator.attempt import Attempt

logger = logging.getLogger(__name__)

USAGE_TRIES = 3
BAD_ANSWERS_AT_MOST = 5
WAITED_OUT = (
    Unavailable,
    Throttled,
    CredentialRefused,
    CredentialUnreadable,
    PaymentRequired,
    RedirectRefused,
)


async def collect_result(attempt: "Attempt", view: RunView, *, place: str | None) -> RunResult | None:
    """Return the result of a completed run, asking until the service can be asked; None on a stop meanwhile.

    Raises what asking again cannot mend: ResponseTooLarge, Denied, NotFound, a BadResponse that stays. A
    service that tells of its runs but not this result makes no sense either, once the time for it is over.
    """
    patience = Patience(longest_s=10.0)
    give_up_at = _find_give_up_at(attempt)
    rows = _LateRows(within_s=attempt.service.traits.rows_follow_within_s)
    bad = 0
    while not attempt.stopping.is_set():
        answers = False
        try:
            if attempt.owner.now() >= give_up_at:
                # A service that is away altogether is waited for: the answer is there, and paid for.
                await attempt.service.get_run(view.run_id, urgency=Urgency.FINISH)
                answers = True
            result = await attempt.service.get_result(view.run_id, place=place)
        except BadResponse:
            bad += 1
            if bad >= BAD_ANSWERS_AT_MOST:
                raise
        except WAITED_OUT as error:
            if answers and isinstance(error, (Unavailable, Throttled)):
                raise BadResponse(error.detail, status_code=error.status_code) from error
            await attempt.wait_out(error)
        else:
            if rows.are_all_there(result):
                return result
        await attempt.sleep(patience.next())
    return None


def _find_give_up_at(attempt: "Attempt") -> dt.datetime:
    now = attempt.owner.now()
    began = attempt.run.started_at if attempt.run is not None else None
    timeout = dt.timedelta(seconds=attempt.step.timeout_s)
    return max((began or now) + timeout, now) + dt.timedelta(seconds=settings.ORCHESTRATOR.result_give_up_s)


async def collect_usage(service: AgentService, view: RunView, *, place: str | None) -> RunResult:
    """Return what a run that did not complete left behind; it may be nothing, marked as incomplete."""
    patience = Patience(longest_s=1.0)
    # Few of them have an answer to come, and somebody waits: what comes later is found by `late_usage`.
    rows = _LateRows(within_s=service.traits.rows_follow_within_s / 2)
    tries = 0
    left = RunResult(text=None, usage_complete=False)
    while tries < USAGE_TRIES:
        try:
            left = await service.get_result(view.run_id, place=place)
        except AgentServiceError as error:
            logger.info("usage of run %s not read: %s", view.run_id, error.code)
            tries += 1
        else:
            if rows.are_all_there(left):
                break
        await asyncio.sleep(patience.next())
    # Where rows follow after the end, what is there by now may be all but the last of them.
    return replace(left, usage_complete=left.usage_complete and not rows.may_follow)


class _LateRows:
    """Whether what was read of an ended run may still grow: the service writes rows `within_s` after it."""

    def __init__(self, *, within_s: float) -> None:
        self._within_s = within_s
        self._now = asyncio.get_running_loop().time
        self._until = self._now() + within_s

    @property
    def may_follow(self) -> bool:
        """Whether this service writes rows of a run after its end at all."""
        return self._within_s > 0

    def are_all_there(self, result: RunResult) -> bool:
        """Whether nothing more is to be waited for: all is there, or the time for it is over."""
        is_whole = result.text is not None and result.usage_complete
        return is_whole or self._now() >= self._until
