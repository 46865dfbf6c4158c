"""The limit: the same requests with the same bodies from one asyncio process over aiohttp, and nothing kept.

It cannot survive a crash, has no events, no context and no cost. What remains is HTTP, the simulator's own
time, and waiting for runs to end. How it waits is the caller's choice.
"""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from typing import Any

import aiohttp

from bench.clocked import Chain
from bench.simulated_suna import TOKEN
from bench.situations import BenchError, Situation

THREAD_NAME = "Renum"
FASTEST_POLL_S = 0.01
_TIMEOUT_S = 60

Wait = Callable[[float], float]
"""Says how long to wait before a run of that age is asked for again, all in seconds."""


def go_through(
    url: str, situation: Situation, *, prompts: Sequence[str], wait: Wait
) -> tuple[list[Chain], float]:
    """Go through a situation with these prompts; return the threads and the CPU seconds that it cost."""
    began = time.process_time()
    chains = asyncio.run(_all(url, situation, list(zip(situation.agent_ids(), prompts, strict=True)), wait))
    return chains, time.process_time() - began


def wait_knowing(run_s: float) -> Wait:
    """Return the wait of somebody who knows how long a run takes, and then asks every 10 ms.

    No real client knows that. It is what the quickest hint of a run's end could bring, without the load of
    asking for each run a hundred times a second.
    """
    return lambda age_s: max(run_s - age_s, FASTEST_POLL_S)


async def _all(url: str, situation: Situation, steps: list[tuple[str, str]], wait: Wait) -> list[Chain]:
    async with aiohttp.ClientSession(
        base_url=url,
        headers={"Authorization": f"Bearer {TOKEN}"},
        connector=aiohttp.TCPConnector(limit=situation.executions),
        timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S),
    ) as session:
        return await asyncio.gather(
            *(_chain(session, steps, wait, after_s=after_s) for after_s in situation.moments_s())
        )


async def _chain(
    session: aiohttp.ClientSession, steps: list[tuple[str, str]], wait: Wait, *, after_s: float
) -> Chain:
    await asyncio.sleep(after_s)
    return [await _step(session, agent_id, prompt, wait) for agent_id, prompt in steps]


async def _step(session: aiohttp.ClientSession, agent_id: str, prompt: str, wait: Wait) -> str:
    made = await _ask(session, "POST", "/api/threads", data={"name": THREAD_NAME})
    thread_id = str(made["thread_id"])
    message = {"type": "user", "content": prompt, "is_llm_message": True}
    await _ask(session, "POST", f"/api/threads/{thread_id}/messages", json=message)
    started = await _ask(session, "POST", f"/api/thread/{thread_id}/agent/start", json={"agent_id": agent_id})
    began = time.monotonic()
    while (await _ask(session, "GET", f"/api/agent-run/{started['agent_run_id']}"))["status"] == "running":
        await asyncio.sleep(wait(time.monotonic() - began))
    await _ask(session, "GET", f"/api/threads/{thread_id}/messages?order=asc&optimized=false")
    return thread_id


async def _ask(session: aiohttp.ClientSession, method: str, path: str, **body: Any) -> dict[str, Any]:
    async with session.request(method, path, **body) as answer:
        content = await answer.read()
        if answer.status != 200:
            msg = f"The simulator answered {answer.status} to {method} {path}."
            raise BenchError(msg)
        found: dict[str, Any] = json.loads(content)
        return found
