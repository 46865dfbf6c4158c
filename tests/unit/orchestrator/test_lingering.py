"""When the answer of a run that says it is under way counts, and what is never cut off."""

import datetime as dt
from dataclasses import replace

import pytest

from executions.agent_service import (
    AgentServiceError,
    NotFound,
    RunStatus,
    ServiceTraits,
    Unavailable,
)
from executions.engine.state import AgentRunStatus
from executions.orchestrator.follow import follow_run
from executions.orchestrator.lingering import STOP_TRIES, Lingering
from executions.orchestrator.outcomes import Answered, Broken, Outcome
from tests.unit.engine.plans import make_step
from tests.unit.orchestrator.scripted_service import AT, Answer, Owner, ScriptedService, make_attempt, view_of

RUNNING, STOPPED, COMPLETED = RunStatus.RUNNING, RunStatus.STOPPED, RunStatus.COMPLETED
LINGERS = ServiceTraits(may_linger=True)
N_S = 10.0


@pytest.fixture(autouse=True)
def quick(settings) -> None:
    settings.ORCHESTRATOR = replace(
        settings.ORCHESTRATOR, poll_min_s=0.001, poll_max_s=0.001, stop_settle_s=0.001, lingering_s=N_S
    )


class Looks:
    """Looks at one run at given seconds after its start."""

    def __init__(self, *marks: str | AgentServiceError | None) -> None:
        self.service = ScriptedService([RUNNING])
        self.service.traits_shown = LINGERS
        self.service.marks = list(marks)
        attempt = make_attempt(Owner(service=self.service), running=True)
        assert attempt.run is not None
        self.lingering = Lingering(attempt.run)

    async def at(self, second: float, *, events: int = 0, status: RunStatus = RUNNING) -> bool:
        now = AT + dt.timedelta(seconds=second)
        return await self.lingering.is_over(self.service, view_of(status), events=events, now=lambda: now)

    @property
    def reads(self) -> int:
        return self.service.calls.count("mark")


async def test_two_reads_that_tell_the_same_answer_so_long_apart_end_a_run():
    looks = Looks("answer")
    assert [await looks.at(second) for second in (9, 10, 15, 19.9)] == [False] * 4
    assert looks.reads == 1
    assert await looks.at(20)
    assert looks.reads == 2


async def test_a_thread_that_changed_in_between_is_waited_for_as_long_again():
    looks = Looks("one answer", "another answer")
    assert [await looks.at(second) for second in (10, 20)] == [False, False]
    assert await looks.at(30)


async def test_without_a_whole_answer_nothing_ends_a_run_and_one_read_each_n_seconds_is_all():
    looks = Looks(None)
    assert not any([await looks.at(second / 2) for second in range(400)])
    assert looks.reads == 19


async def test_what_the_stream_tells_is_a_sign_of_life_and_spares_the_reads():
    looks = Looks("answer")
    assert not any([await looks.at(second, events=second) for second in range(1, 100)])
    assert looks.reads == 0


async def test_a_sign_of_life_between_two_reads_begins_the_wait_anew():
    looks = Looks("answer")
    assert not await looks.at(10)
    assert not await looks.at(15, events=1)
    assert [await looks.at(second, events=1) for second in (20, 25, 30)] == [False, False, False]
    assert await looks.at(35, events=1)


async def test_a_read_that_fails_proves_nothing():
    looks = Looks("answer", Unavailable("away"), "answer")
    assert [await looks.at(second) for second in (10, 20, 30)] == [False, False, False]
    assert await looks.at(40)


async def test_where_runs_end_in_time_no_thread_is_read():
    looks = Looks("answer")
    looks.service.traits_shown = ServiceTraits()
    assert not any([await looks.at(second) for second in range(100)])
    assert looks.reads == 0


async def follow(
    looks: list[Answer], *, mark: str | None, traits: ServiceTraits = LINGERS, timeout_s: int = 3600
) -> tuple[Outcome, ScriptedService]:
    service = ScriptedService(looks)
    service.traits_shown, service.marks = traits, [mark]
    attempt = make_attempt(Owner(service=service), running=True)
    attempt.step = make_step("a", timeout_s=timeout_s)
    assert attempt.run is not None
    return await follow_run(attempt, attempt.run), service


async def test_the_result_is_taken_first_and_then_the_run_is_stopped():
    outcome, service = await follow([RUNNING], mark="answer")
    assert isinstance(outcome, Answered)
    assert outcome.lingered
    # This Suna says `running` whatever one does: it is told so often, and no more.
    ended = service.calls[service.calls.index("result") :]
    assert ended == ["result", *["look", "stop"] * STOP_TRIES]


async def test_a_run_that_comes_to_its_own_end_meanwhile_is_not_stopped():
    outcome, service = await follow([*[RUNNING] * 8, COMPLETED], mark="answer")
    assert isinstance(outcome, Answered)
    assert not outcome.lingered
    assert "stop" not in service.calls


@pytest.mark.parametrize("gone", [NotFound(), Unavailable("away")])
async def test_an_answer_counts_also_where_its_run_cannot_be_stopped(gone):
    class Unstoppable(ScriptedService):
        async def stop_run(self, run_id: str) -> None:
            self.calls.append("stop")
            raise gone

    service = Unstoppable([RUNNING])
    service.traits_shown, service.marks = LINGERS, ["answer"]
    attempt = make_attempt(Owner(service=service), running=True)
    assert attempt.run is not None
    outcome = await follow_run(attempt, attempt.run)
    assert isinstance(outcome, Answered)
    assert service.calls.count("stop") == STOP_TRIES


async def test_a_run_stopped_by_a_driver_that_died_before_it_kept_the_answer_has_answered():
    outcome, _ = await follow([STOPPED], mark="answer")
    assert isinstance(outcome, Answered)
    assert outcome.lingered


@pytest.mark.parametrize(
    ("mark", "traits"), [(None, LINGERS), ("answer", ServiceTraits())], ids=["at its work", "no such Suna"]
)
async def test_a_run_that_somebody_stopped_at_its_work_has_not_answered(mark, traits):
    outcome, _ = await follow([STOPPED], mark=mark, traits=traits)
    assert isinstance(outcome, Broken)
    assert (outcome.code, outcome.run_status) == ("stopped_by_suna", AgentRunStatus.STOPPED)


@pytest.mark.parametrize(("mark", "kind"), [("answer", Answered), (None, Broken)])
async def test_when_the_time_is_up_a_whole_answer_is_read_after_the_stop(mark, kind):
    outcome, service = await follow([RUNNING, RUNNING, STOPPED], mark=mark, timeout_s=0)
    assert isinstance(outcome, kind)
    assert service.calls[-2:] == ["mark", "result"]
