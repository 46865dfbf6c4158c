"""d of the simulator: rows that come late or never, runs without an end, and a reader that does harm."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from executions.suna.simulator.times import Times
from tests.contract.simulator.native_calls import kinds, messages, run_of, sim, start, stop, stream, wait_for
from tests.contract.simulator.recorded_native import PING, read_events, wait_until
from tests.contract.simulator.simulator_server import Simulated, running_simulator

TIMES = Times(pending_s=0.25, ping_s=0.2, flush_s=0.6, silence_s=0.5, wait_for_run_s=0.2, pending_key_s=1.0)
NOBODY = "00000000-0000-0000-0000-000000000000"


@pytest.fixture(scope="module")
def d_server() -> Iterator[Simulated]:
    with running_simulator(profile="2026-01", strict_agents=True, times=TIMES) as simulated:
        yield simulated


@pytest.fixture
def d(d_server: Simulated) -> Simulated:
    d_server.client.post("/_simulator/reset").raise_for_status()
    return d_server


def runs_of(simulated: Simulated, started: dict[str, Any]) -> Any:
    return simulated.client.get(f"/v1/thread/{started['thread_id']}/agent-runs")


def raw_messages(simulated: Simulated, started: dict[str, Any]) -> Any:
    return simulated.client.get(f"/v1/threads/{started['thread_id']}/messages?optimized=false")


def short_status(simulated: Simulated, started: dict[str, Any]) -> Any:
    return simulated.client.get(f"/v1/agent-runs/{started['agent_run_id']}/status")


def appear(simulated: Simulated, started: dict[str, Any]) -> None:
    wait_until(lambda: short_status(simulated, started), lambda answer: answer.status_code == 200)


def test_run_is_pending_before_the_database_has_it_and_a_stop_is_lost(d: Simulated) -> None:
    started = start(d, sim(text="Done.", takes=0.8))
    asked = d.client.get(f"/v1/agent-run/{started['agent_run_id']}")
    stopped = stop(d, started)
    runs, rows = runs_of(d, started).json(), raw_messages(d, started).json()

    assert (asked.status_code, asked.json()["detail"]) == (404, "Agent run not found")
    assert (stopped.status_code, stopped.json()["detail"]) == (404, "Worker run not found")
    assert short_status(d, started).json()["detail"] == "Worker run not found"
    assert runs["_pending"] is True
    assert set(runs["agent_runs"][0]) == {"id", "status", "started_at", "completed_at"}
    assert rows == {"messages": [], "_pending": True}
    appear(d, started)
    assert short_status(d, started).json() == {"status": "running", "error": None}
    assert "_pending" not in runs_of(d, started).json()
    wait_for(d, started, status="completed", error=None)
    assert "assistant" in kinds(messages(d, started))


@pytest.mark.parametrize("agent_id", [NOBODY, "malformed", ""])
def test_run_of_an_agent_that_cannot_be_loaded_speaks_and_is_never_seen(d: Simulated, agent_id: str) -> None:
    started = start(d, sim(text="Done."), agent_id=agent_id)
    said = stream(d, started)

    assert said[-1]["status"] == "completed"
    assert "assistant" in kinds(said)
    assert raw_messages(d, started).json() == {"messages": [], "_pending": True}
    assert runs_of(d, started).json()["agent_runs"][0]["id"] == started["agent_run_id"]
    # Once the key of the pending thread has expired there is nothing left at all.
    gone = wait_until(lambda: runs_of(d, started), lambda answer: answer.status_code != 200)
    assert (gone.status_code, gone.json()["detail"]) == (404, "Thread not found")
    assert run_of(d, started) == {"detail": "Agent run not found"}


def test_run_of_an_agent_that_cannot_be_loaded_is_seen_on_an_existing_thread(d: Simulated) -> None:
    thread_id = d.client.post("/v1/threads").json()["thread_id"]
    started = start(d, sim(text="Done."), thread_id=thread_id, agent_id=NOBODY)

    appear(d, started)
    wait_for(d, started, status="completed")
    answers = [row["agent_id"] for row in messages(d, started) if row["type"] == "assistant"]
    assert answers == [None]


def test_repeated_optimistic_start_runs_again_unseen_and_writes_a_second_answer(d: Simulated) -> None:
    fields = {"thread_id": str(uuid4()), "project_id": str(uuid4()), "optimistic": "true"}
    first = start(d, sim(text="Done."), **fields)
    appear(d, first)
    second = start(d, sim(text="Done."), **fields)

    assert {name: first[name] for name in ("thread_id", "project_id")} == {
        name: fields[name] for name in ("thread_id", "project_id")
    }
    assert first["agent_run_id"] != second["agent_run_id"]
    wait_until(
        lambda: raw_messages(d, first),
        lambda answer: kinds(answer.json()["messages"]).count("assistant") == 2,
    )
    assert kinds(messages(d, first)).count("user") == 1
    # By the time that a run appears which was started later, this one would have appeared too.
    appear(d, start(d, sim(text="Done.")))
    assert short_status(d, second).status_code == 404
    assert [run["id"] for run in runs_of(d, first).json()["agent_runs"]] == [first["agent_run_id"]]


@pytest.mark.parametrize(
    ("changed", "detail"),
    [
        ({"thread_id": ""}, "thread_id and project_id required for optimistic mode"),
        ({"project_id": "mine"}, "Invalid UUID format"),
        ({"prompt": ""}, "prompt required for optimistic mode"),
    ],
)
def test_optimistic_start_is_refused_in_its_own_words(
    d: Simulated, changed: dict[str, str], detail: str
) -> None:
    whole = {"thread_id": str(uuid4()), "project_id": str(uuid4()), "prompt": "x", "optimistic": "true"}
    refused = d.client.post("/v1/agent/start", data=whole | changed)

    assert (refused.status_code, refused.json()["detail"]) == (400, detail)


def test_rows_come_in_batches_and_all_before_the_end(d: Simulated) -> None:
    started = start(d, sim(text="Done.", responses=3, takes=1.5))
    seen = stream(d, started)

    # The stream told of the answer; with the end of the run all of it is in the database.
    assert seen[-1]["status"] == "completed"
    rows = messages(d, started)
    assert kinds(rows).count("llm_response_end") == 3
    assert len({row["created_at"][:21] for row in rows[1:]}) < len(rows) / 3


def test_rows_of_a_stopped_run_come_after_its_status(d: Simulated) -> None:
    started = start(d, sim(text="one two three four", takes=4))
    appear(d, started)
    stop(d, started)

    assert run_of(d, started)["status"] == "stopped"
    assert kinds(messages(d, started)) == ["user"]
    wait_until(lambda: raw_messages(d, started), lambda answer: len(answer.json()["messages"]) == 3)
    assert kinds(messages(d, started)) == ["user", "status", "llm_response_start"]


def test_stop_ends_no_stream_not_even_that_of_a_late_reader(d: Simulated) -> None:
    started = start(d, sim(text="one two three four", takes=4))
    appear(d, started)
    stop(d, started)

    stopped = wait_for(d, started, error="Stopped by None")
    assert stopped["status"] == "stopped"
    events = stream(d, started)
    assert events[0]["type"] == "ack"
    assert events[-2:] == [PING, PING]
    assert not any(event.get("status") in ("stopped", "completed") for event in events)


def test_error_in_the_middle_is_no_end_and_the_status_is_there_at_once(d: Simulated) -> None:
    started = start(d, sim(fail="gone", partial=True, text="one two three four", takes=0.4))
    events = stream(d, started)

    errors = [event for event in events if event["type"] == "error"]
    assert [error["error_code"] for error in errors] == ["PIPELINE_ERROR"]
    assert events[-2:] == [PING, PING]
    assert run_of(d, started)["status"] == "failed"


def test_error_at_the_call_ends_the_stream(d: Simulated) -> None:
    started = start(d, sim(fail="gone", takes=0.3))
    end = stream(d, started)[-1]

    assert (end["status"], end["error_type"]) == ("error", "bad_request")
    assert "gone" in wait_for(d, started, status="failed")["error"]


def test_rows_of_a_failed_run_come_after_its_status(d: Simulated) -> None:
    started = start(d, sim(fail="gone", partial=True, text="one two three four", takes=0.3))
    ended_at = wait_for(d, started, status="failed")["completedAt"]
    wait_until(lambda: raw_messages(d, started), lambda answer: len(answer.json()["messages"]) > 1)

    rows = messages(d, started)
    assert kinds(rows)[:3] == ["user", "status", "llm_response_start"]
    assert all(row["created_at"] > ended_at for row in rows[1:])


def test_run_without_credits_ends_stopped_without_an_error(d: Simulated) -> None:
    started = start(d, sim(stopped="no credits left", takes=0.3))
    events = stream(d, started)

    assert [event.get("error_code") for event in events][-2] == "INSUFFICIENT_CREDITS"
    assert (events[-1]["status"], events[-1]["message"]) == ("stopped", "insufficient_credits")
    assert wait_for(d, started, status="stopped")["error"] is None


def test_reader_that_resumes_in_silence_fails_a_healthy_run_which_ends_well_later(d: Simulated) -> None:
    # A model that only calls a tool says nothing until it has thought.
    started = start(d, sim(complete="Done.", takes=3.0))
    begun = stream(d, started, pings=1)
    last_id = begun[-2]["_event_id"]
    harmful = read_events(
        d.client, f"/v1/agent-run/{started['agent_run_id']}/stream", pings=9, last_id=last_id
    )

    assert harmful[-1] == {"type": "status", "status": "error", "message": "Worker timeout"}
    assert [event for event in harmful[:-1] if event != PING] == []
    harmed = run_of(d, started)
    assert (harmed["status"], harmed["error"]) == ("failed", "Worker timeout")
    wait_for(d, started, status="completed", error=None)
    assert "assistant" in kinds(messages(d, started))


def test_stream_waits_for_a_run_that_nobody_knows(d: Simulated) -> None:
    answer = d.client.get(f"/v1/agent-run/{NOBODY}/stream")

    assert (answer.status_code, answer.json()["detail"]) == (404, "Worker run not found")
    assert answer.elapsed.total_seconds() >= TIMES.wait_for_run_s


def test_every_event_but_a_ping_can_be_resumed_from(d: Simulated) -> None:
    started = start(d, sim(text="Done.", takes=0.3))
    events = stream(d, started)

    ids = [event["_event_id"] for event in events]
    assert len(ids) == len(set(ids))
    assert stream(d, started, last_id=ids[-3]) == events[-2:]


def test_model_is_called_again_on_an_answered_thread(d: Simulated) -> None:
    started = start(d, sim(text="Done."))
    appear(d, started)
    start(d, None, thread_id=started["thread_id"])

    wait_until(
        lambda: raw_messages(d, started),
        lambda answer: kinds(answer.json()["messages"]).count("assistant") == 2,
    )


def test_added_message_is_not_seen_by_a_start_without_prompt_while_the_cache_is_warm() -> None:
    with running_simulator(profile="2026-01", times=Times(pending_s=0.0, cache_s=0.6)) as d:
        started = start(d, sim(text="Old."))
        path = f"/v1/threads/{started['thread_id']}/messages"

        def add_and_start() -> list[str]:
            d.client.post(path, json={"type": "user", "content": sim(text="New.")}).raise_for_status()
            again = start(d, None, thread_id=started["thread_id"])
            wait_for(d, again, status="completed")
            return [row["content"]["content"] for row in messages(d, again) if row["type"] == "assistant"]

        assert add_and_start() == ["Old.", "Old."]
        with running_simulator(profile="2026-01", times=Times(pending_s=0.0, cache_s=0.0)) as cold:
            started, d = start(cold, sim(text="Old.")), cold
            path = f"/v1/threads/{started['thread_id']}/messages"
            assert add_and_start() == ["Old.", "New."]


def test_malformed_ids_are_server_errors(d: Simulated) -> None:
    for path in ("thread/mine/agent-runs", "threads/mine/messages", "agent-run/mine"):
        answer = d.client.get(f"/v1/{path}")
        assert (answer.status_code, answer.text) == (500, "Internal Server Error")
    started = d.client.post("/v1/agent/start", data={"thread_id": "mine", "prompt": "x"})
    assert started.status_code == 500
    assert "SELECT" in started.json()["detail"]
