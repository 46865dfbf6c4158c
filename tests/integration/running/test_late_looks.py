"""Abandoned starts are looked at until Suna has answered, however many there are and whatever hangs (P5)."""

import asyncio
import datetime as dt
import socket
import time
from collections.abc import Iterator

import pytest
from django.db.models import F
from django.db.models.functions import Now

from executions.agent_service import AgentService, RunRequest
from executions.engine.state import AgentRunStatus
from executions.models import AgentRun, Execution
from executions.orchestrator import late_starts
from executions.orchestrator.connections import open_connection
from executions.orchestrator.late_starts import collect_late_starts
from teams.models import SunaConnection
from tests.fixtures.running import TOKEN, RunningRenum

ONE_STEP = {"type": "sequential", "agents": [{"agent_id": "agent-1"}]}


async def make_threads(service: AgentService, count: int) -> list[str]:
    try:
        request = RunRequest(agent_id="agent-1", prompt="Go.")
        return [await service.prepare_run(request) or "" for _ in range(count)]
    finally:
        await service.aclose()


def abandon(execution: Execution, connection: SunaConnection, count: int, *, ago: dt.timedelta) -> None:
    step, first = execution.steps.get(), AgentRun.objects.count() + 1
    threads = [f"thread-{first + number}" for number in range(count)]
    if connection.pk == execution.connection_id:
        threads = asyncio.run(make_threads(open_connection(connection), count))
    AgentRun.objects.bulk_create(
        AgentRun(
            execution=execution,
            step=step,
            connection=connection,
            attempt=attempt,
            agent_id="agent-1",
            thread_id=thread,
            status=AgentRunStatus.ABANDONED,
            code="start_abandoned",
            created_at=Now(),
            start_requested_at=Now() - ago,
            finished_at=Now() - ago,
        )
        for attempt, thread in enumerate(threads, start=first)
    )


def look() -> None:
    assert collect_late_starts(until=time.monotonic() + 30) == 0


def count_looks() -> dict[int, int]:
    looks = list(AgentRun.objects.values_list("looks", flat=True))
    return {number: looks.count(number) for number in set(looks)}


def asked(renum: RunningRenum) -> int:
    return len(renum.suna.get("ledger?operation=thread.runs&limit=5000")["entries"])


def test_each_of_many_is_looked_at_once_whenever_it_is_due(renum_on) -> None:
    renum = renum_on("2025-08")
    execution = renum.start(renum.make_team(ONE_STEP))
    abandon(execution, renum.connection, 60, ago=dt.timedelta(seconds=65))

    look()
    assert count_looks() == {1: 60}
    look()
    assert count_looks() == {1: 60}
    # The sweep was away for an hour: both further looks are due, one after the other.
    AgentRun.objects.update(finished_at=F("finished_at") - dt.timedelta(hours=1))
    look()
    assert count_looks() == {3: 60}
    look()
    assert count_looks() == {3: 60}
    assert asked(renum) == 180


def test_a_look_that_suna_did_not_answer_is_due_again(renum_on) -> None:
    renum = renum_on("2025-08")
    execution = renum.start(renum.make_team(ONE_STEP))
    abandon(execution, renum.connection, 3, ago=dt.timedelta(minutes=2))
    renum.suna.fail("thread.runs", times=3, kind="status", status=503)

    look()
    assert count_looks() == {0: 3}
    look()
    assert asked(renum) == 3
    AgentRun.objects.update(look_after=F("look_after") - late_starts.AGAIN_AFTER)
    look()
    assert count_looks() == {1: 3}


@pytest.fixture
def silent_address() -> Iterator[str]:
    """Give the address of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_suna_that_hangs_keeps_nobody_elses_runs_from_being_looked_at(
    renum_on, silent_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(late_starts, "WITHIN_S", 1.0)
    renum = renum_on("2025-08")
    hanging = SunaConnection(
        owner=renum.owner, name="Silent", base_url=silent_address, wire_profile=renum.profile
    )
    hanging.set_credential(bearer=TOKEN)
    hanging.save()
    execution = renum.start(renum.make_team(ONE_STEP))
    # The hanging ones are the older ones, and more than one round holds.
    abandon(execution, hanging, late_starts.RUNS_A_ROUND + 10, ago=dt.timedelta(minutes=4))
    abandon(execution, renum.connection, 10, ago=dt.timedelta(minutes=2))

    look()

    assert set(AgentRun.objects.filter(looks=1).values_list("connection", flat=True)) == {renum.connection.pk}
    assert AgentRun.objects.filter(looks=1).count() == 10
