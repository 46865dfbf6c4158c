"""c0: one start by form, JWTs that expire, and what its later builds do differently."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from executions.suna.simulator.profiles.y2025_08 import PLAN_DEFAULT
from tests.contract.simulator.recorded_shapes import events_of, kind_of
from tests.contract.simulator.simulator_server import Simulated, jwt, running_simulator

START = "/api/agent/start"
API_KEY = "pk_a:sk_b"
NOBODY = "00000000-0000-0000-0000-000000000000"


@pytest.fixture(scope="module")
def c0_server() -> Iterator[Simulated]:
    with running_simulator(profile="2025-10", tokens=("test-token", API_KEY)) as simulated:
        yield simulated


@pytest.fixture
def c0(c0_server: Simulated) -> Simulated:
    c0_server.client.post("/_simulator/reset").raise_for_status()
    return c0_server


def start(c0: Simulated, prompt: str | None = "Hello.", **more: Any) -> dict[str, str]:
    fields = {"agent_id": "agent-123", "model_name": "kortix/basic", **more}
    if prompt is not None:
        fields["prompt"] = prompt
    started: dict[str, str] = c0.client.post(START, data=fields).raise_for_status().json()
    return started


def test_one_start_makes_a_thread_or_goes_on_with_one(c0: Simulated) -> None:
    first = start(c0, '@@sim{"text": "One.", "takes": 0}')
    c0.wait_for(first["agent_run_id"], "completed")
    second = start(c0, '@@sim{"text": "Two.", "takes": 0}', thread_id=first["thread_id"])
    c0.wait_for(second["agent_run_id"], "completed")
    nothing_new = start(c0, None, thread_id=first["thread_id"])
    c0.wait_for(nothing_new["agent_run_id"], "completed")

    assert {started["thread_id"] for started in (first, second, nothing_new)} == {first["thread_id"]}
    texts = [row["content"]["content"] for row in c0.messages(first["thread_id"], "assistant")]
    assert texts == ["One.", "Two."]
    assert [type(row["content"]) for row in c0.messages(first["thread_id"], "user")] == [dict, dict]


def test_run_after_a_question_answers_on_the_same_thread(c0: Simulated) -> None:
    asked = start(c0, '@@sim{"ask": "Which city?", "then": {"text": "On to {answer}."}, "takes": 0}')
    c0.wait_for(asked["agent_run_id"], "completed")

    told = start(c0, "Porto", thread_id=asked["thread_id"])
    c0.wait_for(told["agent_run_id"], "completed")

    assert c0.messages(asked["thread_id"], "assistant")[-1]["content"]["content"] == "On to Porto."


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/api/agent/initiate"), ("POST", f"/api/thread/{NOBODY}/agent/start"), ("GET", "/v1/agents")],
)
def test_starts_of_before_and_routes_of_later_are_not_found(c0: Simulated, method: str, path: str) -> None:
    answer = c0.client.request(method, path, json={})

    assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})


@pytest.mark.parametrize("body", [{"json": {"prompt": "x"}}, {}, {"data": {"prompt": ""}}])
def test_start_without_a_prompt_in_a_form_is_400(c0: Simulated, body: dict[str, Any]) -> None:
    answer = c0.client.post(START, **body)

    assert answer.status_code == 400
    assert answer.json() == {"detail": "prompt is required when creating a new thread"}


def test_multipart_start_is_read_like_an_urlencoded_one(c0: Simulated) -> None:
    parts = {"prompt": (None, '@@sim{"text": "Read.", "takes": 0}'), "agent_id": (None, "agent-456")}
    answer = c0.client.post(START, files=parts).json()

    (run,) = c0.client.get(f"/_simulator/runs?thread={answer['thread_id']}").json()["runs"]
    assert run["agent_id"] == "agent-456"


@pytest.mark.parametrize(
    ("token", "status"),
    [(jwt(sub="me", exp=1), 401), (jwt(sub="me", exp=9e9), 200), (jwt(sub="me"), 200), ("wrong", 401)],
)
def test_expiry_of_a_jwt_is_verified_and_its_signature_is_not(c0: Simulated, token: str, status: int) -> None:
    answer = httpx.get(f"{c0.url}/api/agents", headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == status
    if status == 401:
        assert answer.json() == {"detail": "Invalid token"}


def test_api_key_reads_messages_until_the_late_builds_read_by_jwt_only(c0: Simulated) -> None:
    thread_id = start(c0)["thread_id"]
    path, key = f"{c0.url}/api/threads/{thread_id}/messages", {"X-API-Key": API_KEY}
    both = {**key, "Authorization": "Bearer test-token"}
    assert httpx.get(path, headers=key).status_code == 200
    assert httpx.get(path).status_code == 401

    c0.set_options(jwt_reads=True)

    refused = httpx.get(path, headers=key)
    assert (refused.status_code, refused.json()["detail"]) == (
        403,
        "Authentication required for private threads",
    )
    assert httpx.get(path).status_code == 403
    assert httpx.get(path, headers=both).status_code == 200
    runs = f"{c0.url}/api/thread/{thread_id}/agent-runs"
    assert httpx.get(runs, headers=key).status_code == 200


def test_refusals_change_from_three_statuses_to_402_with_a_code(c0: Simulated) -> None:
    running = start(c0, '@@sim{"hang": true}')
    fields = {"prompt": "x", "agent_id": "agent-123", "model_name": "openai/gpt-4o"}
    c0.set_options(parallel_limit=1)
    slots_before = c0.client.post(START, data=fields)
    c0.set_options(error_codes=True)
    slots_after = c0.client.post(START, data=fields)
    c0.set_options(parallel_limit=None, error_codes=False)
    for number, kind in enumerate(("payment", "model_denied", "payment", "model_denied"), start=1):
        c0.fault(operation="agent.start", kind=kind, rule={"nth": number})
    money_before, model_before = c0.client.post(START, data=fields), c0.client.post(START, data=fields)
    c0.set_options(error_codes=True)
    money_after, model_after = c0.client.post(START, data=fields), c0.client.post(START, data=fields)

    detail = slots_before.json()["detail"]
    assert slots_before.status_code == 429
    assert detail["running_thread_ids"] == [running["thread_id"]]
    assert (detail["running_count"], detail["limit"]) == (1, 1)
    assert slots_after.status_code == 402
    assert slots_after.json()["detail"]["error_code"] == "AGENT_RUN_LIMIT_EXCEEDED"
    assert slots_after.json()["detail"]["running_thread_ids"] == [running["thread_id"]]
    assert (money_before.status_code, set(money_before.json()["detail"])) == (402, {"message"})
    assert money_after.json()["detail"]["error_code"] == "INSUFFICIENT_CREDITS"
    assert (model_before.status_code, model_before.json()["detail"]["allowed_models"]) == (403, [])
    assert (model_after.status_code, set(model_after.json()["detail"])) == (
        402,
        {"message", "tier_name", "error_code"},
    )


@pytest.mark.parametrize(
    ("error_code", "beside"),
    [
        ("INSUFFICIENT_CREDITS", set()),
        ("MODEL_ACCESS_DENIED", {"tier_name"}),
        ("AGENT_RUN_LIMIT_EXCEEDED", {"running_thread_ids", "running_count", "limit"}),
        ("PROJECT_LIMIT_EXCEEDED", {"current_count", "limit", "tier_name"}),
        ("THREAD_LIMIT_EXCEEDED", {"current_count", "limit", "tier_name"}),
    ],
)
def test_each_error_code_comes_with_its_fields(c0: Simulated, error_code: str, beside: set[str]) -> None:
    c0.fault(operation="agent.start", kind="payment", error_code=error_code)

    answer = c0.client.post(START, data={"prompt": "x"})

    assert answer.status_code == 402
    assert set(answer.json()["detail"]) == {"message", "error_code"} | beside
    assert answer.json()["detail"]["error_code"] == error_code


def test_active_runs_are_listed(c0: Simulated) -> None:
    running = start(c0, '@@sim{"hang": true}')

    (listed,) = c0.client.get("/api/agent-runs/active").json()["active_runs"]

    assert (listed["id"], listed["status"]) == (running["agent_run_id"], "running")


@pytest.mark.parametrize(
    ("directive", "tool_status"), [({"text": "Hi."}, None), ({"ask": "?"}, "tool_error")]
)
def test_without_langfuse_an_ended_run_stays_running_until_it_is_stopped(
    c0: Simulated, directive: dict[str, Any], tool_status: str | None
) -> None:
    c0.set_options(langfuse=False)
    started = start(c0, f"@@sim{json.dumps({**directive, 'takes': 0})}")
    run_id, thread_id = started["agent_run_id"], started["thread_id"]
    give_up_at = time.monotonic() + 10
    while not c0.messages(thread_id, "llm_response_end"):
        assert time.monotonic() < give_up_at
        time.sleep(0.02)

    assert c0.messages(thread_id, "assistant")
    assert c0.status(run_id)["status"] == "running"
    statuses = [row["content"].get("status_type") for row in c0.messages(thread_id, "status")]
    assert (tool_status in statuses) == (tool_status is not None)
    assert "tool_completed" not in statuses
    seen = []
    with (
        pytest.raises(httpx.ReadTimeout),
        c0.client.stream("GET", f"/api/agent-run/{run_id}/stream", timeout=0.3) as stream,
    ):
        seen.extend(line for line in stream.iter_lines() if line)
    kinds = [kind_of(event) for event in events_of("\n".join(seen))]
    assert "assistant complete" in kinds
    assert not any(kind.startswith("control") for kind in kinds)

    c0.client.post(f"/api/agent-run/{run_id}/stop").raise_for_status()

    assert c0.status(run_id)["status"] == "stopped"
    assert c0.messages(thread_id, "llm_response_end")
    usage = c0.client.get(f"/_simulator/runs?thread={thread_id}").json()["runs"][0]["responses"]
    assert len(usage) == 1


def test_failed_run_ends_also_without_langfuse(c0: Simulated) -> None:
    c0.set_options(langfuse=False)

    run_id = start(c0, '@@sim{"fail": "scripted failure", "takes": 0}')["agent_run_id"]

    c0.wait_for(run_id, "failed")


def test_chunks_may_come_out_of_order_and_say_so(c0: Simulated) -> None:
    run_id = start(c0, '@@sim{"text": "one two three four", "takes": 0}')["agent_run_id"]
    c0.wait_for(run_id, "completed")
    c0.fault(operation="run.stream", kind="unordered_chunks")

    events = events_of(c0.client.get(f"/api/agent-run/{run_id}/stream").text)

    chunks = [event for event in events if "sequence" in event]
    assert [chunk["sequence"] for chunk in chunks] == [1, 0, 3, 2]
    chunks.sort(key=lambda chunk: int(chunk["sequence"]))
    assert "".join(json.loads(chunk["content"])["content"] for chunk in chunks) == "one two three four"


@pytest.mark.parametrize("name", ["kortix/basic", None])
def test_without_a_model_the_plans_own_is_used_and_not_the_agents(c0: Simulated, name: str | None) -> None:
    fields = {"prompt": '@@sim{"text": "Hi.", "takes": 0}', "agent_id": "data-analyst"}
    started = c0.client.post(START, data=fields | ({"model_name": name} if name else {})).json()
    c0.wait_for(started["agent_run_id"], "completed")

    (opened,) = c0.messages(started["thread_id"], "llm_response_start")
    assert opened["content"]["model"] == (name or PLAN_DEFAULT)
    assert opened["content"]["model"] != c0.client.get("/api/agents/data-analyst").json()["model"]
