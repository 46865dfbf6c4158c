"""The last look before a start is sent: somebody may have asked to stop while its time was committed."""

import asyncio
import contextlib
import uuid
from dataclasses import replace

import pytest

from executions.agent_service import NotFound, RunRequest, RunStatus, RunView, StartUncertain
from executions.engine.state import AgentRunStatus
from executions.orchestrator.attempt import THREADS_AT_MOST
from executions.orchestrator.hints import Hints
from executions.orchestrator.outcomes import Answered, Broken, Stopped
from executions.orchestrator.start_line import Wish
from tests.unit.orchestrator.scripted_service import Owner, ScriptedService, make_attempt


@pytest.mark.parametrize("told", ["stops_with_commit", "cancelled_with_commit"])
async def test_no_start_is_sent_when_the_stop_comes_with_the_commit_of_its_time(told):
    service = ScriptedService()
    owner = Owner(service=service, **{told: True})

    outcome = await make_attempt(owner, running=False).carry_out()

    assert owner.committed == ["start_requested"]
    assert service.calls == ["prepare"]
    assert isinstance(outcome, Stopped)
    assert outcome.run_status is AgentRunStatus.ABANDONED


async def test_the_start_is_sent_after_the_commit_of_its_time_when_nobody_stops_it():
    service = ScriptedService([RunStatus.COMPLETED])
    owner = Owner(service=service)

    outcome = await make_attempt(owner, running=False).carry_out()

    assert isinstance(outcome, Answered)
    assert owner.committed == ["start_requested", "step_running"]
    assert service.calls[:2] == ["prepare", "start"]


class ForgetfulService(ScriptedService):
    """Makes threads and does not find them when a run is to be started there, the first `times`."""

    def __init__(self, *, times: int) -> None:
        super().__init__([RunStatus.COMPLETED])
        self.times = times

    async def start_run(self, request: RunRequest, *, place: str | None) -> RunView:
        if self.times > 0:
            self.times -= 1
            self.calls.append("start")
            raise NotFound("Thread not found")
        return await super().start_run(request, place=place)


async def test_thread_that_suna_has_lost_is_made_anew_and_nobody_else_waits_for_that():
    owner = Owner(service=ForgetfulService(times=THREADS_AT_MOST - 1))
    wishes = [wish(owner.execution_id), wish(uuid.uuid4()), wish(uuid.uuid4())]
    # Where nothing is known of a connection, two starts at once may be without an answer.
    assert [owner.gate.ask(one, now=0) is None for one in wishes] == [True, True, False]
    attempt = make_attempt(owner, running=False)

    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        carried = group.create_task(attempt.carry_out())
        while "service_bad_response" not in owner.said:
            await asyncio.sleep(0.001)
        assert not carried.done()
        assert owner.gate.ask(wishes[2], now=0) is None

    assert isinstance(carried.result(), Answered)
    # Before each try, and again when its time is committed, the connection is taken as it stands.
    assert owner.said[:6] == ["renewed", "renewed", "service_bad_response"] * 2


async def test_suna_that_finds_none_of_its_threads_fails_the_attempt():
    service = ForgetfulService(times=1000)

    async with asyncio.timeout(10):
        outcome = await make_attempt(Owner(service=service), running=False).carry_out()

    assert isinstance(outcome, Broken)
    assert (outcome.code, outcome.message) == ("bad_response", "Thread not found")
    assert service.calls == ["prepare", "start"] * THREADS_AT_MOST


def wish(execution_id: uuid.UUID) -> Wish:
    return Wish(key=(execution_id, "a"), user="ann", under_way=False, position=0, wake=lambda: None)


async def test_looks_for_starts_in_doubt_share_the_polls_of_the_driver(settings):
    settings.ORCHESTRATOR = replace(settings.ORCHESTRATOR, polls_per_s=10, start_grace_s=1000.0)
    hints, services = Hints(), [DoubtfulService() for _ in range(100)]
    owners = [Owner(service=service, hints=hints) for service in services]

    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(4):
            await asyncio.gather(*[make_attempt(one, running=False).carry_out() for one in owners])

    # Each looks at once when its start is in doubt; then all together about ten times a second.
    looks = sum(service.calls.count("list") for service in services) - len(services)
    assert looks <= 80
    assert hints.pace.stretch("alone", 1.0) == 1.0


class DoubtfulService(ScriptedService):
    """Loses the answer of each start; no run ever appears."""

    async def start_run(self, request: RunRequest, *, place: str | None) -> RunView:
        self.calls.append("start")
        raise StartUncertain("lost")
