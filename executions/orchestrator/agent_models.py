"""Which model an agent has: a start names it, for Suna would take the plan's default instead.

From October 2025 on a start without a model is given the plan's own before the agent is looked at
(suna-contract §1.3), and before that the server's: what the agent's owner chose would count for nothing.
"""

import asyncio
import logging
import time
import uuid

from executions.agent_service import AgentService, Denied, NotFound, Unavailable
from executions.orchestrator.database_calls import in_any_thread
from teams.models import Agent

logger = logging.getLogger(__name__)

REMEMBERED_S = 120.0
MAX_MODEL_CHARS = 200
"""As many as the column of the run has; a longer name is no model's."""
AT_MOST = 10_000
INTERNAL_ERROR = 500

Key = tuple[uuid.UUID, str]


class AgentModels:
    """What one driver knows of agents' models: of the catalogue, else of the service, for some minutes."""

    def __init__(self) -> None:
        self._known: dict[Key, tuple[float, str | None]] = {}
        self._asking: dict[Key, asyncio.Lock] = {}

    async def find(self, connection_id: uuid.UUID, agent_id: str, *, service: AgentService) -> str | None:
        """Return the agent's model; None where it has none, or nobody may know it.

        Many that ask at once make one call. Raises what keeps the service from answering: that is not
        remembered, and a start without a model would get another one.
        """
        key = (connection_id, agent_id)
        lock = self._asking.setdefault(key, asyncio.Lock())
        async with lock:
            at, model = self._known.get(key, (None, None))
            if at is not None and time.monotonic() - at < REMEMBERED_S:
                return model
            model = await in_any_thread(_read_catalogue, connection_id, agent_id)
            if model is None:
                try:
                    model = await ask_model(service, agent_id)
                except (NotFound, Denied) as error:
                    # A version may close its catalogue and start runs all the same; of what is missing the
                    # start itself tells better. Neither need hold for long.
                    logger.info("the model of agent %s is not known: %s", agent_id, error.code)
                    return None
            if len(self._known) >= AT_MOST:
                self._known.clear()
                self._asking.clear()
            self._known[key] = (time.monotonic(), model)
            return model


def _read_catalogue(connection_id: uuid.UUID, agent_id: str) -> str | None:
    rows = Agent.objects.filter(connection=connection_id, agent_id=agent_id)
    return rows.values_list("model_name", flat=True).first() or None


async def ask_model(service: AgentService, agent_id: str) -> str | None:
    """Return what the service says; raises what it raises."""
    try:
        model = (await service.get_agent(agent_id)).model_name
    except Unavailable as error:
        # Suna's database fails at what is no id of its own, and Suna says no more than that (suna-contract
        # §9.2): nothing to wait for.
        if error.status_code == INTERNAL_ERROR and not _is_id(agent_id):
            raise NotFound(error.detail, status_code=error.status_code) from error
        raise
    return model if model and len(model) <= MAX_MODEL_CHARS else None


def _is_id(agent_id: str) -> bool:
    try:
        uuid.UUID(agent_id)
    except ValueError:
        return False
    return True
