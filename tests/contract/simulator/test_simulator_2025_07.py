"""b0: no threads and no messages over REST, starts by form, results from the replay of the stream."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.contract.simulator.recorded_shapes import events_of, kind_of
from tests.contract.simulator.simulator_server import Simulated, jwt, running_simulator

INITIATE = "/api/agent/initiate"


@pytest.fixture(scope="module")
def b0_server() -> Iterator[Simulated]:
    with running_simulator(profile="2025-07", tokens=("test-token",)) as simulated:
        yield simulated


@pytest.fixture
def b0(b0_server: Simulated) -> Simulated:
    b0_server.client.post("/_simulator/reset").raise_for_status()
    return b0_server


def initiate(b0: Simulated, prompt: str, **more: Any) -> dict[str, str]:
    fields = {"prompt": prompt, "agent_id": "agent-123", "model_name": "openai/gpt-4o", **more}
    started: dict[str, str] = b0.client.post(INITIATE, data=fields).raise_for_status().json()
    return started


def replay(simulated: Simulated, run_id: str) -> list[dict[str, Any]]:
    return events_of(simulated.client.get(f"/api/agent-run/{run_id}/stream").text)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/threads"),
        ("GET", "/api/threads"),
        ("GET", "/api/threads/00000000-0000-0000-0000-000000000000/messages"),
        ("POST", "/api/threads/00000000-0000-0000-0000-000000000000/messages"),
        ("GET", "/api/agent-runs/active"),
        ("POST", "/api/agent/start"),
        ("GET", "/api/agent-run/00000000-0000-0000-0000-000000000000/results"),
    ],
)
def test_routes_of_later_versions_are_not_found(b0: Simulated, method: str, path: str) -> None:
    answer = b0.client.request(method, path)

    assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})


def test_initiate_takes_urlencoded_and_multipart_and_files_beside_the_fields(b0: Simulated) -> None:
    prompt = 'Zürich & "quotes"; 100 % = all\r\n\r\nName: value @@sim{"text": "ok"}'
    fields = {"prompt": prompt, "agent_id": "agent-123"}
    urlencoded = b0.client.post(INITIATE, data=fields).json()
    multipart = b0.client.post(
        INITIATE, data=fields, files={"prompt": ("prompt.txt", b"not the prompt", "text/plain")}
    ).json()

    for started in (urlencoded, multipart):
        assert set(started) == {"thread_id", "agent_run_id"}
        thread = b0.client.get(f"/_simulator/threads/{started['thread_id']}").json()
        assert thread["prompts"] == [prompt]
        assert thread["runs"][0]["agent_id"] == "agent-123"
    assert [entry["body"]["agent_id"] for entry in b0.ledger("agent.start")] == ["agent-123"] * 2


@pytest.mark.parametrize("body", [{"json": {"prompt": "x"}}, {}, {"data": {"agent_id": "agent-123"}}])
def test_initiate_without_a_prompt_in_a_form_is_422(b0: Simulated, body: dict[str, Any]) -> None:
    answer = b0.client.post(INITIATE, **body)

    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "prompt"]
    assert b0.client.post(INITIATE, data={"prompt": ""}).status_code == 200


def test_start_on_an_existing_thread_with_its_last_word_the_agents_ends_at_once(b0: Simulated) -> None:
    started = initiate(b0, 'Hello. @@sim{"text": "Hi."}')
    b0.wait_for(started["agent_run_id"], "completed")

    again = b0.start(started["thread_id"]).json()

    assert b0.wait_for(again["agent_run_id"], "completed")["status"] == "completed"
    assert [kind_of(event) for event in replay(b0, again["agent_run_id"])] == [
        "control completed with message",
        "control completed",
    ]


def test_live_reader_of_a_failed_model_call_sees_only_completed_and_a_late_one_the_error(
    b0: Simulated,
) -> None:
    run_id = initiate(b0, '@@sim{"fail": "no such model", "takes": 0.3}')["agent_run_id"]

    live, late = replay(b0, run_id), replay(b0, run_id)

    assert [kind_of(event) for event in live] == ["control completed with message"]
    assert [kind_of(event) for event in late] == [
        "control completed with message",
        "control error with message",
        "control completed",
    ]
    assert "no such model" in late[1]["message"]
    assert b0.status(run_id) | {"status": "completed", "error": None} == b0.status(run_id)


def test_tool_result_in_the_stream_is_the_row_of_the_database(b0: Simulated) -> None:
    run_id = initiate(b0, '@@sim{"text": "Found.", "complete": "All done.", "takes": 0}')["agent_run_id"]

    (tool,) = [event for event in replay(b0, run_id) if event["type"] == "tool"]

    content = json.loads(tool["content"])
    assert content["role"] == "user"
    execution = json.loads(content["content"])["tool_execution"]
    assert execution["arguments"] == {"text": "All done."}
    assert "frontend_content" not in json.loads(tool["metadata"])
    assert tool["agent_id"] is None


def test_list_of_events_expires_and_only_the_end_is_left(b0: Simulated) -> None:
    run_id = initiate(b0, '@@sim{"text": "Hi.", "takes": 0}')["agent_run_id"]
    b0.wait_for(run_id, "completed")
    assert len(replay(b0, run_id)) > 3

    b0.set_options(replay_s=0)

    assert replay(b0, run_id) == [{"type": "status", "status": "completed"}]


def test_expired_stream_can_be_asked_for_by_a_fault(b0: Simulated) -> None:
    run_id = initiate(b0, '@@sim{"text": "Hi.", "takes": 0}')["agent_run_id"]
    b0.wait_for(run_id, "completed")
    b0.fault(operation="run.stream", kind="expired_stream", rule={"times": 1})

    assert [len(replay(b0, run_id)), len(replay(b0, run_id)) > 3] == [1, True]


def test_stop_overwrites_a_finished_run_and_is_lost_before_a_worker_has_it(b0: Simulated) -> None:
    ended = initiate(b0, '@@sim{"text": "Hi.", "takes": 0}')["agent_run_id"]
    b0.wait_for(ended, "completed")
    waiting = initiate(b0, '@@sim{"text": "Hi.", "takes": 0.1, "pickup": 1.5}')["agent_run_id"]

    for run_id in (ended, waiting):
        stopped = b0.client.post(f"/api/agent-run/{run_id}/stop")
        assert stopped.json() == {"status": "stopped"}
        assert b0.status(run_id)["status"] == "stopped"

    give_up_at = time.monotonic() + 10
    while b0.status(waiting)["status"] != "completed":
        assert time.monotonic() < give_up_at
        time.sleep(0.02)
    assert any(event["type"] == "assistant" for event in replay(b0, waiting))
    assert b0.status(ended)["status"] == "stopped"


@pytest.mark.parametrize(
    ("headers", "detail"),
    [
        ({"X-API-Key": "pk_a:sk_b"}, "No valid authentication credentials found"),
        ({"Authorization": "Bearer garbage"}, "Invalid token"),
        ({"Authorization": f"Bearer {jwt(exp=9e9)}"}, "Invalid token payload"),
        ({"Authorization": f"Bearer {jwt(sub='me', exp=1)}"}, None),
    ],
)
def test_bearer_jwt_only_and_neither_its_signature_nor_its_time_is_verified(
    b0: Simulated, headers: dict[str, str], detail: str | None
) -> None:
    answer = httpx.get(f"{b0.url}/api/agents", headers=headers)

    assert answer.status_code == (401 if detail else 200)
    if detail:
        assert answer.json() == {"detail": detail}


def test_flag_hides_the_agents_but_does_not_keep_them_from_starting(b0: Simulated) -> None:
    flag = f"{b0.url}/api/feature-flags/custom_agents"
    assert httpx.get(flag).json()["enabled"] is True

    b0.set_options(custom_agents=False)

    assert httpx.get(flag).json()["enabled"] is False
    for path in ("/api/agents", "/api/agents/agent-123"):
        answer = b0.client.get(path)
        assert (answer.status_code, answer.json()["detail"][:30]) == (403, "Custom agents currently disabl")
    assert initiate(b0, "Hello.")["agent_run_id"]
    assert httpx.get(f"{b0.url}/api/feature-flags").json() == {
        "flags": {"custom_agents": False, "agent_marketplace": False}
    }


def test_unknown_flag_is_off_and_has_no_details(b0: Simulated) -> None:
    assert httpx.get(f"{b0.url}/api/feature-flags/nosuch").json() == {
        "flag_name": "nosuch",
        "enabled": False,
        "details": None,
    }


def test_usage_logs_are_empty_in_local_mode_and_real_with_billing(b0: Simulated) -> None:
    run = initiate(b0, '@@sim{"text": "Hi.", "takes": 0, "tokens": [100, 7], "responses": 2}')
    b0.wait_for(run["agent_run_id"], "completed")
    local = b0.client.get("/api/billing/usage-logs").json()
    assert (local["logs"], local["has_more"]) == ([], False)
    assert local["message"]

    b0.set_options(billing=True)

    logs = b0.client.get("/api/billing/usage-logs?page=0&items_per_page=1000").json()
    assert logs["has_more"] is False
    assert [log["total_tokens"] for log in logs["logs"]] == [107, 107]
    first = logs["logs"][0]
    assert set(first) == {
        "message_id",
        "thread_id",
        "created_at",
        "content",
        "total_tokens",
        "estimated_cost",
        "project_id",
    }
    assert first["content"] == {
        "usage": {"prompt_tokens": 100, "completion_tokens": 7},
        "model": "openai/gpt-4o",
    }
    assert first["thread_id"] == run["thread_id"]
    page = b0.client.get("/api/billing/usage-logs?page=0&items_per_page=1").json()
    assert (len(page["logs"]), page["has_more"]) == (1, True)


def test_timeout_answers_408_and_the_handler_goes_on(b0: Simulated) -> None:
    b0.fault(operation="agent.start", kind="timeout", seconds=0.2, rule={"path": "initiate"})

    answer = b0.client.post(INITIATE, data={"prompt": '@@sim{"text": "Hi."}', "agent_id": "agent-123"})

    assert answer.status_code == 408
    assert set(answer.json()) == {"error", "message", "timeout", "duration", "request_id", "timestamp"}
    assert answer.json()["message"] == "Request exceeded 120 seconds timeout"
    assert b0.client.get("/_simulator/summary").json()["starts"] == 0
    give_up_at = time.monotonic() + 10
    while b0.client.get("/_simulator/summary").json()["starts"] == 0:
        assert time.monotonic() < give_up_at
        time.sleep(0.02)


def test_missing_agent_is_refused_before_anything_is_made() -> None:
    with running_simulator(profile="2025-07", strict_agents=True) as strict:
        answer = strict.client.post(INITIATE, data={"prompt": "x", "agent_id": "nobody"})

        assert (answer.status_code, answer.json()) == (404, {"detail": "Agent not found or access denied"})
        assert strict.client.get("/_simulator/summary").json()["threads"] == 0
