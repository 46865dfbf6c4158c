"""Refusing addresses that are not public at the moment of connecting, when it is known which one it will be.

A name is checked when a person's connection is saved, and may lead somewhere else afterwards (DNS
rebinding). So the address that is connected to is judged itself: with aiohttp before its socket is opened,
with httpx's own transport before a byte is sent. Host and TLS go by name as ever.
"""

import socket
from collections.abc import Mapping
from typing import Any

import httpx
from aiohappyeyeballs import AddrInfoType

from executions.suna.public_address import is_public


class NotPublicError(OSError):
    """The host has an address that is not a public one; nothing was sent to it."""


def open_public_socket(place: AddrInfoType) -> socket.socket:
    """Open the socket for one address that a name was resolved to. Raises NotPublicError."""
    family, kind, protocol, _, address = place
    _check(address[0])
    return socket.socket(family=family, type=kind, proto=protocol)


class PublicOnlyTransport(httpx.AsyncBaseTransport):
    """httpx's own transport, which tells of each connection that came about before anything is sent on it."""

    def __init__(self, plain: httpx.AsyncHTTPTransport) -> None:
        self._plain = plain

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request. Raises NotPublicError where that would be to an address that is not public."""
        request.extensions = {**request.extensions, "trace": _judge}
        return await self._plain.handle_async_request(request)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._plain.aclose()


def was_not_public(failure: BaseException) -> bool:
    """Tell whether a failure of a transport is that the host led to an address that is not public."""
    seen: BaseException | None = failure
    while seen is not None:
        if isinstance(seen, NotPublicError) or isinstance(getattr(seen, "os_error", None), NotPublicError):
            return True
        seen = seen.__cause__
    return False


async def _judge(event: str, about: Mapping[str, Any]) -> None:
    if event != "connection.connect_tcp.complete":
        return
    stream = about["return_value"]
    try:
        _check(stream.get_extra_info("server_addr")[0])
    except NotPublicError:
        # Nobody else has the connection yet who could close it.
        await stream.aclose()
        raise


def _check(address: str | bytes | int) -> None:
    try:
        is_there = is_public(str(address))
    except ValueError:
        is_there = False
    if not is_there:
        raise NotPublicError("the host's address is not a public one")
