"""c2 of the simulator: a Redis stream, and starts that are answered first."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from executions.suna.simulator.times import Times
from tests.contract.simulator.native_calls import (
    kinds,
    sim,
    start,
    stop,
    stream,
    wait_for,
)
from tests.contract.simulator.recorded_native import PING, wait_until
from tests.contract.simulator.simulator_server import Simulated, running_simulator

LATE_END = {"type": "status", "status": "completed"}


@pytest.fixture(scope="module")
def c2_server() -> Iterator[Simulated]:
    times = Times(ping_s=0.2, optimistic_s=0.4)
    with running_simulator(profile="2025-12", variant="c2", times=times) as simulated:
        yield simulated


@pytest.fixture
def c2(c2_server: Simulated) -> Simulated:
    c2_server.client.post("/_simulator/reset").raise_for_status()
    return c2_server


def optimistic(**fields: str) -> dict[str, str]:
    given = {"thread_id": str(uuid4()), "project_id": str(uuid4()), "prompt": sim(text="Done.")}
    return {"optimistic": "true", "agent_id": "agent-123", **given, **fields}


def runs_of(simulated: Simulated, thread_id: str) -> Any:
    return simulated.client.get(f"/v1/thread/{thread_id}/agent-runs")


def test_optimistic_start_is_answered_without_a_run_which_comes_later(c2: Simulated) -> None:
    fields = optimistic()
    reply = c2.client.post("/v1/agent/start", data=fields).json()

    ids = {name: fields[name] for name in ("thread_id", "project_id")}
    assert reply == {**ids, "agent_run_id": None, "status": "pending"}
    assert runs_of(c2, fields["thread_id"]).json() == {"agent_runs": []}
    listed = wait_until(lambda: runs_of(c2, fields["thread_id"]), lambda answer: answer.json()["agent_runs"])
    started = {"agent_run_id": listed.json()["agent_runs"][0]["id"]}
    wait_for(c2, started, status="completed", threadId=fields["thread_id"])


@pytest.mark.parametrize("left_out", ["thread_id", "project_id"])
def test_optimistic_start_wants_both_ids(c2: Simulated, left_out: str) -> None:
    fields = optimistic()
    del fields[left_out]
    refused = c2.client.post("/v1/agent/start", data=fields)

    assert refused.status_code == 400
    assert refused.json()["detail"] == "thread_id and project_id required for optimistic mode"


def test_optimistic_start_wants_uuids_and_a_prompt(c2: Simulated) -> None:
    malformed = c2.client.post("/v1/agent/start", data=optimistic(thread_id="mine"))
    empty = c2.client.post("/v1/agent/start", data=optimistic(prompt=""))

    assert (malformed.status_code, malformed.json()["detail"]) == (400, "Invalid UUID format")
    assert empty.status_code == 400


def test_thread_that_is_still_pending_cannot_be_started(c2: Simulated) -> None:
    fields = optimistic()
    c2.client.post("/v1/agent/start", data=fields).raise_for_status()
    path = f"/v1/thread/{fields['thread_id']}/start-agent"

    refused = c2.client.post(path, params={"agent_id": "agent-123"})
    assert (refused.status_code, refused.json()["detail"]) == (409, "Thread is still pending")
    wait_until(lambda: runs_of(c2, fields["thread_id"]), lambda answer: answer.json()["agent_runs"])
    assert c2.client.post(path, params={"agent_id": "agent-123"}).json()["project_id"] is None
    assert len(runs_of(c2, fields["thread_id"]).json()["agent_runs"]) == 2


def test_silent_stream_pings(c2: Simulated) -> None:
    started = start(c2, sim(hang=True))

    events = stream(c2, started)
    assert kinds(events) == ["status", "llm_response_start", "ping", "ping"]
    assert events[-1] == PING


def test_failing_model_ends_the_stream_with_one_error(c2: Simulated) -> None:
    started = start(c2, sim(fail="no such model", takes=0.1))

    assert [event.get("status") for event in stream(c2, started)] == ["error"]
    wait_for(c2, started, status="failed")
    assert stream(c2, started) == [LATE_END]


def test_stop_ends_no_stream_that_is_open_and_deletes_it_for_all_others(c2: Simulated) -> None:
    started = start(c2, sim(text="one two three four", takes=2))
    stopped: list[int] = []
    events = []

    with c2.client.stream("GET", f"/v1/agent-run/{started['agent_run_id']}/stream") as reader:
        for line in reader.iter_lines():
            if line:
                events.append(line)
            if "sequence" in line and not stopped:
                stopped.append(stop(c2, started).status_code)
            if len(events) > 3 and events[-2:] == ['data: {"type": "ping"}'] * 2:
                break

    assert stopped == [200]
    assert not any('"status":' in event and '"content"' not in event for event in events)
    assert wait_for(c2, started, error="Stopped by stop_signal_key")["status"] == "stopped"
    assert stream(c2, started) == [LATE_END]


def test_thread_is_made_in_a_project_that_exists(c2: Simulated) -> None:
    project_id = c2.client.post("/v1/threads").json()["project_id"]

    made = c2.client.post(f"/v1/projects/{project_id}/threads")
    assert made.json()["project_id"] == project_id
    assert start(c2, sim(text="Done."), thread_id=made.json()["thread_id"])["status"] == "running"
    missing = c2.client.post(f"/v1/projects/{uuid4()}/threads")
    assert (missing.status_code, missing.json()["detail"]) == (404, "Project not found")


@pytest.mark.parametrize("variant", ["c1", "c2"])
def test_form_of_the_start_tells_c1_from_c2(variant: str) -> None:
    with running_simulator(profile="2025-12", variant=variant) as simulated:
        document = simulated.client.get("/openapi.json").json()

    body = document["paths"]["/v1/agent/start"]["post"]["requestBody"]["content"]["multipart/form-data"]
    name = body["schema"]["$ref"].removeprefix("#/components/schemas/")
    fields = document["components"]["schemas"][name]["properties"]
    assert ("optimistic" in fields) == (variant == "c2")
    assert {"thread_id", "prompt", "model_name", "agent_id", "files"} <= set(fields)
