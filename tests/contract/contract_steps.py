"""What the tests of the contract do with a Suna, whichever it is: begin, follow, stop and count runs."""

import asyncio
import json
from typing import Any

from executions.agent_service import NotFound, RunRequest, RunResult, RunStatus, RunView
from executions.suna.client import SunaClient
from tests.contract.targets import REAL, Target

APPEARS_S = 2.0


def patience_s(suna: Target) -> float:
    """Return how long one call may take."""
    return 300.0 if suna.name == REAL else 5.0


async def begin(client: SunaClient, request: RunRequest) -> RunView:
    return await client.start_run(request, place=await client.prepare_run(request))


async def appear(client: SunaClient, run_id: str) -> RunView:
    """Return a run as soon as Suna shows it: some versions write it down after they answered its start."""
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + client.traits.run_appears_within_s
    while True:
        try:
            return await client.get_run(run_id)
        except NotFound:
            if loop.time() >= give_up_at:
                raise
        await asyncio.sleep(0.02)


async def follow(client: SunaClient, run_id: str, *, within_s: float = 300.0) -> RunView:
    async with asyncio.timeout(within_s):
        view = await appear(client, run_id)
        while view.status == RunStatus.RUNNING:
            await asyncio.sleep(0.02)
            view = await client.get_run(run_id)
    return view


async def stop(client: SunaClient, run_id: str) -> None:
    """Stop a run that has appeared: before, a stop is a 404 and lost."""
    await appear(client, run_id)
    await client.stop_run(run_id)


async def finish(client: SunaClient, suna: Target, script: dict[str, Any]) -> tuple[RunView, RunResult]:
    run = await begin(client, suna.request(f"Find facts about tides. @@sim{json.dumps(script)}"))
    view = await follow(client, run.run_id)
    return view, await client.get_result(run.run_id, place=run.place)


async def list_run_ids(client: SunaClient, suna: Target, place: str | None, *, expected: int) -> list[str]:
    """Return the ids of the runs of a place, newest first, once there are as many as expected.

    Where a start can be looked up by nobody, a simulator tells of all its runs.
    """
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + (APPEARS_S if expected and client.traits.run_appears_within_s else 0.0)
    while True:
        if place is not None:
            found = [run.run_id for run in await client.list_runs(place)]
        else:
            assert suna.simulated is not None
            found = [run["id"] for run in reversed(suna.simulated.get("runs")["runs"])]
        if len(found) == expected or loop.time() >= give_up_at:
            return found
        await asyncio.sleep(0.02)
