"""Following and stopping a run: what a single answer of the service may not decide alone."""

import time
from dataclasses import replace

import pytest

from executions.agent_service import NotFound, RunStatus, Urgency
from executions.engine.state import AgentRunStatus
from executions.orchestrator.circuit import OPENS_AFTER
from executions.orchestrator.follow import VANISHED_AFTER, follow_run
from executions.orchestrator.guarded_service import GuardedService
from executions.orchestrator.outcomes import Answered, Broken, Outcome, Stopped
from tests.unit.orchestrator.scripted_service import Answer, Owner, ScriptedService, make_attempt

COMPLETED, RUNNING, STOPPED = RunStatus.COMPLETED, RunStatus.RUNNING, RunStatus.STOPPED


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
