"""What a start that was answered with an error means: whether it may have made a run after all.

A text is no proof of that. The thread, which has no run, is one, and the catalogue, which has no such agent.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from executions.agent_service import (
    AgentServiceError,
    AgentView,
    Denied,
    NotFound,
    Rejected,
    RunView,
    Unavailable,
)
from executions.suna.before_start import INTERNAL_ERROR as INTERNAL_ERROR
from executions.suna.before_start import is_uuid

AGENT_MISSING = "Suna does not know this agent"
FORBIDDEN = 403


@dataclass(frozen=True, slots=True, kw_only=True)
class StartExplained:
    """Asks for one connection. `agents_have_uuids`: no agent there has an id that is no UUID."""

    agents_have_uuids: bool
    list_runs: Callable[[str], Awaitable[tuple[RunView, ...]]]
    get_agent: Callable[[str], Awaitable[AgentView]]
    list_agents: Callable[[], Awaitable[tuple[AgentView, ...]]]

    async def is_missing(self, agent_id: str) -> bool:
        """Tell whether a 500 in an agent's place means that it is not there, as from October 2025 on (§1.3).

        Many builds say so in words; some have one sentence for whatever went wrong. Then the catalogue tells.
        """
        if not self.agents_have_uuids:
            return False
        try:
            agents = await self.list_agents()
        except AgentServiceError:
            return False
        return all(agent.agent_id != agent_id for agent in agents)

    async def missing(self, error: AgentServiceError, *, place: str | None) -> AgentServiceError:
        """Tell what a 404 at a start means: nothing was started, because the thread or the agent is missing.

        Both look alike, so the thread is asked for, where one was named.
        """
        if place is not None:
            try:
                await self.list_runs(place)
            except AgentServiceError:
                return error
        return _reject(error)

    async def failure(
        self, error: AgentServiceError, *, agent_id: str, place: str | None
    ) -> AgentServiceError:
        """Tell whether a 500 at a start means that the agent is missing, as from October 2025 on (§1.3).

        Else it would be started anew for ever. Where nobody can look for a run, only an id of which Suna's
        database makes an error before anything is made proves that there is none (suna-contract §9.2).
        """
        cannot_exist = self.agents_have_uuids and not is_uuid(agent_id)
        if place is None and not cannot_exist:
            return error
        try:
            if place is not None and await self.list_runs(place):
                return error
        except AgentServiceError:
            return error
        try:
            await self.get_agent(agent_id)
        except NotFound:
            return _reject(error)
        except (Denied, Unavailable) as found:
            # Of an id that cannot exist any word of Suna will do, also that its catalogue is closed.
            if cannot_exist and found.status_code in (FORBIDDEN, INTERNAL_ERROR):
                return _reject(error)
        except AgentServiceError:
            return error
        return error


def _reject(error: AgentServiceError) -> Rejected:
    return Rejected(f"{AGENT_MISSING} ({error.detail})", status_code=error.status_code)
