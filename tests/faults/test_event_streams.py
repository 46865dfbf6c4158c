"""Live events arrive once, in order, to the end (P18), however often clients and servers are cut off."""

import asyncio
import statistics
import time
from contextlib import ExitStack
from typing import Any

import pytest

from executions.models import Execution, ExecutionEvent
from tests.fixtures.event_streams import EventSource, new_session
from tests.fixtures.live import headers_of
from tests.fixtures.running import RunningRenum, wait_until
from tests.fixtures.web import running_web
from tests.integration.running.test_event_stream import an_execution, append, finish, in_thread, rss_kb

pytestmark = pytest.mark.faults

STEPS = 8
CHAIN = {
    "type": "sequential",
    "agents": [
        {
            "agent_id": f"agent-{number}",
            "model_name": "openai/gpt-4o-mini",
            "instructions": '@@sim{"takes": 0.4}',
        }
        for number in range(STEPS)
    ],
}
LIMITS = {"RENUM_EVENT_CLIENTS": "2000", "RENUM_EVENT_CLIENTS_PER_USER": "2000"}


def events_of(execution: Execution) -> list[tuple[int, str]]:
    found = ExecutionEvent.objects.filter(execution=execution).order_by("seq")
    return list(found.values_list("seq", "kind"))


def check_whole(client: EventSource, told: list[tuple[int, str]]) -> None:
    assert [(event["seq"], event["kind"]) for event in client.data] == told
    assert client.seqs == [seq for seq, _ in told]
    assert client.end is not None


def took_s(execution: Execution) -> float:
    assert execution.finished_at is not None
    assert execution.started_at is not None
    return (execution.finished_at - execution.started_at).total_seconds()


def follow_to_the_end(
    renum: RunningRenum, clients: list[EventSource], execution: Execution, meanwhile: Any = None
) -> None:
    """Have all clients follow, each as it does, until the execution is over and told."""

    async def follow() -> None:
        async with new_session() as session:
            tasks = [asyncio.create_task(client.follow(session)) for client in clients]
            if meanwhile is not None:
                await asyncio.to_thread(meanwhile)
            async with asyncio.timeout(90):
                await asyncio.gather(*tasks)

    asyncio.run(follow())
    renum.wait_for(execution)


def test_clients_that_are_cut_again_and_again_get_every_event_once_over_a_lost_redis_and_a_new_web_process(
    renum_on, tmp_path, clean_redis, figure
):
    renum = renum_on("2025-08")
    renum.start_drivers()
    team = renum.make_team(CHAIN)
    alone = renum.wait_for(renum.start(team))
    execution = renum.start(team)
    path = f"/api/v1/executions/{execution.pk}/events"
    headers = headers_of(renum.owner)
    with ExitStack() as stack:
        webs = [stack.enter_context(running_web({**renum.env, **LIMITS}, tmp_path / "web-0.log"))]
        clients = [
            EventSource(webs[0].url + path, headers, cut_each_s=cut) for cut in (0.3, 0.5, 0.7, 1.0, None)
        ]

        def lose_redis_and_web() -> None:
            wait_until(lambda: all(client.seqs for client in clients))
            clean_redis.flushdb()
            clean_redis.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
            webs.append(stack.enter_context(running_web({**renum.env, **LIMITS}, tmp_path / "web-1.log")))
            for client in clients:
                client.url = webs[1].url + path
            webs[0].stop()

        follow_to_the_end(renum, clients, execution, lose_redis_and_web)

    execution.refresh_from_db()
    told = events_of(execution)
    assert execution.status == "completed"
    assert told[-1][1] == "execution_completed"
    gaps = sum(len(set(range(1, len(told) + 1)) - set(client.seqs)) for client in clients)
    repeats = sum(len(client.seqs) - len(set(client.seqs)) for client in clients)
    figure("sse_cut_clients_gaps", gaps)
    figure("sse_cut_clients_repeats", repeats)
    figure("sse_cut_clients_connections", sum(len(client.statuses) for client in clients))
    for client in clients:
        check_whole(client, told)
    # Each came back at least once.
    assert sum(len(client.statuses) for client in clients) >= 2 * len(clients)
    figure("sse_cut_clients_execution_time_x_alone", took_s(execution) / took_s(alone))


def test_a_web_without_any_redis_tells_everything_by_looking_at_the_table(
    transactional_db, clean_redis, child_env, tmp_path
):
    execution = an_execution()
    append(execution, 5)
    env = {**child_env, "RENUM_VAR_DIR": str(tmp_path), "REDIS_URL": "redis://127.0.0.1:9/1"}
    with running_web(env, tmp_path / "web.log") as web:
        client = EventSource(
            f"{web.url}/api/v1/executions/{execution.pk}/events", headers_of(execution.started_by)
        )

        async def follow() -> None:
            async with new_session() as session, asyncio.timeout(30):
                task = asyncio.create_task(client.follow(session))
                while not client.seqs:
                    await asyncio.sleep(0.05)
                await in_thread(finish, execution)
                await task

        asyncio.run(follow())
    assert client.seqs == list(range(1, 8))
    assert client.end["status"] == "completed"


@pytest.mark.parametrize("count", [30, pytest.param(200, marks=pytest.mark.long)])
def test_many_slow_clients_do_not_hold_up_the_execution_nor_those_who_are_quick(
    renum_on, tmp_path, figure, count
):
    renum = renum_on("2025-08")
    renum.start_drivers()
    team = renum.make_team(CHAIN)
    alone = renum.wait_for(renum.start(team))
    with running_web({**renum.env, **LIMITS}, tmp_path / "web.log") as web:
        headers = headers_of(renum.owner)
        warm_up = EventSource(f"{web.url}/api/v1/executions/{alone.pk}/events", headers)
        asyncio.run(_follow_alone(warm_up))
        before = rss_kb(web)
        execution = renum.start(team)
        url = f"{web.url}/api/v1/executions/{execution.pk}/events"
        slow = [EventSource(url, headers, pause_s=0.15) for _ in range(count)]
        quick = [EventSource(url, headers) for _ in range(5)]
        began = time.monotonic()
        follow_to_the_end(renum, [*slow, *quick], execution)
        assert time.monotonic() - began < 90
        growth = rss_kb(web) - before
    execution.refresh_from_db()
    told = events_of(execution)
    for client in (*slow, *quick):
        check_whole(client, told)
    figure(f"sse_{count}_slow_clients_rss_growth_kb", growth)
    figure(f"sse_{count}_slow_clients_execution_time_x_alone", took_s(execution) / took_s(alone))
    figure(
        f"sse_{count}_slow_clients_connections_median", statistics.median(len(one.statuses) for one in slow)
    )
    assert growth < 40_000 + 200 * count
    assert took_s(execution) < 2 * took_s(alone) + 2


async def _follow_alone(client: EventSource) -> None:
    async with new_session() as session:
        await client.follow(session)
