"""Watching runs as the web does, and reading what the driver wrote of them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import redis

from executions.models import AgentRun, Execution
from executions.orchestrator.live_keys import EVENTS, NUMBER, WATCH_S, stream_key, watch_key
from executions.orchestrator.wake import CHANNEL
from tests.fixtures.running import RunningRenum, wait_until


def running_run(execution: Execution) -> AgentRun:
    """Wait until a run of the execution is under way, and return it."""
    found: AgentRun = wait_until(
        lambda: AgentRun.objects.filter(execution=execution, status="running").first()
    )
    return found


@contextmanager
def watching(client: "redis.Redis[Any]", *runs: AgentRun, for_s: int = WATCH_S) -> Iterator[None]:
    """Say that runs are watched, again and again, until this context is left."""
    over = Event()

    def say() -> None:
        first = True
        while first or not over.wait(for_s / 3):
            for run in runs:
                client.set(watch_key(run.pk), "1", ex=for_s)
            if first:
                client.publish(CHANNEL, "")
            first = False

    thread = Thread(target=say)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def written(client: "redis.Redis[Any]", run: AgentRun) -> list[dict[str, Any]]:
    """Return the events in a run's stream; their batches are numbered without a gap."""
    entries = client.xrange(stream_key(run.pk))
    numbers = [int(fields[NUMBER]) for _, fields in entries]
    assert numbers == list(range(len(numbers)))
    return [event for _, fields in entries for event in json.loads(fields[EVENTS])]


def text_of(events: list[dict[str, Any]], message: int = 0) -> str:
    """Return the text of a message by its pieces."""
    return "".join(
        event["text"] for event in events if event["kind"] == "text" and event["message"] == message
    )


def streams(renum: RunningRenum) -> list[dict[str, Any]]:
    """Return the requests for streams that the simulator got; `outcome` is None while one is open."""
    found: list[dict[str, Any]] = renum.suna.get("ledger?operation=run.stream")["entries"]
    return found


def open_streams(renum: RunningRenum) -> int:
    """Return how many streams are open at the simulator."""
    return sum(entry["outcome"] is None for entry in streams(renum))
