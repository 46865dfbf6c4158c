"""The whole catalogue of a Suna, page by page."""

from collections.abc import Awaitable, Callable

from executions.agent_service import AgentView, ResponseTooLarge
from executions.suna.wire import WireProfile
from executions.suna.wire.call import Answer, Call

MAX_AGENT_PAGES = 100


async def list_every_agent(
    profile: WireProfile, *, ask: Callable[[Call], Awaitable[Answer]]
) -> tuple[AgentView, ...]:
    """Return every agent of every page, each once. Raises ResponseTooLarge where the pages do not end."""
    agents: dict[str, AgentView] = {}
    for page in range(1, MAX_AGENT_PAGES + 1):
        answer = await ask(profile.list_agents(page=page))
        found = profile.read_agents(answer.body, page=page)
        agents.update({agent.agent_id: agent for agent in found.agents})
        if not found.has_more:
            return tuple(agents.values())
    raise ResponseTooLarge(f"the catalogue has more than {MAX_AGENT_PAGES} pages")
