"""Whose turn it is: the order of the waiting, the room that is kept free, and that nobody waits for ever."""

import asyncio

import pytest

from executions.agent_service import Urgency
from executions.suna.turns import FAIR_EVERY, Turns

STOP, FINISH, NEXT, POLL, NEW = Urgency


class Line:
    """Callers on one set of turns; `served` names them in the order in which they got theirs."""

    def __init__(self, *, limit: int) -> None:
        self.turns = Turns(limit=limit)
        self.served: list[str] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def come(self, name: str, urgency: Urgency, *, is_read: bool = False) -> "asyncio.Task[None]":
        """Wait for a turn, and keep it for good once it is there."""

        async def wait() -> None:
            await self.turns.wait(urgency=urgency, is_read=is_read)
            self.served.append(name)

        task = asyncio.create_task(wait())
        self._tasks.append(task)
        await settle()
        return task

    async def leave(self, urgency: Urgency, *, is_read: bool = False) -> None:
        """Give a turn back that somebody has."""
        self.turns.give_back(urgency=urgency, is_read=is_read)
        await settle()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def settle() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


@pytest.fixture
async def line():
    lines: list[Line] = []

    def make(*, limit: int) -> Line:
        lines.append(Line(limit=limit))
        return lines[-1]

    yield make
    for each in lines:
        await each.close()


async def test_the_more_urgent_is_served_first_and_among_equals_who_came_first(line):
    one = line(limit=1)
    await one.come("first", POLL)
    waiting = {"new": NEW, "poll": POLL, "next": NEXT, "finish": FINISH, "next 2": NEXT, "stop": STOP}
    for name, urgency in waiting.items():
        await one.come(name, urgency)

    for urgency in (POLL, STOP, FINISH, NEXT, NEXT, POLL):
        await one.leave(urgency)

    assert one.served == ["first", "stop", "finish", "next", "next 2", "poll", "new"]


async def test_a_question_and_a_command_of_equal_urgency_are_served_in_the_order_of_arrival(line):
    one = line(limit=1)
    await one.come("first", POLL)
    for name, is_read in (("stop 1", False), ("result", True), ("stop 2", False)):
        await one.come(name, FINISH, is_read=is_read)

    await one.leave(POLL)
    await one.leave(FINISH)
    await one.leave(FINISH, is_read=True)

    assert one.served == ["first", "stop 1", "result", "stop 2"]


async def test_a_start_finds_room_while_questions_of_any_urgency_hold_all_that_they_may(line):
    four = line(limit=4)
    for number in range(6):
        await four.come(f"result {number}", FINISH, is_read=True)

    await four.come("start", NEXT)

    assert four.served == ["result 0", "result 1", "result 2", "start"]


async def test_what_ends_a_run_finds_room_while_looks_and_new_starts_hold_all_that_they_may(line):
    four = line(limit=4)
    for number in range(3):
        await four.come(f"new {number}", NEW)
        await four.come(f"poll {number}", POLL, is_read=True)

    await four.come("result", FINISH, is_read=True)

    assert four.served == ["new 0", "poll 0", "new 1", "result"]


async def test_every_eighth_turn_goes_to_whoever_has_waited_longest_when_the_urgent_never_end(line):
    one = line(limit=1)
    await one.come("urgent", NEXT)
    await one.come("new", NEW)
    for _ in range(FAIR_EVERY):
        await one.come("urgent", NEXT)

    for _ in range(FAIR_EVERY - 1):
        assert "new" not in one.served
        await one.leave(NEXT)

    assert one.served == ["urgent"] * (FAIR_EVERY - 1) + ["new"]


async def test_a_turn_that_was_handed_to_whoever_is_cancelled_at_that_moment_goes_to_the_next(line):
    one = line(limit=1)
    await one.come("first", POLL)
    second = await one.come("second", POLL)

    one.turns.give_back(urgency=POLL, is_read=False)
    second.cancel()
    await settle()
    await one.come("third", NEW)

    assert one.served == ["first", "third"]


async def test_who_was_cancelled_while_waiting_is_passed_over(line):
    one = line(limit=1)
    await one.come("first", POLL)
    gone = await one.come("gone", FINISH)
    await one.come("second", NEW)
    gone.cancel()
    await settle()

    await one.leave(POLL)

    assert one.served == ["first", "second"]
