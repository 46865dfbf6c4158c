"""One client's stream of an execution's live output, to its end."""

import asyncio
import uuid
from collections.abc import AsyncIterator

from executions.live.frames import FIRST, HEARTBEAT
from executions.live.hub import hub_of_loop
from executions.live.places import Place

HEARTBEAT_S = 10.0
STREAM_S = 300.0
"""After so long a stream ends and the client asks anew: who may see the execution is checked again then."""


async def follow_execution(execution_id: uuid.UUID, *, place: Place) -> AsyncIterator[bytes]:
    """Yield server-sent events until the execution is over, the time is up or the client is gone."""
    loop = asyncio.get_running_loop()
    until = loop.time() + STREAM_S
    hub = hub_of_loop()
    client = hub.join(execution_id)
    place.use()
    try:
        yield FIRST
        while loop.time() < until:
            try:
                async with asyncio.timeout(HEARTBEAT_S):
                    await client.news.wait()
            except TimeoutError:
                yield HEARTBEAT
                continue
            data = client.take()
            if data:
                yield data
            if client.is_over:
                return
    finally:
        hub.leave(client)
        place.give_back()
