"""Starts that nobody could look up: they outlive their attempt, and the next one hears of them."""

import asyncio
from collections.abc import Sequence

import pytest

from executions.agent_service import (
    AgentServiceError,
    RunRequest,
    RunStatus,
    RunView,
    SecretText,
    ServiceTraits,
    StartUncertain,
    Throttled,
)
from executions.engine.state import AgentRunStatus
from executions.orchestrator.attempt import Attempt
from executions.orchestrator.outcomes import Answered, Outcome, PutBack, Stopped
from executions.orchestrator.tracked import RunRecord
from tests.unit.engine.plans import make_step
from tests.unit.orchestrator.scripted_service import Owner, ScriptedService, make_attempt


class PlacelessService(ScriptedService):
    """Makes the place with the start, which it answers when it is told to."""

    def __init__(self, answer: AgentServiceError | None = None) -> None:
        super().__init__([RunStatus.COMPLETED])
        self.traits_shown = ServiceTraits(wants_model=False, makes_places=False, finds_starts=False)
        self.answer = answer
        self.may_answer = asyncio.Event()

    async def prepare_run(self, request: RunRequest) -> str | None:
        return None

    async def start_run(self, request: RunRequest, *, place: str | None) -> RunView:
        view = await super().start_run(request, place=place)
        await self.may_answer.wait()
        if self.answer is not None:
            raise self.answer
        return view


async def break_off(owner: Owner, service: PlacelessService) -> RunRecord:
    """Break an attempt off whose start is under way; return its run as its row holds it."""
    attempt = make_attempt(owner, running=False)
    carried = asyncio.create_task(attempt.carry_out())
    async with asyncio.timeout(5):
        while "start" not in service.calls:
            await asyncio.sleep(0.001)
    carried.cancel()
    await asyncio.gather(carried, return_exceptions=True)
    assert attempt.run is not None
    assert owner.open_starts.are_any
    row = attempt.run
    return RunRecord(
        id=row.id,
        step_id="a",
        attempt=1,
        agent_id="agent-a",
        model_name="",
        status=AgentRunStatus.STARTING,
        start_requested_at=row.start_requested_at,
    )


class Keyless(Attempt):
    """An attempt of somebody who has stored no key."""

    async def find_secrets(self) -> Sequence[SecretText]:
        return ()


async def take_up(owner: Owner, run: RunRecord, *, stopping: bool = False) -> Outcome:
    attempt = Keyless(owner, step=make_step("a"), number=1, prompt="Do it.", run=run)  # type: ignore[arg-type]
    if stopping:
        attempt.stopping.set()
    async with asyncio.timeout(5):
        return await attempt.carry_out()


@pytest.mark.parametrize("answered_before", [True, False])
async def test_answer_to_a_start_is_heard_by_the_attempt_that_takes_up_its_run(answered_before):
    service = PlacelessService()
    owner = Owner(service=service)
    run = await break_off(owner, service)
    if answered_before:
        service.may_answer.set()
        await asyncio.sleep(0)
    else:
        asyncio.get_running_loop().call_later(0.05, service.may_answer.set)

    outcome = await take_up(owner, run)

    assert isinstance(outcome, Answered)
    assert service.calls.count("start") == 1
    assert "start_unknown" not in owner.committed
    assert not owner.open_starts.are_any


async def test_start_that_was_refused_after_its_attempt_was_broken_off_is_put_back():
    service = PlacelessService(Throttled())
    owner = Owner(service=service)
    run = await break_off(owner, service)
    service.may_answer.set()

    assert isinstance(await take_up(owner, run), PutBack)
    assert not owner.open_starts.are_any


async def test_start_whose_answer_was_lost_after_all_is_a_persons_to_decide():
    service = PlacelessService(StartUncertain("lost"))
    owner = Owner(service=service)
    run = await break_off(owner, service)
    service.may_answer.set()

    outcome = await take_up(owner, run, stopping=True)

    assert isinstance(outcome, Stopped)
    assert owner.committed[-1] == "start_unknown"


async def test_start_that_was_committed_and_never_sent_is_sent_by_the_next_attempt():
    service = PlacelessService()
    service.may_answer.set()
    owner = Owner(service=service)
    run = RunRecord(step_id="a", attempt=1, agent_id="agent-a", model_name="", status=AgentRunStatus.STARTING)
    owner.open_starts.announce(run.id, of=owner.execution_id)

    assert isinstance(await take_up(owner, run), Answered)
    assert service.calls.count("start") == 1


async def test_start_of_an_execution_that_is_somebody_elses_is_not_waited_for():
    service = PlacelessService()
    owner = Owner(service=service)
    run = await break_off(owner, service)

    owner.open_starts.leave(owner.execution_id)

    async with asyncio.timeout(1):
        await owner.open_starts.wait()
    assert owner.open_starts.find(run.id) is None
