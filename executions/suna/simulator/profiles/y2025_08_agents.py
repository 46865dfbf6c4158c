"""The agents of b1 and b2: in b1 behind a feature flag; b2 shows other fields, and in a list half of them."""

from typing import Any

from starlette.types import ASGIApp

from executions.suna.simulator.answers import Refusal, UncaughtError
from executions.suna.simulator.call import Call
from executions.suna.simulator.catalogue import CatalogueAgent
from executions.suna.simulator.profiles.threads_and_runs import ThreadsAndRuns
from executions.suna.simulator.profiles.y2025_08_account import AGENTS_DISABLED

_TOOL_NAMES = (
    "ask_tool browser_tool trigger_tool sb_files_tool sb_shell_tool sb_expose_tool sb_vision_tool "
    "task_list_tool mcp_search_tool web_search_tool agent_config_tool image_search_tool people_search_tool "
    "sb_image_edit_tool agent_creation_tool data_providers_tool expand_message_tool sb_presentation_tool "
    "credential_profile_tool"
)


class Agents202508(ThreadsAndRuns):
    """The agents as Suna of August to October 2025 shows and refuses them."""

    @property
    def manner(self) -> str:
        """Which of the two builds it behaves like; so do the versions before and after these."""
        return self.variant

    def list_agents(self, call: Call) -> ASGIApp:
        """Answer one page of the catalogue."""
        self._check_agents_enabled()
        return super().list_agents(call)

    def get_agent(self, call: Call) -> ASGIApp:
        """Answer one agent."""
        self._check_agents_enabled()
        return super().get_agent(call)

    def create_agent(self, call: Call) -> ASGIApp:
        """Add an agent to the catalogue."""
        self._check_agents_enabled()
        return super().create_agent(call)

    def edit_agent(self, call: Call) -> ASGIApp:
        """Write a new version of an agent."""
        self._check_agents_enabled()
        return super().edit_agent(call)

    def _check_agents_enabled(self) -> None:
        if self.manner == "b1" and not self.world.options.custom_agents:
            raise Refusal(403, AGENTS_DISABLED)

    def agent_object(self, agent: CatalogueAgent, *, in_list: bool) -> dict[str, Any]:
        """Return an agent; b2 shows other fields, and in a list only half of them."""
        shown = super().agent_object(agent, in_list=in_list)
        if self.manner == "b1":
            return shown
        tools = {
            name: {"enabled": name != "people_search_tool", "description": f"{name} tool"}
            for name in _TOOL_NAMES.split()
        }
        del shown["avatar"], shown["avatar_color"]
        shown |= {"icon_name": "bot", "icon_color": "#000000", "icon_background": "#F3F4F6", "model": None}
        if in_list:
            return shown | {"system_prompt": None, "current_version": None}
        version = shown["current_version"] | {"model": agent.model, "agentpress_tools": tools}
        changes = {"account_id": None, "model": agent.model, "agentpress_tools": tools}
        return shown | changes | {"current_version": version}

    def pagination(self, *, page: int, limit: int, total: int) -> dict[str, Any]:
        """Return the page marks; their names changed on 26 August 2025."""
        if self.manner == "b1":
            return super().pagination(page=page, limit=limit, total=total)
        pages = -(-total // limit)
        return {
            "current_page": page,
            "page_size": limit,
            "total_items": total,
            "total_pages": pages,
            "has_next": page < pages,
            "has_previous": page > 1,
        }

    def agent_is_missing(self, agent_id: str) -> Exception:
        """Return 404 in b1, and 500 in b2, whose loader raises a plain error."""
        if self.manner == "b1":
            return Refusal(404, "Agent not found")
        return Refusal(500, f"Failed to fetch agent: Agent {agent_id} not found")

    def agent_cannot_start(self, agent_id: str) -> Exception:
        """Return 404 in b1, and an uncaught error in b2."""
        if self.manner == "b1":
            return Refusal(404, "Agent not found or access denied")
        return UncaughtError(f"Agent {agent_id} not found")
