"""Breaking a connection on purpose: an ASGI application cannot, so the server lends it the means.

`AbortableProtocol` puts the transport's `abort` into the scope of every request. Under another server the
connection is closed by an error after the response has begun, which a caller sees as a cut answer.
"""

from typing import Any

from starlette.types import Receive, Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

ABORT = "simulator.abort"


class AbortableProtocol(HttpToolsProtocol):  # type: ignore[misc, unused-ignore]
    """uvicorn's HTTP protocol, whose scopes carry the way to break the connection."""

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        transport: Any = self.transport
        self.scope.setdefault("extensions", {})[ABORT] = {"abort": transport.abort}


class ConnectionBroken(Exception):
    """Raised where the server lends no means to break the connection."""


async def abort_connection(scope: Scope, receive: Receive) -> None:
    """Break the connection of a request at once; returns when it is broken."""
    lent = scope.get("extensions", {}).get(ABORT)
    if lent is None:
        raise ConnectionBroken
    lent["abort"]()
    while (await receive())["type"] != "http.disconnect":
        pass
