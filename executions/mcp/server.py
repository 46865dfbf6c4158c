"""The MCP server as an ASGI application: streamable HTTP without sessions, so that any process answers."""

from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

from django.conf import settings
from django.http.request import split_domain_port, validate_host
from mcp.server import MCPServer
from mcp.server.transport_security import TransportSecuritySettings

from executions.mcp.resources import add_resources
from executions.mcp.tools import INSTRUCTIONS, add_tools
from executions.orchestrator.team_server import PATH

MAX_BODY_BYTES = 1024 * 1024
LOCAL_HOSTS = [".localhost", "127.0.0.1", "[::1]"]

Message = MutableMapping[str, Any]
Application = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]


@asynccontextmanager
async def running_server() -> AsyncIterator[Application]:
    """Give the application of the server; it serves as long as this context is open."""
    server: MCPServer[Any] = MCPServer("renum-team", title="Renum team", instructions=INSTRUCTIONS)
    add_tools(server)
    add_resources(server)
    application = server.streamable_http_app(
        streamable_http_path=PATH,
        stateless_http=True,
        json_response=True,
        max_request_body_size=MAX_BODY_BYTES,
        # The names of the site are Django's setting: asked in `serves`.
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
    async with server.session_manager.run():
        yield application


def serves(scope: Message) -> bool:
    """Whether the request is for the server, and came to a name of this site from no other site's page."""
    if scope["type"] != "http" or scope["path"] != PATH:
        return False
    headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
    host = headers.get(b"host", "")
    allowed = settings.ALLOWED_HOSTS or (LOCAL_HOSTS if settings.DEBUG else [])
    # No agent is a browser: whatever sends an origin is a page that was lured here (DNS rebinding).
    return validate_host(split_domain_port(host)[0], allowed) and b"origin" not in headers
