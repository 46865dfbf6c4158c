"""An agent's setup as Suna keeps it: the tool servers it has, and what a change of them must leave alone.

Suna writes a new version of an agent with every change (`PUT agents/{id}`; Kortix backend/agent/api.py of
August 2025, backend/core/agent_crud.py, backend/core/agents/agent_crud.py). What is sent of `custom_mcps` is
merged there by name, in later builds by `qualifiedName`: so ours alone is sent, and nobody else's settings,
which may hold secrets, pass through here. Some builds of autumn 2025 write that version without the model,
and one writes a prompt of its own: both are looked at afterwards.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from executions.agent_service import ToolServer
from executions.suna.wire.values import Json, find_object, parse_object

KIND = "http"
"""Streamable HTTP, as Suna calls it. It sends no headers of ours there, so a token travels as an argument."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSetup:
    """What of an agent matters here. `servers` are its own MCP servers by name: address and tools."""

    prompt: str | None = field(repr=False)
    model: str | None
    servers: Mapping[str, tuple[str, frozenset[str]]]

    def has(self, server: ToolServer) -> bool:
        """Whether the agent has the server, at that address and with those tools."""
        return self.servers.get(server.name) == (server.url, frozenset(server.tools))

    def lost_since(self, before: "AgentSetup") -> dict[str, Json]:
        """Return what is another than before, by the names of the fields, as it was."""
        lost: dict[str, Json] = {}
        if before.prompt and self.prompt != before.prompt:
            lost["system_prompt"] = before.prompt
        if before.model and self.model != before.model:
            lost["model"] = before.model
        return lost


def read_agent_setup(body: bytes) -> AgentSetup:
    """Return the setup of the agent that `GET agents/{id}` shows: its current version where it has one."""
    agent = parse_object(body)
    shown = find_object(agent, "current_version") or agent
    listed = shown.get("custom_mcps")
    servers = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return AgentSetup(
        prompt=_text(shown.get("system_prompt")),
        model=_text(shown.get("model")) or _text(agent.get("model")),
        servers={str(one.get("name")): _address_and_tools(one) for one in servers},
    )


def with_tool_server(server: ToolServer) -> dict[str, Json]:
    """Return the change of an agent that gives it the server."""
    entry: dict[str, Json] = {
        "name": server.name,
        "qualifiedName": server.name.lower().replace(" ", "_"),
        "type": KIND,
        "customType": KIND,
        "config": {"url": server.url},
        "enabledTools": list(server.tools),
    }
    return {"custom_mcps": [entry]}


def _address_and_tools(server: Mapping[str, Json]) -> tuple[str, frozenset[str]]:
    tools = server.get("enabledTools")
    names = tools if isinstance(tools, list) else []
    return str(find_object(server, "config").get("url", "")), frozenset(str(name) for name in names)


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) and value else None
