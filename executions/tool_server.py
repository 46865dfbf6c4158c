"""A tool server that an agent can be given. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolServer:
    """An MCP server over streamable HTTP: its name at the agent, its address, its tools."""

    name: str
    url: str
    tools: tuple[str, ...]
