"""Following and stopping a run: what a single answer of the service may not decide alone."""

import asyncio
import time
from dataclasses import replace

import pytest

from executions.agent_service import (
    NotFound,
    RunResult,
    RunStatus,
    RunView,
    ServiceTraits,
    Unavailable,
    Urgency,
)
from executions.engine.state import AgentRunStatus
from executions.orchestrator.circuit import OPENS_AFTER
from executions.orchestrator.follow import VANISHED_AFTER, follow_run
from executions.orchestrator.guarded_service import GuardedService
from executions.orchestrator.outcomes import Answered, Broken, Outcome, Stopped
from tests.unit.engine.plans import make_step
from tests.unit.orchestrator.scripted_service import AT, Answer, Owner, ScriptedService, make_attempt

COMPLETED, RUNNING, STOPPED = RunStatus.COMPLETED, RunStatus.RUNNING, RunStatus.STOPPED
FAILED = RunStatus.FAILED


@pytest.fixture(autouse=True)
def quick(settings) -> None:
    settings.ORCHESTRATOR = replace(
        settings.ORCHESTRATOR, poll_min_s=0.001, poll_max_s=0.001, stop_settle_s=0.001, stop_give_up_s=60
    )


async def follow(looks: list[Answer], *, stopping: bool = False) -> tuple[Outcome, ScriptedService]:
    service = ScriptedService(looks)
    attempt = make_attempt(Owner(service=service), running=True)
    if stopping:
        attempt.stopping.set()
    assert attempt.run is not None
    return await follow_run(attempt, attempt.run), service


async def test_run_that_is_not_found_for_a_moment_is_followed_on():
    misses: list[Answer] = [NotFound() for _ in range(VANISHED_AFTER - 1)]

    outcome, _ = await follow([*misses, RUNNING, *misses, COMPLETED])

    assert len(misses) == 2
    assert isinstance(outcome, Answered)


async def test_run_that_is_not_found_three_times_running_has_vanished():
    outcome, service = await follow([NotFound()])

    assert isinstance(outcome, Broken)
    assert (outcome.code, outcome.run_status) == ("run_vanished", AgentRunStatus.ABANDONED)
    assert service.calls == ["look"] * 3


async def test_run_whose_stop_was_overwritten_is_stopped_again_before_it_counts_as_over():
    # Stopped at the first look after the stop, running at the second: a worker picked the run up meanwhile.
    outcome, service = await follow([RUNNING, STOPPED, RUNNING, STOPPED], stopping=True)

    assert isinstance(outcome, Stopped)
    assert outcome.run_status is AgentRunStatus.STOPPED
    assert service.calls == ["look", "stop", "look", "look", "stop", "look", "look", "result"]


async def test_run_is_looked_at_and_stopped_although_the_circuit_is_open():
    service = ScriptedService([RUNNING, STOPPED])
    owner = Owner(service=service)
    for _ in range(OPENS_AFTER):
        owner.gate.circuit.failed(now=time.monotonic())
    owner.service = GuardedService(service, gate=owner.gate)
    attempt = make_attempt(owner, running=True)
    attempt.stopping.set()
    assert attempt.run is not None

    outcome = await follow_run(attempt, attempt.run)

    assert isinstance(outcome, Stopped)
    assert service.calls == ["look", "stop", "look", "look", "result"]
    assert set(service.urgencies) == {Urgency.STOP}
    assert owner.said == ["stopping"]


async def test_run_that_was_over_before_it_was_to_be_stopped_is_left_as_it_ended():
    outcome, service = await follow([COMPLETED], stopping=True)

    assert isinstance(outcome, Stopped)
    assert (outcome.run_status, "stop" in service.calls) == (AgentRunStatus.COMPLETED, False)


async def follow_late(service: ScriptedService) -> Outcome:
    """Follow a run whose time was up before it could be asked for once."""
    owner = Owner(service=service)
    owner.reads = 100_000
    attempt = make_attempt(owner, running=True)
    assert attempt.run is not None
    return await follow_run(attempt, attempt.run)


async def test_answer_that_is_there_when_the_time_is_up_is_taken():
    # As after an outage that lasted longer than the step may: the run itself was in time.
    service = ScriptedService([Unavailable(), COMPLETED])

    outcome = await follow_late(service)

    assert isinstance(outcome, Answered)
    assert outcome.result.text == "the answer"
    assert service.calls == ["look", "look", "result"]


async def test_run_that_goes_on_when_the_time_is_up_is_stopped_and_what_it_says_then_is_no_answer():
    service = ScriptedService([RUNNING, COMPLETED])

    outcome = await follow_late(service)

    assert isinstance(outcome, Broken)
    assert (outcome.code, outcome.run_status) == ("timeout", AgentRunStatus.COMPLETED)
    assert "stop" in service.calls


class UnreadableService(ScriptedService):
    """Says that a run is completed and keeps its result; each try takes the owner's clock `step_s` on."""

    def __init__(self, looks: list[Answer], *, step_s: float) -> None:
        super().__init__(looks)
        self.step_s = step_s
        self.owner = Owner(service=self)

    async def get_result(self, run_id: str, *, place: str | None) -> RunResult:
        self.calls.append("result")
        self.owner.reads += int(self.step_s * 10)
        raise Unavailable("no result today")


async def collect(service: UnreadableService) -> Outcome:
    async with asyncio.timeout(20):
        return await make_attempt(service.owner, running=False).carry_out()


async def test_result_that_cannot_be_read_though_suna_answers_is_given_up_after_the_steps_time(settings):
    timeout_s, give_up_s = make_step("a").timeout_s, settings.ORCHESTRATOR.result_give_up_s
    service = UnreadableService([COMPLETED], step_s=(timeout_s + give_up_s) / 3)

    outcome = await collect(service)

    assert isinstance(outcome, Broken)
    assert (outcome.code, outcome.message) == ("bad_response", "no result today")
    # Nobody knows what it used: its usage is asked for later.
    assert outcome.result is None
    assert service.calls[2:] == ["look", *["result"] * 3, "look", "result"]


async def test_result_is_waited_for_while_suna_is_away_altogether():
    timeout_s = make_step("a").timeout_s
    service = UnreadableService([COMPLETED, Unavailable(), Unavailable(), COMPLETED], step_s=timeout_s * 2)

    outcome = await collect(service)

    assert isinstance(outcome, Broken)
    assert service.calls[2:] == ["look", "result", "look", "look", "look", "result"]


async def test_run_that_may_yet_appear_has_not_vanished_and_later_it_has():
    # Each reading of the clock is a tenth of a second later.
    service = ScriptedService([NotFound()])
    service.traits_shown = ServiceTraits(run_appears_within_s=3.0)
    attempt = make_attempt(Owner(service=service), running=True)
    assert attempt.run is not None

    outcome = await follow_run(attempt, attempt.run)

    assert isinstance(outcome, Broken)
    assert outcome.code == "run_vanished"
    assert len(service.calls) > 2 * VANISHED_AFTER
    waited_s = (attempt.owner.now() - AT).total_seconds()
    assert 3.0 < waited_s < 6.0


async def test_stop_is_repeated_until_the_run_has_appeared_and_taken_it():
    service = ScriptedService([NotFound(), NotFound(), NotFound(), RUNNING, STOPPED])
    service.traits_shown = ServiceTraits(run_appears_within_s=60.0)
    attempt = make_attempt(Owner(service=service), running=True)
    attempt.stopping.set()
    assert attempt.run is not None

    outcome = await follow_run(attempt, attempt.run)

    assert isinstance(outcome, Stopped)
    assert outcome.run_status is AgentRunStatus.STOPPED
    assert service.calls[:5] == ["look", "look", "look", "look", "stop"]


class Doubtful(ScriptedService):
    """Says of each failure that it may be taken back."""

    async def get_run(self, run_id: str, *, urgency: Urgency = Urgency.POLL) -> RunView:
        view = await super().get_run(run_id, urgency=urgency)
        return replace(view, doubtful=view.status is FAILED)


@pytest.mark.parametrize(
    ("looks", "ends"),
    [([RUNNING, FAILED, FAILED, COMPLETED], Answered), ([RUNNING, FAILED], Broken)],
)
async def test_end_that_may_be_taken_back_counts_once_it_has_lasted_and_the_run_is_stopped(
    settings, looks, ends
):
    settings.ORCHESTRATOR = replace(settings.ORCHESTRATOR, doubtful_end_s=2.0)
    service = Doubtful(looks)
    owner = Owner(service=service)
    attempt = make_attempt(owner, running=True)
    assert attempt.run is not None

    outcome = await follow_run(attempt, attempt.run)

    assert isinstance(outcome, ends)
    assert "end_in_doubt" in owner.said
    assert service.calls.count("look") > len(looks) - 1 + 3 * (ends is Broken)
    assert service.calls.count("stop") == (ends is Broken)


async def test_run_whose_end_is_doubtful_is_stopped_all_the_same():
    service = Doubtful([FAILED, STOPPED])
    attempt = make_attempt(Owner(service=service), running=True)
    attempt.stopping.set()
    assert attempt.run is not None

    outcome = await follow_run(attempt, attempt.run)

    assert isinstance(outcome, Stopped)
    assert service.calls == ["look", "stop", "look", "look", "result"]


class LateRows(ScriptedService):
    """Has its answer only when it was asked for the third time."""

    async def get_result(self, run_id: str, *, place: str | None) -> RunResult:
        result = await super().get_result(run_id, place=place)
        late = self.calls.count("result") < 3
        return RunResult(text=None, usage_complete=False) if late else result


@pytest.mark.parametrize(("follow_within_s", "text"), [(6.0, "the answer"), (0.0, None)])
async def test_answer_that_is_written_after_the_end_is_waited_for_where_suna_is_known_for_it(
    follow_within_s, text
):
    service = LateRows([COMPLETED])
    service.traits_shown = ServiceTraits(rows_follow_within_s=follow_within_s)
    attempt = make_attempt(Owner(service=service), running=True)
    assert attempt.run is not None

    outcome = await follow_run(attempt, attempt.run)

    assert isinstance(outcome, Answered)
    assert outcome.result.text == text


@pytest.mark.parametrize(("follow_within_s", "complete"), [(0.02, False), (0.0, True)])
async def test_what_a_stopped_run_used_is_read_once_more_where_suna_writes_after_the_end(
    follow_within_s, complete
):
    service = ScriptedService([RUNNING, STOPPED])
    service.traits_shown = ServiceTraits(rows_follow_within_s=follow_within_s)
    attempt = make_attempt(Owner(service=service), running=True)
    attempt.stopping.set()
    assert attempt.run is not None

    outcome = await follow_run(attempt, attempt.run)

    assert isinstance(outcome, Stopped)
    assert outcome.result is not None
    assert outcome.result.usage_complete is complete
