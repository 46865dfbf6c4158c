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

django_application = get_asgi_application()

from executions.live.hub import end_all_streams  # noqa: E402  its models need Django to be set up
from executions.live.wait_for_end import end_all_waits  # noqa: E402
from executions.live.waiting_requests import WaitingRequests  # noqa: E402
from renum_site.request_limits import RequestLimits  # noqa: E402

served = RequestLimits(WaitingRequests(django_application))  # type: ignore[arg-type]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


async def application(scope: Message, receive: Receive, send: Send) -> None:
    """Serve one connection, or take in that the server begins and ends."""
    if scope["type"] != "lifespan":
        await served(scope, receive, send)
        return
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            _hear_of_the_stop()
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await send({"type": "lifespan.shutdown.complete"})
            return


def _hear_of_the_stop() -> None:
    """End all streams and waits when the server shall stop: it waits for them before it says so."""
    if threading.current_thread() is not threading.main_thread():
        return
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        _chain(number, loop)


def _chain(number: signal.Signals, loop: asyncio.AbstractEventLoop) -> None:
    before = signal.getsignal(number)

    def stop(received: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(end_all_streams)
        loop.call_soon_threadsafe(end_all_waits)
        if callable(before):
            before(received, frame)

    signal.signal(number, stop)
