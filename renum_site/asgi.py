"""The web application for uvicorn; streams without an end of their own end when the server shall stop."""

import asyncio
import os
import signal
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from types import FrameType
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "renum_site.settings")

django_application: Any = get_asgi_application()

# Their models need Django to be set up.
from executions.live.hand_over import HandedOver  # noqa: E402
from executions.live.streams import OpenStreams, open_streams_of_loop  # noqa: E402
from executions.live.wait_for_end import end_all_waits  # noqa: E402
from executions.live.waiting_requests import WaitingRequests  # noqa: E402
from executions.mcp.server import running_server, serves  # noqa: E402
from renum_site.request_limits import RequestLimits  # noqa: E402
from renum_site.turns import InTurns  # noqa: E402

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_team_server: list[Any] = []
"""The one that agents call, while this process serves."""


async def _route(scope: Message, receive: Receive, send: Send) -> None:
    application = _team_server[-1] if _team_server and serves(scope) else django_application
    await application(scope, receive, send)


# Who waits, or is sent a stream, does so outside of a turn.
served = RequestLimits(HandedOver(WaitingRequests(InTurns(_route))))


async def application(scope: Message, receive: Receive, send: Send) -> None:
    """Serve one connection, or take in that the server begins and ends."""
    if scope["type"] != "lifespan":
        await served(scope, receive, send)
        return
    async with running_server() as team_server:
        _team_server.append(team_server)
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                _hear_of_the_stop()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                _team_server.clear()
                break
    await send({"type": "lifespan.shutdown.complete"})


def _hear_of_the_stop() -> None:
    """End all streams and waits when the server shall stop: it waits for them before it says so."""
    if threading.current_thread() is not threading.main_thread():
        return
    loop, streams = asyncio.get_running_loop(), open_streams_of_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        _chain(number, loop, streams)


def _chain(number: signal.Signals, loop: asyncio.AbstractEventLoop, streams: OpenStreams) -> None:
    before = signal.getsignal(number)

    def stop(received: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(streams.stop)
        loop.call_soon_threadsafe(end_all_waits)
        if callable(before):
            before(received, frame)

    signal.signal(number, stop)
