"""One client's stream of an execution's live output, to its end."""

import asyncio
from collections.abc import AsyncIterator

from executions.live.frames import FIRST, HEARTBEAT
from executions.live.hub import hub_of_loop
from executions.live.places import Place
from executions.live.watchers import Watcher

HEARTBEAT_S = 10.0
STREAM_S = 300.0
"""After so long a stream ends and the client asks anew: who may see the execution is checked again then."""


async def follow_execution(watcher: Watcher, *, place: Place) -> AsyncIterator[bytes]:
    """Yield server-sent events until the execution is over, the time is up or the client is gone.

    The hub ends it where the watcher may not watch any more, or does not take what it is handed.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + STREAM_S
    hub = hub_of_loop()
    client = hub.join(watcher)
    place.use()
    try:
        data, is_last = FIRST, False
        while True:
            if data:
                # Whoever iterates goes on when the client has taken it.
                client.handed_at = loop.time()
                yield data
                client.handed_at = None
            if is_last or loop.time() >= until:
                return
            try:
                async with asyncio.timeout(HEARTBEAT_S):
                    await client.news.wait()
            except TimeoutError:
                data = HEARTBEAT
            else:
                data, is_last = client.take(), client.is_over
    finally:
        hub.leave(client)
        place.give_back()
