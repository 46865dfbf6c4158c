"""The life of a run in profile 2025-08: its end, its tokens, stops, limits, and what directives script."""

import json
import socket
import time
from typing import Any

import httpx
import pytest

from tests.contract.simulator.recorded_shapes import events_of, kind_of
from tests.contract.simulator.simulator_server import Simulated, running_simulator


def sim(**directive: Any) -> str:
    return f"Do it. @@sim{json.dumps(directive)}"


def assistant_text(simulated: Simulated, thread_id: str) -> str:
    text: str = simulated.messages(thread_id, "assistant")[-1]["content"]["content"]
    return text


def stream(simulated: Simulated, run_id: str) -> list[str]:
    return [
        kind_of(event) for event in events_of(simulated.client.get(f"/api/agent-run/{run_id}/stream").text)
    ]


def test_run_ends_completed_with_an_answer_and_tokens_when_nothing_is_scripted(b2: Simulated) -> None:
    thread_id, run_id = b2.run("Your role: researcher\n\nFacts about tides.")

    assert b2.status(run_id)["status"] == "completed"
    assert "[simulated by researcher]" in assistant_text(b2, thread_id)
    end = b2.messages(thread_id, "llm_response_end")[0]["content"]
    assert end["model"] == "gpt-4o"
    assert end["usage"]["total_tokens"] == (end["usage"]["prompt_tokens"] + end["usage"]["completion_tokens"])


def test_tokens_and_model_are_the_scripted_ones_and_the_summary_adds_them_up(b2: Simulated) -> None:
    prompt = sim(responses=3, model="anthropic/claude-sonnet-4-5", tokens=[100, 7], cached=40)
    thread_id, run_id = b2.run(prompt)

    ends = [row["content"] for row in b2.messages(thread_id, "llm_response_end")]
    assert [end["model"] for end in ends] == ["claude-sonnet-4-5"] * 3
    assert [end["usage"]["prompt_tokens_details"]["cached_tokens"] for end in ends] == [40] * 3
    summary = b2.client.get("/_simulator/summary").json()
    assert (summary["tokens_input"], summary["tokens_output"]) == (300, 21)
    described = b2.client.get("/_simulator/runs").json()["runs"][0]
    assert described["responses"] == [{"input": 100, "output": 7, "cached": 40}] * 3
    assert described["id"] == run_id


def test_failed_model_leaves_a_completed_run_in_b1_and_a_failed_one_in_b2(
    b1: Simulated, b2: Simulated
) -> None:
    for simulated, status in ((b1, "completed"), (b2, "failed")):
        thread_id, run_id = simulated.run(sim(fail="no such model"))
        run = simulated.status(run_id)
        assert run["status"] == status
        assert [row["type"] for row in simulated.messages(thread_id)] == ["user"]
        assert "control error with message" in stream(simulated, run_id)


def test_model_that_fails_half_way_leaves_chunks_and_an_error_row_but_no_answer(b2: Simulated) -> None:
    thread_id, run_id = b2.run(sim(text="one two three four five six", fail="cut", partial=True))

    assert b2.messages(thread_id, "assistant") == []
    assert b2.messages(thread_id, "llm_response_end") == []
    assert "status error" in stream(b2, run_id)
    assert "assistant chunk" in stream(b2, run_id)


@pytest.mark.parametrize(
    ("directive", "status", "error"),
    [
        ({"crash": "boom"}, "failed", "boom\nTraceback"),
        ({"shutdown": True}, "failed", "Instance simulator shutting down"),
        ({"stopped": "5 of 5 USD"}, "stopped", "Billing limit reached: 5 of 5 USD"),
        ({"raw_status": "pondering"}, "pondering", None),
    ],
)
def test_run_ends_in_the_scripted_way(
    b1: Simulated, directive: dict[str, Any], status: str, error: str | None
) -> None:
    _, run_id = b1.run(sim(**directive))

    run = b1.status(run_id)
    assert run["status"] == status
    assert (run["error"] or "").startswith(error or "")
    assert bool(run["error"]) == bool(error)


def test_attempts_of_one_key_go_on_over_several_threads(b2: Simulated) -> None:
    prompt = sim(key="k", attempts=[{"fail": "first"}, {"text": "second"}])

    statuses = [b2.status(b2.run(prompt)[1])["status"] for _ in range(2)]

    assert statuses == ["failed", "completed"]


def test_answer_of_so_many_characters_when_only_its_length_is_scripted(b2: Simulated) -> None:
    thread_id, _ = b2.run(sim(chars=2048))

    assert len(assistant_text(b2, thread_id)) == 2048


def test_run_hangs_until_it_is_stopped_and_then_leaves_no_answer(b2: Simulated) -> None:
    thread_id, run_id = b2.run(sim(hang=True))
    assert b2.status(run_id)["status"] == "running"
    assert len(b2.client.get("/api/agent-runs/active").json()["active_runs"]) == 1

    assert b2.client.post(f"/api/agent-run/{run_id}/stop").json() == {"status": "stopped"}

    assert b2.status(run_id)["status"] == "stopped"
    assert b2.client.get("/api/agent-runs/active").json() == {"active_runs": []}
    assert b2.messages(thread_id)[-1]["content"] == {"status_type": "thread_run_end"}


def test_live_reader_is_closed_by_stop_when_the_run_is_stopped(b2: Simulated) -> None:
    _, run_id = b2.run(sim(hang=True))
    with b2.client.stream("GET", f"/api/agent-run/{run_id}/stream") as answer:
        lines = answer.iter_lines()
        assert "thread_run_start" in next(lines)
        httpx.post(f"{b2.url}/api/agent-run/{run_id}/stop", headers={"Authorization": "Bearer x"})
        rest = [json.loads(line.removeprefix("data: ")) for line in lines if line]

    assert rest[-1] == {"type": "status", "status": "STOP"}


def test_stop_overwrites_the_status_of_a_run_that_is_over(b2: Simulated) -> None:
    thread_id, run_id = b2.run(sim(text="Done."))
    assert b2.status(run_id)["status"] == "completed"

    b2.client.post(f"/api/agent-run/{run_id}/stop").raise_for_status()

    assert b2.status(run_id)["status"] == "stopped"
    assert assistant_text(b2, thread_id) == "Done."


def test_stop_is_lost_when_no_worker_has_picked_the_run_up(b1: Simulated) -> None:
    thread_id, run_id = b1.run(sim(text="Done.", pickup=0.3, takes=0.0))
    b1.client.post(f"/api/agent-run/{run_id}/stop").raise_for_status()
    assert b1.status(run_id)["status"] == "stopped"
    assert b1.messages(thread_id, "assistant") == []

    time.sleep(0.4)

    assert b1.status(run_id)["status"] == "completed"
    assert assistant_text(b1, thread_id) == "Done."


def test_start_ends_at_once_without_a_word_when_the_last_word_is_the_agents(b2: Simulated) -> None:
    thread_id, _ = b2.run(sim(text="Done."))
    rows = len(b2.messages(thread_id))

    run_id = b2.start(thread_id).json()["agent_run_id"]

    assert b2.status(run_id)["status"] == "completed"
    assert len(b2.messages(thread_id)) == rows


def test_start_on_a_thread_without_a_message_is_a_model_error(b2: Simulated) -> None:
    run_id = b2.start(b2.thread()).json()["agent_run_id"]

    assert b2.status(run_id)["status"] == "failed"


def test_second_turn_keeps_the_role_of_the_first_when_it_names_none(b2: Simulated) -> None:
    thread_id, _ = b2.run("Your role: planner\n\n" + sim(ask="Which city?"))
    message = {"type": "user", "content": "Lisbon", "is_llm_message": True}
    b2.client.post(f"/api/threads/{thread_id}/messages", json=message).raise_for_status()

    b2.start(thread_id).raise_for_status()

    assert assistant_text(b2, thread_id).endswith("[simulated by planner]")


def test_runs_of_a_thread_are_listed_newest_first(b2: Simulated) -> None:
    thread_id, first = b2.run(sim(hang=True))
    second = b2.start(thread_id).json()["agent_run_id"]

    listed = b2.client.get(f"/api/thread/{thread_id}/agent-runs").json()["agent_runs"]

    assert [run["id"] for run in listed] == [second, first]
    assert b2.client.get("/_simulator/summary").json()["threads_started_more_than_once"] == 1


def test_parallel_limit_refuses_with_the_recorded_words_and_allows_again_after_a_stop() -> None:
    with running_simulator(profile="2025-08", variant="b2", parallel_limit=2) as simulated:
        runs = [simulated.run(sim(hang=True)) for _ in range(2)]
        thread_id = simulated.thread(sim(hang=True))

        refused = simulated.start(thread_id)

        assert refused.status_code == 429
        assert "retry-after" not in refused.headers
        detail = refused.json()["detail"]
        assert set(detail["running_thread_ids"]) == {thread for thread, _ in runs}
        assert (detail["running_count"], detail["limit"]) == (2, 2)
        simulated.client.post(f"/api/agent-run/{runs[0][1]}/stop").raise_for_status()
        assert simulated.start(thread_id).status_code == 200
        assert simulated.client.get("/_simulator/summary").json()["max_running"] == 2


def test_plain_500_also_closes_the_connection_without_saying_so() -> None:
    with running_simulator(profile="2025-08", variant="b2", strict_agents=True) as simulated:
        path = f"/api/thread/{simulated.thread('Hello.')}/agent/start"
        body = b'{"agent_id": "nobody"}'
        head = (
            f"POST {path} HTTP/1.1\r\nHost: suna\r\nAuthorization: Bearer x\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        address = httpx.URL(simulated.url)
        with socket.create_connection((address.host, address.port or 0), timeout=5) as connection:
            connection.sendall(head.encode() + body)
            # Reading to the end of the stream would time out if the connection stayed open.
            answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode().lower()

        assert answer.startswith("http/1.1 500")
        assert "content-type: text/plain; charset=utf-8" in answer
        assert answer.endswith("internal server error")
        assert "connection: close" not in answer


def test_oldest_ended_runs_are_forgotten_when_there_are_too_many() -> None:
    with running_simulator(profile="2025-08", max_runs=3) as simulated:
        _, hanging = simulated.run(sim(hang=True))
        runs = [simulated.run(sim(text="Done."))[1] for _ in range(5)]
        time.sleep(0.05)

        assert simulated.client.get(f"/api/agent-run/{runs[0]}").status_code == 404
        assert simulated.status(hanging)["status"] == "running"
        assert simulated.client.get("/_simulator/summary").json()["forgotten_runs"] == 3
        assert simulated.client.get("/_simulator/summary").json()["starts"] == 6


def test_run_takes_the_time_it_is_told_divided_by_the_speed() -> None:
    with running_simulator(profile="2025-08", run_seconds=100.0, speed=200.0) as simulated:
        _, run_id = simulated.run(sim(takes=80))
        assert simulated.status(run_id)["status"] == "running"
        began = time.monotonic()
        assert stream(simulated, run_id)[-1] == "control completed with message"

        assert 0.2 < time.monotonic() - began < 40
        assert simulated.status(run_id)["status"] == "completed"


def test_malformed_ids_are_server_errors(b1: Simulated) -> None:
    assert b1.client.get("/api/agent-run/not-a-uuid").text == "Internal Server Error"
    listed = b1.client.get("/api/thread/not-a-uuid/agent-runs")
    assert listed.status_code == 500
    assert listed.json()["detail"].startswith("Error verifying thread access")


def test_any_agent_is_known_unless_told_otherwise(b1: Simulated) -> None:
    assert b1.client.get("/api/agents/somebody-new").json()["name"] == "somebody-new"
    names = {agent["agent_id"] for agent in b1.client.get("/api/agents").json()["agents"]}
    assert {"agent-123", "agent-456", "agent-789"} <= names
    b1.client.delete("/_simulator/agents/agent-456").raise_for_status()
    left = {agent["agent_id"] for agent in b1.client.get("/api/agents").json()["agents"]}
    assert names - left == {"agent-456"}


def test_pages_of_the_catalogue_do_not_overlap(b2: Simulated) -> None:
    pages = [b2.client.get(f"/api/agents?page={page}&limit=4").json() for page in (1, 2, 3)]

    ids = [agent["agent_id"] for page in pages for agent in page["agents"]]
    assert len(ids) == len(set(ids)) == pages[0]["pagination"]["total_items"]
    assert [page["pagination"]["has_next"] for page in pages] == [True, True, False]


@pytest.mark.parametrize(
    ("body", "kind", "loc"),
    [
        ({"content": "x"}, "missing", ["body", "type"]),
        ({"type": "user"}, "missing", ["body", "content"]),
        ({"type": "user", "content": {"a": 1}}, "string_type", ["body", "content"]),
    ],
)
def test_message_is_refused_when_it_is_not_whole(
    b1: Simulated, body: dict[str, Any], kind: str, loc: list[str]
) -> None:
    answer = b1.client.post(f"/api/threads/{b1.thread()}/messages", json=body)

    assert answer.status_code == 422
    assert (answer.json()["detail"][0]["type"], answer.json()["detail"][0]["loc"]) == (kind, loc)


def test_body_that_is_not_json_or_not_there_is_refused_in_pydantics_words(b1: Simulated) -> None:
    url = f"/api/thread/{b1.thread()}/agent/start"
    broken = b1.client.post(url, content=b"{", headers={"Content-Type": "application/json"})
    missing = b1.client.post(url)

    assert [answer.json()["detail"][0]["type"] for answer in (broken, missing)] == [
        "json_invalid",
        "missing",
    ]


@pytest.mark.parametrize(
    ("headers", "detail"),
    [
        ({}, "No valid authentication credentials found"),
        ({"Authorization": "Bearer wrong"}, "Invalid token"),
        ({"X-API-Key": "sk_only"}, "Invalid API key format. Expected format: pk_xxx:sk_xxx"),
        (
            {"X-API-Key": "pk_a:sk_b", "Authorization": "Bearer good"},
            "Invalid API key: API key not found",
        ),
    ],
)
def test_credentials_are_refused_in_the_words_of_b1(headers: dict[str, str], detail: str) -> None:
    with running_simulator(profile="2025-08", tokens=("good", "pk_x:sk_y")) as simulated:
        answer = httpx.get(f"{simulated.url}/api/agents", headers=headers)

        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json() == {"detail": detail}
        for good in ({"Authorization": "Bearer good"}, {"X-API-Key": "pk_x:sk_y"}):
            assert httpx.get(f"{simulated.url}/api/agents", headers=good).status_code == 200


def test_stream_also_takes_the_token_from_the_query() -> None:
    with running_simulator(profile="2025-08", tokens=("good",)) as simulated:
        _, run_id = simulated.run(sim(text="Done."))
        url = f"{simulated.url}/api/agent-run/{run_id}/stream"

        assert httpx.get(url, params={"token": "good"}).status_code == 200
        assert httpx.get(url, params={"token": "wrong"}).status_code == 401
        assert httpx.get(url.removesuffix("/stream"), params={"token": "good"}).status_code == 401


@pytest.mark.parametrize(("variant", "active_runs"), [("b2", False), ("b1", True)])
def test_list_of_active_runs_is_there_or_not_as_the_option_says(variant, active_runs):
    with running_simulator(profile="2025-08", variant=variant, active_runs=active_runs) as simulated:
        routes = simulated.client.get("/openapi.json").json()["paths"]
        answer = simulated.client.get("/api/agent-runs/active")

    assert ("/api/agent-runs/active" in routes) == active_runs
    assert answer.status_code == (200 if active_runs else 404)


@pytest.mark.parametrize(("variant", "kind"), [("b1", str), ("b2", dict)])
def test_initiate_stores_its_prompt_as_a_json_string_in_b1(variant: str, kind: type) -> None:
    with running_simulator(profile="2025-08", variant=variant) as simulated:
        started = simulated.client.post("/api/agent/initiate", data={"prompt": "Hello."}).json()

        (row,) = simulated.messages(started["thread_id"], "user")

    assert isinstance(row["content"], kind)
    content = json.loads(row["content"]) if kind is str else row["content"]
    assert content == {"role": "user", "content": "Hello."}
