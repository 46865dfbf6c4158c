"""An agent as an MCP client: the official SDK's, over real HTTP, as Suna's agents are."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from executions.suna.simulator.agents.teamwork import Called, Server, ToolRefused, Tools

WAIT_S = 0.5
CALL_S = 20.0


class ToolUser:
    """The tools of one server for one run. `calls` are those that were made; equal readings count once."""

    def __init__(self, session: Any, token: str) -> None:
        self._session = session
        self._token = token
        self.calls: list[Called] = []

    async def call(self, tool: str, **arguments: Any) -> Mapping[str, Any]:
        """Call a tool with the run's token. Raises ToolRefused."""
        called = Called(tool=tool, arguments=arguments)
        if called not in self.calls:
            self.calls.append(called)
        answer = await self._session.call_tool(tool, {**arguments, "token": self._token})
        text = answer.content[0].text if answer.content else ""
        if answer.is_error:
            raise ToolRefused(text)
        value: Mapping[str, Any] = answer.structured_content or json.loads(text)
        return value

    async def wait(self) -> None:
        """Wait a moment."""
        await asyncio.sleep(WAIT_S)


async def use_tools(
    server: Server, work: Callable[[Tools], Awaitable[str]]
) -> tuple[tuple[Called, ...], str]:
    """Let an agent work with a server's tools; return its calls and what it says of them.

    Raises ToolRefused, whatever went wrong.
    """
    # Hundreds of simulators start in the tests, and hardly one of them needs the SDK: it takes a second.
    import httpx2
    from mcp import ClientSession, MCPError
    from mcp.client.streamable_http import streamable_http_client

    try:
        async with (
            httpx2.AsyncClient(timeout=CALL_S) as http,
            streamable_http_client(server.address, http_client=http) as streams,
            ClientSession(streams[0], streams[1]) as session,
        ):
            await session.initialize()
            user = ToolUser(session, server.token)
            said = await work(user)
            return tuple(user.calls), said
    except BaseExceptionGroup as group:
        refused = group.subgroup((ToolRefused, MCPError, httpx2.HTTPError, OSError))
        if refused is None:
            raise
        raise ToolRefused(_first(refused)) from None
    except (MCPError, httpx2.HTTPError, OSError) as error:
        raise ToolRefused(f"{type(error).__name__}: {error}") from None


def _first(group: BaseExceptionGroup[BaseException]) -> str:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else str(error)
