"""Doing something for whoever holds the token of a run."""

from collections.abc import Callable
from typing import Any, TypeVar

from asgiref.sync import sync_to_async
from django.db import close_old_connections
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError

from executions.actions.agent_caller import Caller, find_caller
from executions.mcp.call_limit import count_call
from teams.actions.refusal import Refusal

Answer = TypeVar("Answer")


async def call_as(ctx: Context[Any], token: str, act: Callable[[Caller], Answer]) -> Answer:
    """Do it for whoever holds the token. Raises ToolError with a code and a sentence for what is refused."""

    def work() -> Answer:
        try:
            caller = find_caller(token or bearer_of(ctx))
            count_call(caller.run_id)
            return act(caller)
        except Refusal as refusal:
            problems = getattr(refusal, "problems", ())
            places = "".join(f" ({one.pointer}: {one.code})" for one in problems)
            raise ToolError(f"{refusal.code}: {refusal.message}{places}") from None
        finally:
            close_old_connections()

    return await sync_to_async(work, thread_sensitive=False)()


def bearer_of(ctx: Context[Any]) -> str:
    """Return the token that the request came with, "" without one."""
    scheme, _space, token = (dict(ctx.headers or {}).get("authorization", "")).partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
