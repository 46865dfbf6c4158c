"""What an agent, or the person who sets one up, can read without calling a tool."""

import json
from typing import Any

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ResourceError, ToolError

from executions.actions.agent_context import list_entries
from executions.engine.team_block import PEOPLE
from executions.mcp.call_as import call_as
from executions.mcp.tools import INSTRUCTIONS, about_team, entry_as_json

JSON = "application/json"
GUIDE = f"""\
# Working in a team

{INSTRUCTIONS}

1. `team_about`: who you are, who else is there, and what your result should look like.
2. `message_inbox`: what others wrote to you; read it again while you work, with the number you know.
3. `message_request` asks another step and goes on; `message_send` with `reply_to` answers; `ask_human` and
   `to: "{PEOPLE}"` reach people. Write to steps that are at work or come after you: one that is through hears
   nothing.
4. `context_set` shares a value under a key, `context_get` and `context_list` read. Give `expected_version`
   where nobody else may have changed it meanwhile, or a `merge` rule where several write.
5. `report_progress`: one line for the people who watch.
6. `submit_result`: your result as JSON, checked at once. Then end with an answer in words.

A call that is refused says why after a code, and has changed nothing: correct it and call again.
"""


def add_resources(server: "MCPServer[Any]") -> None:
    """Register what can be read."""

    @server.resource("renum://guide", mime_type="text/markdown")
    def guide() -> str:
        """How to work in a team with these tools."""
        return GUIDE

    @server.resource("renum://team{?token}", mime_type=JSON)
    async def team(ctx: Context[Any], token: str = "") -> str:
        """Who you are, and who else is in your team. Without `token` it is the request's bearer token."""
        return await _read(ctx, token, about_team)

    @server.resource("renum://context{?token}", mime_type=JSON)
    async def context(ctx: Context[Any], token: str = "") -> str:
        """Values that your team shares. Without `token` it is the request's bearer token."""
        return await _read(
            ctx, token, lambda caller: {"entries": [entry_as_json(one) for one in list_entries(caller)]}
        )


async def _read(ctx: Context[Any], token: str, act: Any) -> str:
    try:
        return json.dumps(await call_as(ctx, token, act), ensure_ascii=False)
    except ToolError as error:
        raise ResourceError(str(error)) from None
