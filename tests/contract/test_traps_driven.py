"""The traps that a client alone cannot step over: what a driver does about them, over the real client.

The numbers are those of suna-contract §6. The driver's own code follows and stops the runs; only the
execution around it is made up.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from executions.agent_service import RunRequest, RunStatus, RunView
from executions.engine.state import AgentRunStatus
from executions.orchestrator import agent_models
from executions.orchestrator.attempt import Attempt
from executions.orchestrator.follow import follow_run
from executions.orchestrator.outcomes import Answered, Stopped
from executions.orchestrator.tracked import RunRecord
from executions.suna.client import SunaClient
from tests.contract.clients import bearer, client_to
from tests.contract.contract_steps import appear, begin, follow
from tests.contract.raw_server import Request, json_answer, serve
from tests.contract.recordings import load
from tests.contract.simulated_suna import SimulatedSuna
from tests.contract.targets import Target
from tests.unit.engine.plans import make_step
from tests.unit.orchestrator.scripted_service import AT, Owner

PICKED_UP_LATE = ("2025-07", "2025-08/b1", "2025-08/b2", "2025-10", "2025-12/c1")
"""Those whose workers take a run up that was stopped while nobody had it (suna-contract §9.32)."""
HAS_PLAN_MODEL = ("2025-10", "2025-12/c1", "2025-12/c2", "2026-01")
OWN_MODEL = "openai/gpt-4o-mini"


@pytest.fixture
async def client(suna: Target, simulated: SimulatedSuna) -> AsyncIterator[SunaClient]:
    options = {"profile": suna.profile, "learned": suna.learned, "credential": bearer(suna.token)}
    async with client_to(suna.url, **options) as opened:
        yield opened


def ask(script: dict[str, Any], *, model_name: str | None = OWN_MODEL) -> RunRequest:
    prompt = f"Find facts about tides. @@sim{json.dumps(script)}"
    return RunRequest(agent_id="agent-123", prompt=prompt, model_name=model_name)


def attempt_at(client: SunaClient, run: RunView | None, prompt: str = "Go.") -> Attempt:
    """Return an attempt of a driver whose execution is made up: with its run, or before its start."""
    record = RunRecord(step_id="a", attempt=1, agent_id="agent-123", model_name="")
    if run is not None:
        record.suna_run_id, record.thread_id, record.started_at = run.run_id, run.place, AT
    step = make_step("a", agent_id="agent-123")
    owner: Any = Owner(service=client)
    return Attempt(owner, step=step, number=1, prompt=prompt, run=record if run is not None else None)


async def stop_by_driver(client: SunaClient, run: RunView) -> Stopped:
    """Have a driver stop a run, as after a cancel."""
    attempt = attempt_at(client, run)
    attempt.stopping.set()
    assert attempt.run is not None
    async with asyncio.timeout(20):
        outcome = await follow_run(attempt, attempt.run)
    assert isinstance(outcome, Stopped)
    return outcome


def stops_in(simulated: SimulatedSuna) -> int:
    return len([one for one in simulated.get("ledger")["entries"] if one["operation"] == "run.stop"])


async def test_trap_6_a_stop_overwrites_how_a_run_ended_so_that_it_is_asked_before_it_is_stopped(
    client, simulated
):
    ended = await begin(client, ask({"text": "x"}))
    assert (await follow(client, ended.run_id)).status is RunStatus.COMPLETED

    outcome = await stop_by_driver(client, ended)

    assert (outcome.run_status, stops_in(simulated)) == (AgentRunStatus.COMPLETED, 0)
    assert (await client.get_run(ended.run_id)).status is RunStatus.COMPLETED
    # What it keeps from happening.
    await client.stop_run(ended.run_id)
    assert (await client.get_run(ended.run_id)).status is RunStatus.STOPPED


async def test_trap_6_a_stop_that_comes_before_a_worker_is_lost_so_that_it_counts_when_it_was_told_twice(
    client, suna, simulated, settings
):
    if suna.name not in PICKED_UP_LATE:
        pytest.skip("a worker here does not take up what was stopped")
    settings.ORCHESTRATOR = replace(settings.ORCHESTRATOR, stop_settle_s=1.5)
    waiting = await begin(client, ask({"text": "x", "pickup": 0.3, "takes": 0.1}))

    outcome = await stop_by_driver(client, waiting)

    # At once it was "stopped", and the worker ran it in full all the same, unless this machine was so slow
    # that it had the run already: either way what counts is what stays.
    assert stops_in(simulated) == 1
    assert outcome.run_status == (await client.get_run(waiting.run_id)).status.value


async def test_trap_7_a_stop_that_is_confirmed_and_does_nothing_is_sent_again_until_the_run_is_over(settings):
    settings.ORCHESTRATOR = replace(settings.ORCHESTRATOR, stop_settle_s=0.01)
    recorded = load("2025-07", "slow-run-running")["body"]
    stops = 0

    async def respond(request: Request, writer: asyncio.StreamWriter) -> None:
        nonlocal stops
        if request.path.endswith("/stop"):
            stops += 1
            writer.write(json_answer(200, {"status": "stopped"}))
        elif request.path.endswith(f"/agent-run/{recorded['id']}"):
            # As those builds of July 2025 did: told that it is stopped, and going on all the same.
            writer.write(json_answer(200, {**recorded, "status": "stopped" if stops > 2 else "running"}))
        else:
            writer.write(json_answer(404, {"detail": "Agent run not found"}))

    async with serve(respond) as server, client_to(server.url, profile="2025-07") as client:
        running = await client.get_run(recorded["id"])
        assert running.status is RunStatus.RUNNING
        outcome = await stop_by_driver(client, running)

    assert (outcome.run_status, stops) == (AgentRunStatus.STOPPED, 3)


async def test_trap_14_each_start_names_the_agent_and_the_agents_own_model(
    client, suna, simulated, monkeypatch
):
    """What is left out is filled in by Suna: with its own agent, with the plan's model (§1.3)."""
    if suna.name not in HAS_PLAN_MODEL:
        pytest.skip("there is no plan's model, or no word of the agent's own")
    # Nobody has listed the agents: so Suna is asked.
    monkeypatch.setattr(agent_models, "_read_catalogue", lambda *_: None)

    async with asyncio.timeout(20):
        outcome = await attempt_at(client, None).carry_out()

    assert isinstance(outcome, Answered)
    (start,) = [
        one["body"] for one in simulated.get("ledger")["entries"] if one["operation"] == "agent.start"
    ]
    own = (await client.get_agent("agent-123")).model_name
    assert (start["agent_id"], start["model_name"], own) == ("agent-123", OWN_MODEL, OWN_MODEL)
    # What would happen without: another model than the agent's own.
    unnamed = await begin(client, ask({"text": "x"}, model_name=None))
    await appear(client, unnamed.run_id)
    await follow(client, unnamed.run_id)
    result = await client.get_result(unnamed.run_id, place=unnamed.place)
    used = [{one.model for one in read.responses} for read in (outcome.result, result)]
    assert used[0] != used[1]
