"""The agents that this Suna knows: the document's three, some with speaking names, and what is added."""

from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

ACCOUNT_ID = str(uuid5(NAMESPACE_URL, "simulated-suna/account"))

_AGENTS: tuple[tuple[str, str, str, str], ...] = (
    ("agent-123", "Alpha", "A general agent.", "openai/gpt-4o-mini"),
    ("agent-456", "Beta", "A general agent.", "openai/gpt-4o-mini"),
    ("agent-789", "Gamma", "A general agent.", "openai/gpt-4o-mini"),
    ("market-researcher", "Market researcher", "Finds and compares sources.", "openai/gpt-4o"),
    ("data-analyst", "Data analyst", "Weighs findings and figures.", "anthropic/claude-sonnet-4-5"),
    ("report-writer", "Report writer", "Writes for people who have no time.", "anthropic/claude-sonnet-4-5"),
    ("request-classifier", "Request classifier", "Sorts incoming messages.", "openai/gpt-4o-mini"),
    ("technical-support", "Technical support", "Helps when something does not work.", "openai/gpt-4o"),
    ("billing-support", "Billing support", "Helps with invoices and payments.", "openai/gpt-4o"),
    ("strict-reviewer", "Strict reviewer", "Finds what is wrong with a text.", "anthropic/claude-sonnet-4-5"),
    ("pt-translator", "Tradutora", "Traduz entre inglês e português.", "openai/gpt-4o-mini"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueAgent:
    """One agent of the catalogue, as its newest version is. `custom_mcps` are its own tool servers."""

    agent_id: str
    name: str
    description: str | None
    system_prompt: str
    model: str | None
    created_at: float
    custom_mcps: tuple[dict[str, Any], ...] = ()
    version: int = 1


class Catalogue:
    """Finds agents by id. With `any_agent` every id is known, since the agents' parts are in the prompts."""

    def __init__(self, *, any_agent: bool, created_at: float) -> None:
        self.any_agent = any_agent
        self._created_at = created_at
        self._agents = {
            agent_id: self._make(agent_id, name, description, model)
            for agent_id, name, description, model in _AGENTS
        }

    def find(self, agent_id: str) -> CatalogueAgent | None:
        """Return the agent, or None where this Suna does not know it."""
        agent = self._agents.get(agent_id)
        if agent is None and self.any_agent and agent_id:
            return self._make(agent_id, agent_id, None, "openai/gpt-4o-mini")
        return agent

    def all(self) -> list[CatalogueAgent]:
        """Return the whole catalogue, newest first as Suna lists it."""
        return list(reversed(self._agents.values()))

    def add(self, *, name: str, description: str | None, system_prompt: str, now: float) -> CatalogueAgent:
        """Make a new agent."""
        agent = CatalogueAgent(
            agent_id=str(uuid4()),
            name=name,
            description=description,
            system_prompt=system_prompt,
            model="anthropic/claude-haiku-4-5",
            created_at=now,
        )
        self._agents[agent.agent_id] = agent
        return agent

    def store(self, agent: CatalogueAgent) -> None:
        """Put an agent in the place of what it was."""
        self._agents[agent.agent_id] = agent

    def remove(self, agent_id: str) -> bool:
        """Take an agent out of the catalogue; True if it was there."""
        return self._agents.pop(agent_id, None) is not None

    @staticmethod
    def version_id(agent_id: str) -> str:
        """Return the id of an agent's current version."""
        return str(uuid5(NAMESPACE_URL, f"simulated-suna/version/{agent_id}"))

    def _make(self, agent_id: str, name: str, description: str | None, model: str) -> CatalogueAgent:
        return CatalogueAgent(
            agent_id=agent_id,
            name=name,
            description=description,
            system_prompt=f"You are {name}.",
            model=model,
            created_at=self._created_at,
        )
