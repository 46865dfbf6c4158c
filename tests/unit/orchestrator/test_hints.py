"""Hints of a run's end: they make the driver ask earlier, and never decide anything."""

import asyncio
import datetime as dt
import time
from dataclasses import replace

import msgspec
import pytest

from executions.agent_service import RunStatus, Unavailable, Urgency
from executions.engine.state import AgentRunStatus
from executions.orchestrator import active_list, watch_run
from executions.orchestrator.follow import follow_run
from executions.orchestrator.hints import Hints
from executions.orchestrator.outcomes import Answered, Broken, Outcome, Stopped
from executions.orchestrator.poll_pace import PollPace
from tests.unit.orchestrator.scripted_service import AT, RUN_ID, Owner, ScriptedService, make_attempt

COMPLETED, RUNNING, STOPPED = RunStatus.COMPLETED, RunStatus.RUNNING, RunStatus.STOPPED
NOBODY: frozenset[str] = frozenset()
OURS = frozenset({RUN_ID})


@pytest.fixture(autouse=True)
def slow_polls(settings, monkeypatch) -> None:
    """Let polls be so rare that a test which needs one to end would not; and back-offs short."""
    settings.ORCHESTRATOR = replace(
        settings.ORCHESTRATOR,
        poll_min_s=60,
        poll_max_s=60,
        poll_beside_stream_s=60,
        active_list_tick_s=0.01,
        stop_settle_s=0.001,
    )
    monkeypatch.setattr(watch_run, "REOPEN_AFTER_S", 0.01)
    monkeypatch.setattr(watch_run, "REOPEN_AFTER_AT_MOST_S", 0.02)


async def follow(service: ScriptedService, owner: Owner | None = None) -> Outcome:
    attempt = make_attempt(owner or Owner(service=service), running=True)
    assert attempt.run is not None
    async with asyncio.timeout(5):
        return await follow_run(attempt, attempt.run)


async def test_end_on_the_stream_makes_us_ask_at_once_and_urgently():
    service = ScriptedService([RUNNING, COMPLETED], streams=[(3, True)])

    assert isinstance(await follow(service), Answered)

    assert service.calls == ["look", "watch", "look", "result"]
    assert service.urgencies == [Urgency.POLL, Urgency.FINISH]


async def test_run_that_is_over_at_the_first_look_is_not_watched():
    service = ScriptedService([COMPLETED], streams=[(0, None)], lists=[NOBODY])

    assert isinstance(await follow(service), Answered)

    assert service.calls == ["look", "result"]


async def test_end_that_the_status_does_not_know_yet_is_asked_for_again_soon():
    service = ScriptedService([RUNNING, RUNNING, RUNNING, COMPLETED], streams=[(0, True), (0, None)])

    began = time.monotonic()
    assert isinstance(await follow(service), Answered)

    assert service.urgencies == [Urgency.POLL, *[Urgency.FINISH] * 3]
    assert time.monotonic() - began < 3


async def test_stream_that_lies_decides_nothing(settings):
    settings.ORCHESTRATOR = replace(settings.ORCHESTRATOR, poll_min_s=0.1, poll_max_s=0.1)
    service = ScriptedService([*[RUNNING] * 12, COMPLETED], streams=[(0, True)])

    outcome = await follow(service)

    assert isinstance(outcome, Answered)
    assert service.calls.count("look") == 13
    assert service.calls[-1] == "result"
    assert service.open_streams == 0


async def test_stream_that_never_tells_costs_time_only(settings):
    settings.ORCHESTRATOR = replace(settings.ORCHESTRATOR, poll_beside_stream_s=0.05, poll_min_s=0.01)
    settings.ORCHESTRATOR = replace(settings.ORCHESTRATOR, poll_max_s=0.01)
    service = ScriptedService([RUNNING, RUNNING, COMPLETED], streams=[(1, None)])

    assert isinstance(await follow(service), Answered)

    assert service.calls == ["look", "watch", "look", "look", "result"]
    assert service.open_streams == 0


@pytest.mark.parametrize("end", [False, Unavailable()], ids=["closed", "broken"])
async def test_stream_that_ends_without_a_word_is_opened_again(end):
    service = ScriptedService([RUNNING, COMPLETED], streams=[(1, end), (1, end), (1, True)])

    assert isinstance(await follow(service), Answered)

    # Nothing was asked because of the two that said nothing.
    assert service.calls == ["look", "watch", "watch", "watch", "look", "result"]


async def test_stop_closes_the_stream_and_is_not_kept_waiting_by_it():
    service = ScriptedService([RUNNING, RUNNING, STOPPED], streams=[(1, None)])
    attempt = make_attempt(Owner(service=service), running=True)
    assert attempt.run is not None
    following = asyncio.create_task(follow_run(attempt, attempt.run))
    async with asyncio.timeout(5):
        while not service.open_streams:
            await asyncio.sleep(0.001)
        attempt.stopping.set()
        outcome = await following

    assert isinstance(outcome, Stopped)
    assert outcome.run_status is AgentRunStatus.STOPPED
    assert service.open_streams == 0


async def test_follower_that_is_cancelled_leaves_no_stream_and_no_task_behind():
    service = ScriptedService([RUNNING], streams=[(1, None)])
    owner = Owner(service=service)
    attempt = make_attempt(owner, running=True)
    assert attempt.run is not None
    before = asyncio.all_tasks()
    following = asyncio.create_task(follow_run(attempt, attempt.run))
    async with asyncio.timeout(5):
        while not service.open_streams:
            await asyncio.sleep(0.001)
        following.cancel()
        with pytest.raises(asyncio.CancelledError):
            await following

    assert (service.open_streams, owner.hints.open_streams) == (0, 0)
    assert asyncio.all_tasks() == before


async def test_time_of_a_step_is_kept_though_polls_beside_a_stream_are_rare():
    service = ScriptedService([RUNNING, RUNNING, STOPPED], streams=[(1, None)])
    owner = Owner(service=service)
    attempt = make_attempt(owner, running=True)
    attempt.step = msgspec.structs.replace(attempt.step, timeout_s=1)
    assert attempt.run is not None
    began = time.monotonic()
    owner.now = lambda: AT + dt.timedelta(seconds=time.monotonic() - began)  # type: ignore[method-assign]
    async with asyncio.timeout(5):
        outcome = await follow_run(attempt, attempt.run)

    assert isinstance(outcome, Broken)
    assert outcome.code == "timeout"
    assert service.calls == ["look", "watch", "look", "stop", "look", "look", "result"]


async def test_run_that_left_the_list_is_asked_for_at_once():
    service = ScriptedService([RUNNING, COMPLETED], lists=[OURS, OURS, NOBODY])
    owner = Owner(service=service)

    assert isinstance(await follow(service, owner), Answered)
    await owner.hints.aclose()

    assert service.calls == ["look", "active", "active", "active", "look", "result"]
    assert service.urgencies[-1] is Urgency.FINISH


async def test_stream_is_preferred_where_there_is_a_list_as_well():
    service = ScriptedService([RUNNING, COMPLETED], streams=[(0, True)], lists=[NOBODY])

    assert isinstance(await follow(service), Answered)

    assert "active" not in service.calls


async def test_list_is_asked_where_there_is_no_room_for_a_stream(settings):
    settings.ORCHESTRATOR = replace(settings.ORCHESTRATOR, streams=0)
    service = ScriptedService([RUNNING, COMPLETED], streams=[(0, True)], lists=[OURS, NOBODY])
    owner = Owner(service=service)

    assert isinstance(await follow(service, owner), Answered)
    await owner.hints.aclose()

    assert service.calls == ["look", "active", "active", "look", "result"]


async def test_list_that_a_run_contradicts_is_not_believed_and_polls_go_on(settings):
    settings.ORCHESTRATOR = replace(settings.ORCHESTRATOR, poll_min_s=0.1, poll_max_s=0.1)
    service = ScriptedService([*[RUNNING] * 6, COMPLETED], lists=[NOBODY])
    owner = Owner(service=service)

    assert isinstance(await follow(service, owner), Answered)
    await owner.hints.aclose()

    # Asked once, contradicted once, and left alone.
    assert service.calls.count("active") == 1
    assert service.urgencies == [Urgency.POLL, Urgency.FINISH, *[Urgency.POLL] * 5]


async def test_list_that_fails_is_left_alone_for_a_while(settings):
    settings.ORCHESTRATOR = replace(settings.ORCHESTRATOR, poll_min_s=0.05, poll_max_s=0.05)
    service = ScriptedService([*[RUNNING] * 4, COMPLETED], lists=[Unavailable()])
    owner = Owner(service=service)

    assert isinstance(await follow(service, owner), Answered)
    await owner.hints.aclose()

    assert service.calls.count("active") == 1


class Listed:
    """A run that waits for the list, and what it was told."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self.told = 0

    def tell(self, *, by: object) -> None:
        self.told += 1

    def reconsider(self) -> None:
        """Wait on."""


async def test_list_that_is_suddenly_empty_is_tried_with_one_run_first():
    service = ScriptedService(lists=[NOBODY])
    tested = active_list.ActiveList(service)
    runs = [Listed(f"run-{number}") for number in range(5)]
    for run in runs:
        tested.join(run)  # type: ignore[arg-type]

    async with asyncio.timeout(5):
        while service.calls.count("active") < 4:
            await asyncio.sleep(0.001)
    assert [run.told for run in runs] == [1, 0, 0, 0, 0]

    # The one that was tried is over indeed: the others need not wait for another list.
    tested.leave(runs[0])  # type: ignore[arg-type]

    assert [run.told for run in runs] == [1, 1, 1, 1, 1]
    await tested.aclose()


async def test_list_is_asked_no_more_when_nobody_waits_for_it():
    service = ScriptedService(lists=[OURS])
    tested = active_list.ActiveList(service)
    run = Listed(RUN_ID)
    tested.join(run)  # type: ignore[arg-type]
    async with asyncio.timeout(5):
        while "active" not in service.calls:
            await asyncio.sleep(0.001)

    tested.leave(run)  # type: ignore[arg-type]

    async with asyncio.timeout(5):
        while tested._task is not None and not tested._task.done():
            await asyncio.sleep(0.001)
    tested.join(run)  # type: ignore[arg-type]
    asked = service.calls.count("active")
    async with asyncio.timeout(5):
        while service.calls.count("active") == asked:
            await asyncio.sleep(0.001)
    await tested.aclose()


async def test_busiest_streams_are_closed_when_there_are_too_many_events(settings, monkeypatch):
    settings.ORCHESTRATOR = replace(settings.ORCHESTRATOR, stream_events_per_s=100)
    hints = Hints()
    watches = [
        hints.watch(f"run-{number}", service=lambda: ScriptedService(), stopping=asyncio.Event())
        for number in range(3)
    ]
    clock = asyncio.get_running_loop()
    assert all(hints.take_room(watch) for watch in watches)
    moment = clock.time()
    monkeypatch.setattr(clock, "time", lambda: moment)
    hints.count_events(watches[0], 1)
    hints.count_events(watches[0], 20)
    hints.count_events(watches[1], 500)
    moment += 1.0

    hints.count_events(watches[2], 30)

    assert [watch._too_busy for watch in watches] == [False, True, False]
    # Beside so much nothing more is opened.
    assert not hints.take_room(watches[0])
    moment += 10.0
    assert hints.take_room(watches[0])


async def test_stream_that_has_to_go_is_closed_and_its_run_is_polled(settings):
    settings.ORCHESTRATOR = replace(settings.ORCHESTRATOR, poll_min_s=0.05, poll_max_s=0.05)
    service = ScriptedService([RUNNING, RUNNING, RUNNING, COMPLETED], streams=[(1000, None)])
    owner = Owner(service=service)

    def count_events(watch: watch_run.Watch, events: int) -> None:
        watch.close_stream()

    owner.hints.count_events = count_events  # type: ignore[method-assign]

    assert isinstance(await follow(service, owner), Answered)

    assert service.calls == ["look", "watch", "look", "look", "look", "result"]
    assert owner.hints.open_streams == 0


async def test_no_stream_is_opened_beyond_the_limit(settings):
    settings.ORCHESTRATOR = replace(settings.ORCHESTRATOR, streams=2)
    hints = Hints()
    watches = [
        hints.watch(f"run-{number}", service=lambda: ScriptedService(), stopping=asyncio.Event())
        for number in range(3)
    ]

    assert [hints.take_room(watch) for watch in watches] == [True, True, False]
    hints.give_room(watches[0])
    assert hints.take_room(watches[2])


def test_intervals_are_stretched_so_that_all_polls_stay_within_the_limit():
    pace = PollPace(per_s=150)
    for number in range(1000):
        pace.stretch(number, 2.0)

    # A thousand that would like two seconds make 500 a second.
    assert [pace.stretch(number, 2.0) for number in (0, 999)] == pytest.approx([2.0 * 500 / 150] * 2)
    for number in range(1000):
        pace.leave(number)
    assert pace.stretch("alone", 0.5) == 0.5
