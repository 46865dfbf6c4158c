"""Reading what an ended run left behind: which calls make up a result, and in which order."""

import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from executions.agent_service import (
    AgentServiceError,
    BadResponse,
    CredentialRefused,
    Denied,
    ModelResponse,
    RunResult,
    Throttled,
    Unavailable,
)
from executions.suna.wire import WireProfile
from executions.suna.wire.call import Answer, Call
from executions.suna.wire.results import settle
from executions.suna.wire.runs import RunRow

MAX_USAGE_PAGES = 5
CLOCKS_DIFFER_BY = dt.timedelta(seconds=60)

Ask = Callable[[Call], Awaitable[Answer]]
"""Sends a call and returns its answer, which is a success."""


async def read_result(
    profile: WireProfile,
    *,
    run_id: str,
    place: str,
    ask: Ask,
    list_rows: Callable[[], Awaitable[Sequence[RunRow]]],
    may_replay: bool,
) -> RunResult:
    """Return a run's result with its usage and, where it left none, the reason as far as Suna tells it.

    `list_rows` lists the runs of the thread. `may_replay`: the run's stream may be read. The errors are those
    of `ask` and of the profile.
    """
    instead = profile.replay(run_id=run_id) if may_replay else None
    result = await _read_rows(profile, run_id, place, ask, list_rows, instead)
    if profile.find_usage(page=0) is not None:
        result = await _add_usage(profile, result, run_id=run_id, place=place, ask=ask, list_rows=list_rows)
    call = profile.find_error(result, run_id=run_id)
    if call is None:
        return result
    if result.unsettled:
        return await _settle_end(profile, result, call, ask)
    # Of a run that left nothing at all nobody knows what it used.
    complete = result.usage_complete and bool(result.responses)
    return replace(result, error=await _find_error(profile, call, ask), usage_complete=complete)


async def _read_rows(
    profile: WireProfile,
    run_id: str,
    place: str,
    ask: Ask,
    list_rows: Callable[[], Awaitable[Sequence[RunRow]]],
    instead: Call | None,
) -> RunResult:
    """Read the thread's rows; `instead` of them, where they are closed to this credential, the replay."""
    try:
        answer = await ask(profile.get_result(run_id=run_id, place=place))
    except Denied:
        if instead is None:
            raise
        answer = await ask(instead)
        return profile.read_replay(answer.body, run_id=run_id)
    result = profile.read_result(answer.body, run_id=run_id, runs=None)
    if result is None:
        result = profile.read_result(answer.body, run_id=run_id, runs=await list_rows())
    if result is None:
        raise BadResponse("the run's result cannot be told from others of its thread")
    return result


async def _add_usage(
    profile: WireProfile,
    result: RunResult,
    *,
    run_id: str,
    place: str,
    ask: Ask,
    list_rows: Callable[[], Awaitable[Sequence[RunRow]]],
) -> RunResult:
    """Add what was used where only the account's usage tells it; it stays unknown where that has nothing.

    It lists the newest first, so that it is read to the first page that reaches back before the run. It
    covers the month in which it is asked: of a run that began in another one it tells too little. A failure
    to read it is no failure of the result: it is asked for again later.
    """
    found: dict[str, ModelResponse] = {}
    reaches_start = False
    newest: dt.datetime | None = None
    try:
        started_at = None
        for page in range(MAX_USAGE_PAGES):
            call = profile.find_usage(page=page)
            if call is None:
                break
            usage = profile.read_usage((await ask(call)).body, place=place)
            found |= {response.source_id: response for response in usage.responses}
            newest = newest or usage.newest
            if newest is not None and started_at is None:
                started_at = _find_start(await list_rows(), run_id=run_id)
            reaches_start = not usage.has_more or _is_before(usage.oldest, started_at)
            if reaches_start:
                break
        covered = newest is not None and started_at is not None and _is_same_month(started_at, newest)
    except AgentServiceError:
        covered = False
    # The tokens of a call that was broken off are recorded nowhere (suna-contract §9.28).
    complete = bool(found) and reaches_start and covered and result.text is not None
    return replace(result, responses=tuple(found.values()), usage_complete=complete)


def _find_start(runs: Sequence[RunRow], *, run_id: str) -> dt.datetime | None:
    return next((row.started_at for row in runs if row.view.run_id == run_id), None)


def _is_before(oldest: dt.datetime | None, started_at: dt.datetime | None) -> bool:
    # Suna's API writes down when a run begins, its database when a row is made: two clocks.
    return oldest is not None and started_at is not None and oldest < started_at - CLOCKS_DIFFER_BY


def _is_same_month(one: dt.datetime, other: dt.datetime) -> bool:
    one, other = one.astimezone(dt.UTC), other.astimezone(dt.UTC)
    return (one.year, one.month) == (other.year, other.month)


async def _settle_end(profile: WireProfile, result: RunResult, call: Call, ask: Ask) -> RunResult:
    """Find out whether a run that went on after what it said last met an error; else that is its answer.

    What is only in the way of finding out is raised: an answer too early would be a wrong one.
    """
    try:
        error = profile.read_error((await ask(call)).body)
    except (Unavailable, Throttled, CredentialRefused):
        raise
    except AgentServiceError:
        error = None
    if error is not None:
        return replace(result, error=error, usage_complete=False, unsettled=False)
    return settle(result)


async def _find_error(profile: WireProfile, call: Call, ask: Ask) -> str | None:
    """Return why a run left nothing, if Suna can be brought to tell it.

    It is a better word for a known fact, so that a failure to get it is not a failure of the result.
    """
    try:
        answer = await ask(call)
    except AgentServiceError:
        return None
    return profile.read_error(answer.body)
