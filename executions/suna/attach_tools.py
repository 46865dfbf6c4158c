"""Giving an agent a tool server, and seeing to it that nothing else of the agent is another afterwards."""

from collections.abc import Awaitable, Callable

from executions.agent_service import BadResponse, ToolServer
from executions.suna.wire.agent_setup import AgentSetup, read_agent_setup, with_tool_server
from executions.suna.wire.values import Json


async def attach_tools(
    server: ToolServer,
    *,
    read: Callable[[], Awaitable[bytes]],
    change: Callable[[dict[str, Json]], Awaitable[object]],
) -> tuple[str, ...]:
    """Attach the server unless it is there; return which fields of the agent Suna changed along for good.

    `read` returns the agent as Suna shows it, `change` sends a change of it. What a build loses as it saves
    is put back once.
    """

    async def look() -> AgentSetup:
        return read_agent_setup(await read())

    before = await look()
    if before.has(server):
        return ()
    await change(with_tool_server(server))
    after = await look()
    if lost := after.lost_since(before):
        await change(lost)
        after = await look()
    if not after.has(server):
        raise BadResponse("Suna took the tool server and does not show it at the agent")
    return tuple(sorted(after.lost_since(before)))
