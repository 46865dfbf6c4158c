"""Following what a run does, by its event stream or by the rows of its thread: what the client does for it.

Nothing here decides anything of a run, and nothing here is read where reading could harm one: from Suna
`2025-12-c2` on a reader of the stream trims it, or fails the run (suna-contract §3.3, §3.4), so that there
only the rows are read.
"""

import asyncio
from collections.abc import Awaitable, Callable

from executions.agent_service import BadResponse
from executions.live_output import LiveEvent
from executions.suna.streams import Streams
from executions.suna.wire.call import Answer, Call
from executions.suna.wire.live_events import LiveRows, LiveStream
from executions.suna.wire.messages import has_several_turns, read_messages, select_run
from executions.suna.wire.runs import RunRow

ROWS_EACH_S = 2.5

Tell = Callable[[LiveEvent], None]


async def follow_stream(streams: Streams, call: Call, *, deadline_s: float, tell: Tell) -> Answer | None:
    """Tell what a run's stream brings until it closes; return Suna's refusal where there is no stream."""
    reader = LiveStream(tell)
    outcome = await streams.read(call, deadline_s=deadline_s, take=reader.feed)
    reader.close()
    return outcome if isinstance(outcome, Answer) else None


async def follow_rows(
    *,
    read: Callable[[], Awaitable[bytes]],
    list_runs: Callable[[], Awaitable[tuple[RunRow, ...]]],
    run_id: str,
    tell: Tell,
) -> None:
    """Tell what is new among the rows of a run's thread, until cancelled. Raises what `read` raises."""
    reader = LiveRows(tell)
    runs: tuple[RunRow, ...] = ()
    while True:
        rows = read_messages(await read())
        if has_several_turns(rows):
            # The list may have been made before this run was in it.
            if run_id not in (row.view.run_id for row in runs):
                runs = await list_runs()
            try:
                rows = select_run(rows, run_id=run_id, runs=runs)
            except BadResponse:
                # It is not listed yet.
                rows = ()
        reader.take(rows)
        await asyncio.sleep(ROWS_EACH_S)
