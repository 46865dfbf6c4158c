"""Reading what an ended run left behind: which calls make up a result, and in which order."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from executions.agent_service import AgentServiceError, BadResponse, Denied, ModelResponse, RunResult
from executions.suna.wire import WireProfile
from executions.suna.wire.call import Answer, Call
from executions.suna.wire.runs import RunRow

MAX_USAGE_PAGES = 5

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
        result = await _add_usage(profile, result, place, ask)
    call = profile.find_error(result, run_id=run_id)
    if call is None:
        return result
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


async def _add_usage(profile: WireProfile, result: RunResult, place: str, ask: Ask) -> RunResult:
    """Add what was used where only the account's usage tells it; it stays unknown where that has nothing.

    A failure to read it is no failure of the result: it is asked for again later.
    """
    found: dict[str, ModelResponse] = {}
    has_more = True
    try:
        for page in range(MAX_USAGE_PAGES):
            call = profile.find_usage(page=page)
            if call is None or not has_more:
                break
            usage = profile.read_usage((await ask(call)).body, place=place)
            found |= {response.source_id: response for response in usage.responses}
            has_more = usage.has_more
    except AgentServiceError:
        has_more = True
    # The tokens of a call that was broken off are recorded nowhere (suna-contract §9.28).
    complete = bool(found) and not has_more and result.text is not None
    return replace(result, responses=tuple(found.values()), usage_complete=complete)


async def _find_error(profile: WireProfile, call: Call, ask: Ask) -> str | None:
    """Return why a run left nothing, if Suna can be brought to tell it.

    It is a better word for a known fact, so that a failure to get it is not a failure of the result.
    """
    try:
        answer = await ask(call)
    except AgentServiceError:
        return None
    return profile.read_error(answer.body)
