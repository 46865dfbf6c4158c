"""How bytes travel: httpx over aiohttp by default, or over its own transport; and what a failure proves.

Over aiohttp a call costs a third of the CPU (orchestrator.md §9). Both transports behave alike for callers:
no proxy, no cookies and no password file from the environment, no redirects, and the same answer to the one
question that matters after a failure: did the request leave?
"""

import functools
import http.cookiejar
import logging
import ssl
from typing import Literal

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from executions.suna.public_only import PublicOnlyTransport, open_public_socket, was_not_public

TransportName = Literal["aiohttp", "httpx"]

CONNECT_TIMEOUT_S = 5.0
KEEPALIVE_S = 3.0
"""Below uvicorn's 5 s: an idle connection that the server is about to close must not carry a start."""

# A line for each call drowns what matters; and httpcore's debug lines hold whole heads of answers, in which a
# service may repeat the key that it was sent.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

FAILURES = (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, aiohttp.ClientError, OSError)
"""What a transport raises. httpx-aiohttp lets some of aiohttp's own errors through."""


def build_http_client(
    *,
    transport: TransportName,
    max_connections: int | None,
    patience_s: float | None,
    public_only: bool = False,
) -> httpx.AsyncClient:
    """Build a client with its own pool of connections. `patience_s` bounds every single read and write.

    With None there is no limit to the connections, or none to the time that a read may take. With
    `public_only` nothing is sent to an address that is not public, whatever a name resolves to by then.
    """
    limits = httpx.Limits(
        max_connections=max_connections,
        max_keepalive_connections=max_connections,
        keepalive_expiry=KEEPALIVE_S,
    )
    return httpx.AsyncClient(
        transport=_build_transport(transport, limits, public_only=public_only),
        timeout=httpx.Timeout(patience_s, connect=CONNECT_TIMEOUT_S, pool=CONNECT_TIMEOUT_S),
        cookies=_refusing_jar(),
        follow_redirects=False,
        trust_env=False,
    )


def never_left(failure: BaseException) -> bool:
    """Tell whether a failure proves that the request was not sent: no connection came about.

    httpx-aiohttp calls every lost connection a ConnectTimeout, also one that was lost after the request had
    been sent, so that only aiohttp's own error, which it keeps as the cause, can be believed.
    """
    if was_not_public(failure):
        return True
    cause = failure if isinstance(failure, aiohttp.ClientError) else failure.__cause__
    if isinstance(cause, aiohttp.ClientError):
        return isinstance(
            cause, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError | aiohttp.InvalidURL
        )
    return isinstance(
        failure, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout | httpx.UnsupportedProtocol
    )


@functools.cache
def tls_context() -> ssl.SSLContext:
    """Return one verified context for the process: loading the roots takes tens of milliseconds.

    SSL_CERT_FILE is honoured, for a Suna behind an operator's own authority.
    """
    return httpx.create_ssl_context(trust_env=True)


def _build_transport(
    transport: TransportName, limits: httpx.Limits, *, public_only: bool
) -> httpx.AsyncBaseTransport:
    if transport == "httpx":
        plain = httpx.AsyncHTTPTransport(verify=tls_context(), trust_env=False, limits=limits)
        return PublicOnlyTransport(plain) if public_only else plain

    def open_session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=limits.max_connections or 0,
            keepalive_timeout=KEEPALIVE_S,
            ssl=tls_context(),
            socket_factory=open_public_socket if public_only else None,
        )
        return aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False, auto_decompress=False
        )

    return AiohttpTransport(verify=tls_context(), trust_env=False, limits=limits, client=open_session)


def _refusing_jar() -> http.cookiejar.CookieJar:
    """Return a jar that takes no cookie: a proxy's cookie is no part of the contract."""
    return http.cookiejar.CookieJar(policy=http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
