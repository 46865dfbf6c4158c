"""Starting executions over the API: one at a time, and many more at once than may wait."""

import asyncio
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from statistics import median, quantiles

import aiohttp
from asgiref.sync import sync_to_async

from bench.situations import BenchError
from bench.web import Web
from executions.models import Execution

AT_ONCE = 20
LOOK_S = 0.1


@dataclass
class Answers:
    """What a number of requests were answered, and how long each took."""

    took_ms: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    accepted: list[uuid.UUID] = field(default_factory=list)
    accepted_ms: list[float] = field(default_factory=list)
    most_queued: int = 0
    over_s: float = 0.0


async def post_starts(
    web: Web, *, team_id: uuid.UUID, posts: int, at_once: int, user_id: uuid.UUID
) -> Answers:
    """Start the team so many times. Raises BenchError where an answer is neither 202 nor a timed refusal."""
    answers = Answers()
    numbers = iter(range(posts))
    url = f"{web.url}/api/v1/teams/{team_id}/executions"
    done = asyncio.Event()

    async def post_on(session: aiohttp.ClientSession) -> None:
        for number in numbers:
            began = time.perf_counter()
            async with session.post(url, json={"prompt": f"Number {number}."}) as answer:
                body = await answer.json()
            took_ms = 1000 * (time.perf_counter() - began)
            answers.took_ms.append(took_ms)
            answers.statuses[answer.status] += 1
            if answer.status == 202:
                answers.accepted.append(uuid.UUID(body["id"]))
                answers.accepted_ms.append(took_ms)
            elif answer.status not in (429, 503) or "Retry-After" not in answer.headers:
                msg = f"A start was answered {answer.status} ({body.get('code')})."
                raise BenchError(msg)

    async def watch_queue() -> None:
        queued = Execution.objects.filter(started_by=user_id, status="queued", pause_requested_at=None)
        while not done.is_set():
            answers.most_queued = max(answers.most_queued, await queued.acount())
            await asyncio.sleep(LOOK_S)

    watching = asyncio.create_task(watch_queue())
    began = time.perf_counter()
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), headers={"Authorization": f"Bearer {web.token}"}
    ) as session:
        await asyncio.gather(*(post_on(session) for _ in range(at_once)))
    answers.over_s = time.perf_counter() - began
    done.set()
    await watching
    return answers


async def ask_health(web: Web, *, times: int) -> float:
    """Return the median of what an address takes that does nothing, in ms."""
    took = []
    async with aiohttp.ClientSession() as session:
        for _ in range(times):
            began = time.perf_counter()
            async with session.get(f"{web.url}/healthz") as answer:
                await answer.read()
            took.append(1000 * (time.perf_counter() - began))
    return median(took)


async def check_all_finish(answers: Answers, *, patience_s: float) -> None:
    """Wait until whatever was accepted has completed. Raises BenchError."""
    mine = Execution.objects.filter(pk__in=answers.accepted)
    give_up_at = time.monotonic() + patience_s
    while unfinished := await sync_to_async(mine.filter(finished_at=None).count)():
        if time.monotonic() > give_up_at:
            msg = f"{unfinished} accepted executions were not over after {patience_s:g} s."
            raise BenchError(msg)
        await asyncio.sleep(LOOK_S)
    if await mine.filter(status="completed").acount() != len(answers.accepted):
        raise BenchError("An accepted execution did not complete.")


def percentiles(took_ms: list[float]) -> tuple[float, float]:
    """Return p50 and p99."""
    return median(took_ms), quantiles(took_ms, n=100)[98]
