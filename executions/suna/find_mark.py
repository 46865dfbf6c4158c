"""Looking whether a run has answered in full although it does not say that it is over."""

import hashlib
from collections.abc import Awaitable, Callable, Sequence

from executions.agent_service import Denied
from executions.suna.wire import WireProfile
from executions.suna.wire.call import Answer, Call
from executions.suna.wire.runs import RunRow


async def find_mark(
    profile: WireProfile,
    *,
    run_id: str,
    place: str,
    ask: Callable[[Call], Awaitable[Answer]],
    list_rows: Callable[[], Awaitable[Sequence[RunRow]]],
    may_replay: bool,
) -> str | None:
    """Return a mark of what was read, where the run has answered in full; None where it has not.

    `ask` and `list_rows` as for a result. Where the rows are closed to this credential the run's stream is
    read, if it `may_replay`; where it may not, nobody can tell, and Denied is raised. One read of the thread,
    and one of its runs where it holds several turns.
    """
    replayed = False
    try:
        answer = await ask(profile.get_result(run_id=run_id, place=place))
    except Denied:
        instead = profile.replay(run_id=run_id) if may_replay else None
        if instead is None:
            raise
        answer = await ask(instead)
        replayed = True
    whole = profile.find_whole_answer(answer.body, run_id=run_id, runs=None, replayed=replayed)
    if whole is None:
        runs = await list_rows()
        whole = profile.find_whole_answer(answer.body, run_id=run_id, runs=runs, replayed=replayed)
    return hashlib.sha256(answer.body).hexdigest() if whole else None
