"""What has to be sure before a run is started, where the start itself would not tell.

Some versions start a run of an agent that is not there, which nobody can see (suna-contract §9.12), and show
what a run left behind to a JWT only: such a run would be paid for in vain.
"""

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable

from executions.agent_service import (
    AgentView,
    ContractChanged,
    CredentialRefused,
    Denied,
    NotFound,
    Rejected,
    Unavailable,
)
from executions.suna.wire import Capabilities

REMEMBERED_S = 300.0
AGENTS_AT_MOST = 10_000
INTERNAL_ERROR = 500
NEEDS_JWT = "this version of Suna shows results to a JWT only: give the connection one beside its API key"
JWT_EXPIRED = "the connection's JWT has run out, and without one Suna does not show what a run leaves behind"


class BeforeStart:
    """Checks for one connection. An agent that was seen is not asked for again for some minutes."""

    def __init__(
        self,
        *,
        capabilities: Capabilities,
        has_jwt: bool,
        get_agent: Callable[[str], Awaitable[AgentView]],
        jwt_has_expired: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._can_read_rows = has_jwt or not capabilities.rows_need_jwt or capabilities.streams_safely
        self._checks_agent = capabilities.checks_agent
        self._get_agent = get_agent
        self._jwt_has_expired = jwt_has_expired if capabilities.rows_need_jwt else lambda: False
        self._clock = clock
        self._known_until: dict[str, float] = {}

    async def check(self, agent_id: str) -> None:
        """Raise Denied or CredentialRefused where nobody could read the result, Rejected for a missing agent.

        A JWT that has run out counts where an API key beside it would still start runs.
        """
        if not self._can_read_rows:
            raise Denied(NEEDS_JWT)
        if self._jwt_has_expired():
            raise CredentialRefused(JWT_EXPIRED)
        if not self._checks_agent or self._known_until.get(agent_id, float("-inf")) > self._clock():
            return
        try:
            await self._get_agent(agent_id)
        except NotFound as error:
            problem = f"Suna does not know this agent ({error.detail})"
        except Unavailable as error:
            # Its database fails at what is no id of its own, and Suna says no more than that (§9.2).
            if error.status_code != INTERNAL_ERROR or is_uuid(agent_id):
                raise
            problem = f"{agent_id!r} is no id of an agent of this Suna"
        else:
            if len(self._known_until) >= AGENTS_AT_MOST:
                self._known_until.clear()
            self._known_until[agent_id] = self._clock() + REMEMBERED_S
            return
        raise Rejected(problem)

    async def check_within(self, agent_id: str, *, within_s: float) -> float:
        """Check what a start needs whose grace already runs; return the seconds that this took.

        Whatever fails here, nothing was started.
        """
        began = self._clock()
        try:
            async with asyncio.timeout(within_s):
                await self.check(agent_id)
        except TimeoutError:
            problem = Unavailable("the agent could not be looked up in time", sent=False)
        except ContractChanged:
            raise
        except Unavailable as error:
            problem = Unavailable(error.detail, status_code=error.status_code, sent=False)
        else:
            return self._clock() - began
        raise problem


def is_uuid(agent_id: str) -> bool:
    """Tell whether an id is of the kind that upstream's Suna gives to its agents."""
    try:
        uuid.UUID(agent_id)
    except ValueError:
        return False
    return True
