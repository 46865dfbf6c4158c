"""The limit: the same requests with the same bodies from one asyncio process over aiohttp, and nothing kept.

It cannot survive a crash, has no events, no context and no cost. What remains is HTTP, the simulator's own
time, and waiting for runs to end. How it waits is the caller's choice.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp

from bench.clocked import Chain
from bench.simulated_suna import TOKEN
from bench.situations import MODEL, BenchError, Situation

THREAD_NAME = "Renum"
FASTEST_POLL_S = 0.01
MAX_CONNECTIONS = 100
_TIMEOUT_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """One run that is waited for: its id, its age, and the session in which a stream may be opened."""

    streams: aiohttp.ClientSession
    run_id: str
    age_s: float


Wait = Callable[[Asking], Awaitable[None]]
"""Waits until a run should be asked for again."""


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

    async def wait(asking: Asking) -> None:
        await asyncio.sleep(max(run_s - asking.age_s, FASTEST_POLL_S))

    return wait


async def wait_watching(asking: Asking) -> None:
    """Wait for the run's end on its event stream, as Renum does."""
    path = f"/api/agent-run/{asking.run_id}/stream"
    async with asking.streams.get(path) as stream:
        async for line in stream.content:
            # What tells of the run has a status of its own; all else has a content.
            if b'"status"' in line and b'"content"' not in line:
                return


async def _all(url: str, situation: Situation, steps: list[tuple[str, str]], wait: Wait) -> list[Chain]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with (
        aiohttp.ClientSession(
            base_url=url,
            headers=headers,
            connector=aiohttp.TCPConnector(limit=min(situation.executions, MAX_CONNECTIONS)),
            timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S),
        ) as session,
        aiohttp.ClientSession(
            base_url=url,
            headers=headers,
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S),
        ) as streams,
    ):
        runner = _Runner(session=session, streams=streams, wait=wait)
        return await asyncio.gather(
            *(runner.chain(steps, after_s=after_s) for after_s in situation.moments_s())
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Runner:
    session: aiohttp.ClientSession
    streams: aiohttp.ClientSession
    wait: Wait

    async def chain(self, steps: list[tuple[str, str]], *, after_s: float) -> Chain:
        """Go through the steps, one after the other; return their threads."""
        await asyncio.sleep(after_s)
        return [await self._step(agent_id, prompt) for agent_id, prompt in steps]

    async def _step(self, agent_id: str, prompt: str) -> str:
        made = await self._ask("POST", "/api/threads", data={"name": THREAD_NAME})
        thread_id = str(made["thread_id"])
        message = {"type": "user", "content": prompt, "is_llm_message": True}
        await self._ask("POST", f"/api/threads/{thread_id}/messages", json=message)
        start = {"agent_id": agent_id, "model_name": MODEL}
        started = await self._ask("POST", f"/api/thread/{thread_id}/agent/start", json=start)
        run_id, began = str(started["agent_run_id"]), time.monotonic()
        while (await self._ask("GET", f"/api/agent-run/{run_id}"))["status"] == "running":
            age_s = time.monotonic() - began
            await self.wait(Asking(streams=self.streams, run_id=run_id, age_s=age_s))
        await self._ask("GET", f"/api/threads/{thread_id}/messages?order=asc&optimized=false")
        return thread_id

    async def _ask(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        async with self.session.request(method, path, **body) as answer:
            content = await answer.read()
            if answer.status != 200:
                msg = f"The simulator answered {answer.status} to {method} {path}."
                raise BenchError(msg)
            found: dict[str, Any] = json.loads(content)
            return found
