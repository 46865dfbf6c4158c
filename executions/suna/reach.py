"""Why no connection to an address comes about: its name, its port, its certificate. Nothing is sent to it."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass

from executions.suna.address import parse_base_url
from executions.suna.public_address import is_public
from executions.suna.transport import tls_context

PORTS = {"http": 80, "https": 443}
MAX_REASON_CHARS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachFault:
    """What is in the way.

    `code` is dns, not_public, connection_refused, connect_timeout, tls or no_route, or no_answer where
    a connection does come about. `reason` is what is wrong with a certificate, in OpenSSL's words.
    """

    code: str
    reason: str = ""


async def find_reach_fault(base_url: str, *, public_only: bool, patience_s: float) -> ReachFault:
    """Try each step of connecting, and return the first that fails. It takes about `patience_s` at most.

    Every address of the host is judged before any is connected to. Of several that fail it is the first one's
    fault; where one can be connected to that is no_answer.
    """
    url = parse_base_url(base_url)
    host, port = url.raw_host.decode("ascii"), url.port or PORTS[url.scheme]
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(patience_s):
            places = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            # Some resolvers tell an address twice.
            addresses = list(dict.fromkeys(str(place[4][0]) for place in places))
            if public_only and not all(map(is_public, addresses)):
                return ReachFault(code="not_public")
            secured = host if url.scheme == "https" else None
            return await _connect_to_any(addresses, port, host=secured, each_s=patience_s / len(addresses))
    except socket.gaierror:
        return ReachFault(code="dns")
    except UnicodeError:
        return ReachFault(code="dns")
    except TimeoutError:
        return ReachFault(code="connect_timeout")


async def _connect_to_any(
    addresses: Sequence[str], port: int, *, host: str | None, each_s: float
) -> ReachFault:
    faults: list[ReachFault] = []
    for address in addresses:
        try:
            async with asyncio.timeout(each_s):
                fault = await _connect(address, port, host=host)
        except TimeoutError:
            fault = ReachFault(code="connect_timeout")
        if fault.code == "no_answer":
            return fault
        faults.append(fault)
    return faults[0]


async def _connect(address: str, port: int, *, host: str | None) -> ReachFault:
    """Connect to one address; with `host` over TLS, by that name."""
    secured = None if host is None else tls_context()
    try:
        _, writer = await asyncio.open_connection(address, port, ssl=secured, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        return ReachFault(code="tls", reason=error.verify_message[:MAX_REASON_CHARS])
    except ssl.SSLError:
        return ReachFault(code="tls")
    except ConnectionRefusedError:
        return ReachFault(code="connection_refused")
    except ConnectionError:
        # Many servers answer the beginning of TLS on a port without TLS by hanging up.
        return ReachFault(code="tls" if host is not None else "no_route")
    except OSError:
        return ReachFault(code="no_route")
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return ReachFault(code="no_answer")
