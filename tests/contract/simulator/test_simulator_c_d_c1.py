"""c1 of the simulator, and what c2 and d have in common with it."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from executions.suna.simulator.times import Times
from tests.contract.simulator.native_calls import (
    SECRET,
    jwt,
    kinds,
    messages,
    run_of,
    sim,
    start,
    stop,
    stream,
    wait_for,
)
from tests.contract.simulator.simulator_server import Simulated, running_simulator

API_KEY = "pk_one:sk_two"
VERSIONS = [("2025-12", "c1"), ("2025-12", "c2"), ("2026-01", "d")]
EACH_VERSION = pytest.mark.parametrize(("profile", "variant"), VERSIONS)


@pytest.fixture(scope="module")
def c1_server() -> Iterator[Simulated]:
    with running_simulator(profile="2025-12", variant="c1") as simulated:
        yield simulated


@pytest.fixture
def c1(c1_server: Simulated) -> Simulated:
    c1_server.client.post("/_simulator/reset").raise_for_status()
    return c1_server


def test_start_reads_a_multipart_form_as_well(c1: Simulated) -> None:
    fields = {"prompt": (None, sim(text="Done.")), "agent_id": (None, "agent-123")}
    answer = c1.client.post("/v1/agent/start", files=fields)

    assert answer.status_code == 200
    assert messages(c1, answer.json())[-2]["type"] == "llm_response_end"


def test_prompt_of_a_start_is_added_to_an_existing_thread(c1: Simulated) -> None:
    started = start(c1, sim(text="One."))
    again = start(c1, sim(text="Two."), thread_id=started["thread_id"])

    assert again["thread_id"] == started["thread_id"]
    answers = [row["content"]["content"] for row in messages(c1, again) if row["type"] == "assistant"]
    assert answers == ["One.", "Two."]


def test_thread_and_message_may_come_before_the_start(c1: Simulated) -> None:
    thread = c1.client.post("/v1/threads", data={"name": "test"}).json()
    path = f"/v1/threads/{thread['thread_id']}/messages"
    empty = c1.client.post(path, json={"type": "user", "content": "", "is_llm_message": True})
    c1.client.post(path, json={"type": "user", "content": sim(text="Done.")}).raise_for_status()

    assert (empty.status_code, empty.json()["detail"]) == (400, "Message content cannot be empty")
    started = start(c1, None, thread_id=thread["thread_id"])
    assert kinds(messages(c1, started)).count("assistant") == 1


def test_optimized_reading_drops_what_agents_wrote_and_is_the_default(c1: Simulated) -> None:
    started = start(c1, sim(text="Done."))
    path = f"/v1/threads/{started['thread_id']}/messages?order=asc"

    short = c1.client.get(path).json()["messages"]
    assert kinds(short) == ["user", "assistant"]
    assert "content" in short[0]
    assert "content" not in short[1]
    assert short[1]["metadata"]["text_content"] == "Done."
    assert "llm_response_end" in kinds(c1.client.get(f"{path}&optimized=false").json()["messages"])
    assert c1.client.get(f"{path}&optimized=maybe").status_code == 422


def test_answer_that_is_only_a_tool_call_has_an_empty_text(c1: Simulated) -> None:
    started = start(c1, sim(complete="Tides."))

    row = next(row for row in messages(c1, started) if row["type"] == "assistant")
    assert row["content"]["content"] == ""
    assert "text_content" not in row["metadata"]
    call = row["content"]["tool_calls"][0]["function"]
    assert (call["name"], call["arguments"]) == ("complete", '{"text": "Tides."}')
    assert row["metadata"]["tool_calls"][0]["arguments"] == {"text": "Tides."}


def test_stream_has_the_tokens_of_the_last_call_only_and_the_thread_those_of_all(c1: Simulated) -> None:
    started = start(c1, sim(text="Done.", responses=3, tokens=[10, 5], takes=0.2))

    assert kinds(stream(c1, started)).count("llm_response_end") == 1
    wait_for(c1, started, status="completed")
    ends = [row for row in messages(c1, started) if row["type"] == "llm_response_end"]
    assert [row["content"]["usage"]["total_tokens"] for row in ends] == [15, 15, 15]


@EACH_VERSION
def test_stream_says_completed_before_the_database_does(profile: str, variant: str) -> None:
    with running_simulator(profile=profile, variant=variant) as simulated:
        started = start(simulated, sim(text="Done.", takes=1.6))
        ends = stream(simulated, started)

        assert ends[-1]["status"] == "completed"
        assert run_of(simulated, started)["status"] == "running"
        wait_for(simulated, started, status="completed")


def test_model_trap_takes_the_plans_model_where_none_is_asked_for(c1: Simulated) -> None:
    def models(started: dict[str, Any]) -> list[str]:
        rows = messages(c1, started)
        return [row["content"]["model"] for row in rows if row["type"].startswith("llm_response")]

    product, provider = models(start(c1, sim(text="Done."), agent_id="data-analyst"))
    assert product == "kortix/power"
    assert provider == "anthropic/claude-sonnet-4-5-20250929"
    assert models(start(c1, sim(text="Done."), model_name="openai/gpt-4o")) == ["openai/gpt-4o"] * 2


def test_failing_model_is_told_by_error_and_then_by_the_control_channel(c1: Simulated) -> None:
    started = start(c1, sim(fail="no such model", takes=0.3))

    ends = stream(c1, started)
    assert [event.get("status") for event in ends] == ["error", "ERROR"]
    assert run_of(c1, started)["status"] == "failed"
    assert "no such model" in run_of(c1, started)["error"]
    assert kinds(messages(c1, started)) == ["user"]
    assert [event["status"] for event in stream(c1, started)] == ["error", "completed"]


@EACH_VERSION
def test_model_that_fails_in_the_middle_leaves_no_answer_and_no_tokens(profile: str, variant: str) -> None:
    with running_simulator(profile=profile, variant=variant, times=Times(pending_s=0.0)) as simulated:
        started = start(simulated, sim(fail="gone", partial=True, text="Half of it.", takes=0.3))
        wait_for(simulated, started, status="failed")

        assert not {"assistant", "llm_response_end"} & set(kinds(messages(simulated, started)))


def test_stop_ends_the_stream_and_the_worker_adds_its_word_later(c1: Simulated) -> None:
    started = start(c1, sim(text="one two three", takes=3))
    # The reader leaves after the first chunk; another sees the end.
    stream(c1, started, chunks=1)

    assert stop(c1, started).json() == {"status": "stopped"}
    first = run_of(c1, started)
    assert (first["status"], first["error"]) == ("stopped", None)
    second = wait_for(c1, started, error="Stopped by global_control_channel")
    assert second["completedAt"] > first["completedAt"]
    finished = [row["content"].get("finish_reason") for row in messages(c1, started)]
    assert "cancelled" in finished
    assert "llm_response_end" not in kinds(messages(c1, started))


def test_stop_overwrites_a_run_that_is_over(c1: Simulated) -> None:
    started = start(c1, sim(text="Done."))
    wait_for(c1, started, status="completed")

    stop(c1, started)
    assert run_of(c1, started)["status"] == "stopped"


def test_stop_before_a_worker_takes_the_run_is_lost(c1: Simulated) -> None:
    started = start(c1, sim(text="Done.", pickup=0.4, takes=0.1))
    stop(c1, started)

    assert run_of(c1, started)["status"] == "stopped"
    wait_for(c1, started, status="completed", error=None)
    assert "assistant" in kinds(messages(c1, started))


def test_stream_is_replayed_until_it_expires() -> None:
    times = Times(list_s=0.5)
    with running_simulator(profile="2025-12", variant="c1", times=times) as simulated:
        started = start(simulated, sim(text="Done."))
        wait_for(simulated, started, status="completed")
        replayed = stream(simulated, started)
        while len(stream(simulated, started)) == len(replayed):
            time.sleep(0.05)

        assert replayed[0]["type"] == "status"
        assert [event.get("status") for event in replayed[-2:]] == ["completed", "completed"]
        assert stream(simulated, started) == [{"type": "status", "status": "completed"}]


@pytest.mark.parametrize(
    ("claims", "more", "detail"),
    [
        (None, {}, "No valid authentication credentials found"),
        ({"secret": "another"}, {}, "Invalid token signature"),
        ({"expires_in_s": -5}, {}, "Token has expired"),
        ({"sub": None}, {}, "Invalid token"),
        ({}, {"X-API-Key": "pk_no:sk_no"}, "Invalid API key"),
    ],
)
@EACH_VERSION
def test_credentials_are_refused_in_the_words_of_verified_tokens(
    profile: str, variant: str, claims: dict[str, Any] | None, more: dict[str, str], detail: str
) -> None:
    # Made here: one that was made when the tests were collected would have run out by now.
    bearer = {} if claims is None else {"Authorization": f"Bearer {jwt(**claims)}"}
    options = {"profile": profile, "variant": variant, "jwt_secret": SECRET, "tokens": ("x", API_KEY)}
    with running_simulator(**options) as simulated:
        refused = httpx.get(f"{simulated.url}/v1/agents", headers=bearer | more)

        assert (refused.status_code, refused.json()["detail"]) == (401, detail)
        assert refused.headers["www-authenticate"] == "Bearer"
        good = {"Authorization": f"Bearer {jwt()}"}
        assert httpx.get(f"{simulated.url}/v1/agents", headers=good).status_code == 200


@EACH_VERSION
def test_api_key_does_everything_but_read_messages(profile: str, variant: str) -> None:
    options = {"profile": profile, "variant": variant, "tokens": ("jwt-of-the-user", API_KEY)}
    with running_simulator(**options, times=Times(pending_s=0.0)) as simulated:
        client = simulated.client
        client.headers = httpx.Headers({"X-API-Key": API_KEY})
        started = start(simulated, sim(text="one two", takes=3))
        assert run_of(simulated, started)["status"] == "running"
        assert stream(simulated, started, chunks=1)
        assert client.get(f"/v1/thread/{started['thread_id']}/agent-runs").status_code == 200
        assert stop(simulated, started).status_code == 200
        path = f"/v1/threads/{started['thread_id']}/messages"
        refused = client.get(path)

        assert refused.status_code == 403
        assert refused.json() == {"detail": "Authentication required for private threads"}
        both = {"Authorization": "Bearer jwt-of-the-user"}
        assert client.get(path, headers=both).status_code == 200


@EACH_VERSION
def test_refused_stream_has_words_of_its_own_and_takes_a_token_from_the_query(
    profile: str, variant: str
) -> None:
    with running_simulator(profile=profile, variant=variant, tokens=("good", API_KEY)) as simulated:
        started = start(simulated, sim(text="one two", takes=30))
        path = f"{simulated.url}/v1/agent-run/{started['agent_run_id']}/stream"
        refused = httpx.get(path)

        assert (refused.status_code, refused.json()["detail"]) == (401, "Authentication required")
        with httpx.stream(
            "GET", path, params={"token": "good"}, headers={"X-API-Key": "pk_no:sk_no"}
        ) as answer:
            assert answer.status_code == 200
