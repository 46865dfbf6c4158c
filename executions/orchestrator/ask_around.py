"""Asking Suna about many runs, whosever they are: connections side by side, each with its own share of time.

Nobody's hanging Suna keeps the runs of others from being asked about.
"""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from executions.agent_service import AgentService, AgentServiceError
from executions.models import AgentRun
from executions.orchestrator.connections import open_connection

logger = logging.getLogger(__name__)

T = TypeVar("T")
Ask = Callable[[AgentService, AgentRun], Awaitable[T]]

AT_ONCE = 16


def ask_around(runs: Sequence[AgentRun], ask: Ask[T], *, within_s: float) -> dict[uuid.UUID, T]:
    """Return what `ask` said of each run by its id; those of which nothing could be learned in time lack.

    `runs` come with their connections. No transaction may be open: this waits for the network.
    """
    services: dict[uuid.UUID, AgentService] = {}
    of_connection: dict[uuid.UUID, list[AgentRun]] = {}
    for run in runs:
        if run.connection_id not in services:
            services[run.connection_id] = open_connection(run.connection)
        of_connection.setdefault(run.connection_id, []).append(run)
    return asyncio.run(_ask_all(services, of_connection, ask, within_s=within_s))


async def _ask_all(
    services: dict[uuid.UUID, AgentService],
    of_connection: dict[uuid.UUID, list[AgentRun]],
    ask: Ask[T],
    *,
    within_s: float,
) -> dict[uuid.UUID, T]:
    said: dict[uuid.UUID, T] = {}
    turns = asyncio.Semaphore(AT_ONCE)

    async def ask_one(connection_id: uuid.UUID) -> None:
        service = services[connection_id]
        try:
            async with turns, asyncio.timeout(within_s):
                for run in of_connection[connection_id]:
                    await _note(said, service, run, ask)
        except TimeoutError:
            logger.info("connection %s took its time; what is left comes later", connection_id)
        finally:
            await service.aclose()

    await asyncio.gather(*map(ask_one, of_connection))
    return said


async def _note(said: dict[uuid.UUID, T], service: AgentService, run: AgentRun, ask: Ask[T]) -> None:
    try:
        said[run.pk] = await ask(service, run)
    except AgentServiceError as error:
        logger.info("nothing learned of run %s: %s", run.pk, error.code)
    except Exception:
        # One row that makes no sense must not keep all others from being asked about, round after round.
        logger.exception("run %s could not be asked about", run.pk)
