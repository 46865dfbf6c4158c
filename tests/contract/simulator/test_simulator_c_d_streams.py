"""The Redis streams of c2 and d: what is kept, what a reader trims, what expires, and what silence does."""

import asyncio
import json
from typing import Any

import pytest

from executions.suna.simulator.clock import wall_clock
from executions.suna.simulator.redis_stream import RedisStream, StreamRules
from executions.suna.simulator.run import Run
from executions.suna.simulator.settings import SimulatorSettings
from executions.suna.simulator.world import World

PATIENCE_S = 10
Event = dict[str, Any]


def entry(number: int, kind: str = "assistant", **said: Any) -> Event:
    return {"type": kind, "number": number, "_event_id": f"{number}-0", **said}


def numbers(events: list[Event]) -> list[int]:
    return [event["number"] for event in events if "number" in event]


class Playground:
    """A run that goes on, and readers of its stream."""

    def __init__(
        self, entries: list[Event], *, ages_s: list[float] | None = None, age_s: float = 0.0
    ) -> None:
        self.world = World(settings=SimulatorSettings(), clock=wall_clock)
        thread = self.world.create_thread(name="test")
        self.world.add_message(thread, kind="user", is_llm_message=True, text='@@sim{"hang": true}')
        self.run: Run = self.world.start_run(
            thread, agent_id=None, model_name=None, final=lambda _: ("completed", None)
        )
        self.run.started_at -= age_s
        ages = ages_s or [0.0] * len(entries)
        self.entries = [(wall_clock() - age, event) for age, event in zip(ages, entries, strict=True)]

    async def read(self, *, rules: StreamRules | None = None, last_id: str | None = None) -> list[Event]:
        """Read to the end, or to the first ping."""
        events: list[Event] = []
        gone = asyncio.Event()

        async def receive() -> Any:
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            for line in message.get("body", b"").decode().splitlines():
                if line:
                    events.append(json.loads(line.removeprefix("data: ")))
            if events and events[-1] == {"type": "ping"}:
                gone.set()

        response = RedisStream(
            entries=self.entries,
            run=self.run,
            rules=rules or StreamRules(ping_s=0.01, gone_after_s=0.0),
            settle=lambda: self.world.settle(self.run),
            clock=wall_clock,
            last_id=last_id,
        )
        await asyncio.wait_for(response({"type": "http"}, receive, send), PATIENCE_S)
        return events


def test_reader_is_given_the_newest_two_hundred_entries() -> None:
    async def read() -> list[Event]:
        return await Playground([entry(number) for number in range(250)]).read()

    assert numbers(asyncio.run(read())) == list(range(50, 250))


def test_reading_takes_away_what_is_before_the_end_of_the_last_whole_model_call() -> None:
    async def read() -> tuple[list[int], list[int], list[int]]:
        kinds = ["assistant", "llm_response_end", "assistant", "llm_response_end", "assistant"]
        playground = Playground([entry(number, kind) for number, kind in enumerate(kinds)])
        resumed = await playground.read(last_id="2-0")
        first = await playground.read()
        return numbers(resumed), numbers(first), numbers(await playground.read())

    assert asyncio.run(read()) == ([3, 4], [0, 1, 2, 3, 4], [4])


def test_reader_with_an_unknown_id_is_given_only_what_comes_from_now_on() -> None:
    async def read() -> list[Event]:
        return await Playground([entry(0), entry(1)]).read(last_id="77-0")

    assert numbers(asyncio.run(read())) == []


def test_early_entries_vanish_in_the_middle_of_a_long_run() -> None:
    async def read() -> list[Event]:
        playground = Playground([entry(0), entry(1)], ages_s=[15.0, 5.0], age_s=20.0)
        rules = StreamRules(ping_s=0.01, gone_after_s=10.0, expires_after_s=10.0)
        return await playground.read(rules=rules)

    assert numbers(asyncio.run(read())) == [1]


def test_stream_of_a_run_that_ended_long_ago_says_what_the_database_says() -> None:
    async def read() -> list[Event]:
        playground = Playground([entry(0)], ages_s=[15.0], age_s=20.0)
        playground.world.stop_run(playground.run)
        playground.run.completed_at = wall_clock() - 11.0
        rules = StreamRules(ping_s=5.0, gone_after_s=10.0, silence_s=0.05)
        return await playground.read(rules=rules)

    assert asyncio.run(read()) == [{"type": "status", "status": "stopped"}]


@pytest.mark.parametrize(
    ("entries", "last_id", "ends"),
    [([entry(0)], "0-0", True), ([entry(0)], None, False), ([], None, True)],
)
def test_silence_fails_a_healthy_run_only_where_the_reader_was_given_nothing(
    entries: list[Event], last_id: str | None, ends: bool
) -> None:
    async def read() -> tuple[list[Event], Run]:
        playground = Playground(entries)
        rules = StreamRules(ping_s=0.3, gone_after_s=10.0, silence_s=0.1)
        return await playground.read(rules=rules, last_id=last_id), playground.run

    events, run = asyncio.run(read())
    assert (run.status, run.error) == (("failed", "Worker timeout") if ends else ("running", None))
    timed_out = {"type": "status", "status": "error", "message": "Worker timeout"}
    assert (events == [timed_out]) == ends
