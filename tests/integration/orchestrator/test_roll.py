"""The roll of a cluster: who is at what, and who was killed while it waited."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess

import pytest

from executions.orchestrator.roll import Roll
from tests.fixtures.running import wait_until

FORK = multiprocessing.get_context("fork")


def begin(target: Callable[[], None]) -> BaseProcess:
    process = FORK.Process(target=target)
    process.start()
    return process


@pytest.fixture
def roll() -> Roll:
    return Roll()


def test_process_that_was_killed_while_it_waited_is_found(roll: Roll) -> None:
    process = begin(lambda: time.sleep(600))
    wait_until(lambda: process.pid in {member.pid for member in roll._members()})
    assert roll.killed_while_waiting() == set()

    os.kill(process.pid or 0, signal.SIGKILL)

    # Unburied or buried, it is dead.
    wait_until(lambda: roll.killed_while_waiting() == {process.pid})
    process.join()
    assert roll.killed_while_waiting() == {process.pid}


@pytest.mark.parametrize("ends_by", [lambda: None, lambda: 1 / 0, lambda: exit(3)])
def test_process_that_ends_by_itself_is_not_missed_however_it_ends(
    roll: Roll, ends_by: Callable[[], None], capfd: pytest.CaptureFixture[str]
) -> None:
    begin(ends_by).join()
    assert roll.killed_while_waiting() == set()


def test_process_that_was_killed_at_a_task_is_not_missed_and_no_longer_at_work(roll: Roll) -> None:
    def work() -> None:
        roll.take_task()
        time.sleep(600)

    began = time.monotonic()
    process = begin(work)
    wait_until(lambda: [member.pid for member in roll.working()] == [process.pid])
    assert began < roll.last_taken_at() < time.monotonic()

    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()

    assert roll.working() == []
    assert roll.killed_while_waiting() == set()


def test_many_processes_have_a_place_each_and_places_are_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("executions.orchestrator.roll.SLOTS", 30)
    roll = Roll()
    for _ in range(3):
        processes = [begin(lambda: (roll.take_task(), time.sleep(600))[1]) for _ in range(20)]
        wait_until(lambda: len(roll.working()) == 20)
        for process in processes:
            process.kill()
            process.join()
    assert roll.working() == []
