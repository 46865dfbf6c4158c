"""A service that is down is asked once in a while, and what failed is not repeated without end."""

import pytest

from executions.agent_service import (
    AgentServiceError,
    NotFound,
    RunRequest,
    RunStatus,
    StartUncertain,
    Throttled,
    Unavailable,
)
from executions.orchestrator.circuit import LONGEST_INTERVAL_S, OPENS_AFTER, Circuit
from executions.orchestrator.gate import Gate
from executions.orchestrator.guarded_service import GuardedService
from executions.orchestrator.retry_budget import MOST_SAVED, RetryBudget
from tests.unit.orchestrator.scripted_service import ScriptedService
from tests.unit.orchestrator.test_gate import make_gate


def make_circuit() -> Circuit:
    return Circuit(jitter=lambda low, high: 1.0)


def open_circuit(circuit: Circuit, *, now: float) -> None:
    for _ in range(OPENS_AFTER):
        circuit.failed(now=now)


def test_the_circuit_opens_after_so_many_failures_in_a_row_and_not_before():
    circuit = make_circuit()
    for _ in range(OPENS_AFTER - 1):
        circuit.failed(now=0)
    assert circuit.succeeded() is False
    for _ in range(OPENS_AFTER - 1):
        circuit.failed(now=0)
    assert circuit.allow(now=0)

    circuit.failed(now=0)

    assert circuit.is_open
    assert not circuit.allow(now=0)


def test_an_open_circuit_lets_one_probe_through_an_interval_that_doubles():
    circuit = make_circuit()
    open_circuit(circuit, now=0)
    probes = []
    for tenth in range(1000):
        if circuit.allow(now=tenth / 10):
            probes.append(tenth / 10)
            circuit.failed(now=tenth / 10)

    assert probes[:6] == [1, 3, 7, 15, 30, 45]
    assert probes[-1] - probes[-2] == LONGEST_INTERVAL_S


def test_one_success_closes_the_circuit_and_the_next_time_it_begins_anew():
    circuit = make_circuit()
    open_circuit(circuit, now=0)
    assert circuit.allow(now=20)
    assert circuit.succeeded() is True
    assert circuit.allow(now=20)
    assert circuit.allow(now=20)

    open_circuit(circuit, now=30)

    assert not circuit.allow(now=30.9)
    assert circuit.allow(now=31)


def test_repeats_are_a_tenth_of_the_calls_and_one_a_second_at_least():
    budget = RetryBudget()
    assert budget.allow("failing", now=0)
    budget.note("failing", failed=True)
    assert sum(budget.allow("failing", now=0) for _ in range(100)) == MOST_SAVED

    assert sum(budget.allow(f"other {number}", now=0) for number in range(50)) == 50

    assert sum(budget.allow("failing", now=0) for _ in range(100)) in (4, 5)
    assert sum(budget.allow("failing", now=10 + at / 10) for at in range(100)) in range(18, 21)


def test_a_call_that_succeeded_is_no_repeat_the_next_time():
    budget = RetryBudget()
    for _ in range(100):
        assert budget.allow("look", now=0)
        budget.note("look", failed=False)


class Clock:
    at = 0.0

    def __call__(self) -> float:
        return self.at


class Failing(ScriptedService):
    """Fails every start and every look as it is told."""

    def __init__(self, error: AgentServiceError | None) -> None:
        super().__init__([RunStatus.RUNNING])
        self.error = error

    async def get_run(self, run_id: str, **_: object) -> object:  # type: ignore[override]
        self.calls.append("look")
        if self.error is not None:
            raise self.error
        return None

    async def stop_run(self, run_id: str) -> None:
        self.calls.append("stop")
        if self.error is not None:
            raise self.error


async def look(service: GuardedService, run_id: str = "run-1") -> AgentServiceError | None:
    try:
        await service.get_run(run_id)
    except AgentServiceError as error:
        return error
    return None


def guard(error: AgentServiceError | None) -> tuple[Failing, GuardedService, Clock, Gate]:
    clock, gate = Clock(), make_gate()
    failing = Failing(error)
    return failing, GuardedService(failing, gate=gate, clock=clock), clock, gate


@pytest.mark.parametrize("error", [Unavailable(), StartUncertain()])
async def test_calls_are_answered_at_once_and_not_sent_while_the_circuit_is_open(error):
    failing, service, clock, _ = guard(error)
    for number in range(OPENS_AFTER):
        await look(service, f"run-{number}")

    refused = await look(service)

    assert isinstance(refused, Unavailable)
    assert refused.sent is False
    assert len(failing.calls) == OPENS_AFTER
    clock.at = 2.0
    assert await look(service) is error
    assert len(failing.calls) == OPENS_AFTER + 1


async def test_stops_are_sent_although_the_circuit_is_open_and_close_it_when_they_succeed():
    failing, service, _, gate = guard(Unavailable())
    for number in range(OPENS_AFTER):
        await look(service, f"run-{number}")
    failing.error = None

    await service.stop_run("run-1")

    assert failing.calls[-1] == "stop"
    assert not gate.circuit.is_open
    assert await look(service) is None


@pytest.mark.parametrize("error", [NotFound(), Throttled()])
async def test_an_answer_of_whatever_kind_is_no_failure(error):
    failing, service, _, gate = guard(error)
    for _ in range(3 * OPENS_AFTER):
        await look(service)

    assert len(failing.calls) == 3 * OPENS_AFTER
    assert not gate.circuit.is_open


async def test_no_stream_is_opened_while_the_circuit_is_open():
    _, service, _, gate = guard(None)
    open_circuit(gate.circuit, now=0)

    with pytest.raises(Unavailable):
        await service.watch_run("run-1", heard=lambda events: None)


async def test_the_service_behind_the_guard_is_asked_as_it_was_asked():
    failing, service, _, _ = guard(None)
    request = RunRequest(agent_id="agent", prompt="Do it.")

    assert await service.prepare_run(request) == "thread-1"
    assert (await service.start_run(request, place="thread-1")).status is RunStatus.RUNNING
    assert await service.list_runs("thread-1") == ()
    assert (await service.get_result("run-1", place=None)).text == "the answer"
    assert failing.calls == ["prepare", "start", "list", "result"]
