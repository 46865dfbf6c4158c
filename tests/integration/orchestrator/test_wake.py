"""Wake-ups: a line that is dead without saying so, and how many starts of a driver are kept in the queue."""

import asyncio
from urllib.parse import urlsplit

from django_redis import get_redis_connection

from executions.orchestrator import wake
from executions.orchestrator.queue import DRIVERS, count_queued
from tests.fixtures.fault_proxy import fault_proxy


async def hear(heard: asyncio.Event) -> None:
    """Send hints until one is heard."""
    heard.clear()
    async with asyncio.timeout(10):
        while not heard.is_set():
            await asyncio.to_thread(get_redis_connection("default").publish, wake.CHANNEL, "")
            await asyncio.sleep(0.05)


def test_listener_hears_again_after_its_line_went_dead_without_a_word(clean_redis, settings, monkeypatch):
    monkeypatch.setattr(wake, "PROOF_S", 0.3)
    monkeypatch.setattr(wake, "RECONNECT_S", 0.1)
    there = urlsplit(settings.REDIS_URL)

    async def listen() -> None:
        heard = asyncio.Event()
        listener = asyncio.create_task(wake.listen_for_wake_ups(heard.set))
        await hear(heard)
        # Silence alone breaks nothing off: the answer to the question is the proof.
        await asyncio.sleep(1)
        await hear(heard)
        # What is swallowed is lost for ever: the old line never comes back to life.
        network.set("blackhole")
        await asyncio.sleep(1)
        network.set("pass")
        await hear(heard)
        assert not listener.done()
        listener.cancel()

    with fault_proxy(host=there.hostname or "", port=there.port or 0) as network:
        settings.REDIS_URL = settings.REDIS_URL.replace(f":{there.port}/", f":{network.port}/")
        asyncio.run(listen())


def test_listener_outlives_what_nobody_thought_of(clean_redis, monkeypatch):
    monkeypatch.setattr(wake, "RECONNECT_S", 0.05)
    calls: list[None] = []

    def odd() -> None:
        calls.append(None)
        raise ValueError("odd")

    async def listen() -> None:
        listener = asyncio.create_task(wake.listen_for_wake_ups(odd))
        async with asyncio.timeout(10):
            while len(calls) < 2:
                await asyncio.to_thread(get_redis_connection("default").publish, wake.CHANNEL, "")
                await asyncio.sleep(0.05)
        assert not listener.done()
        listener.cancel()

    asyncio.run(listen())


def test_starts_of_a_driver_that_nobody_takes_are_not_piled_up(clean_redis):
    for _ in range(wake.QUEUED_AT_MOST * 2):
        wake.forget_queued_wake_up()
        assert wake.queue_driver()

    assert count_queued(DRIVERS) == wake.QUEUED_AT_MOST
