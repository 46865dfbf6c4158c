"""The client reads what real Suna was seen to answer, in both builds of the profile 2025-08."""

import asyncio
import json
import urllib.parse
from typing import Any

import pytest

from executions.agent_service import (
    CredentialRefused,
    ModelResponse,
    NotFound,
    Rejected,
    RunRequest,
    RunStatus,
    StartUncertain,
)
from tests.contract.clients import client_to
from tests.contract.raw_server import Request, always, answer, json_answer, serve
from tests.contract.recordings import load, load_stream, replay

B1, B2 = "2025-08", "2025-08-b2"
MODEL = "anthropic/claude-sonnet-4-20250514"
MISSING = "00000000-0000-0000-0000-000000000000"
PLAIN_TEXT = 'Hello, this is plain text with ```json\n{"category": "technical"}\n``` inside.'


@pytest.fixture(params=[B1, B2])
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def ids_of(version: str, case: str) -> tuple[str, str]:
    thread = load(version, f"{case}-thread")["body"]["thread_id"]
    return thread, load(version, f"{case}-start")["body"]["agent_run_id"]


async def get_result(version: str, case: str) -> Any:
    thread, run = ids_of(version, case)
    async with serve(replay(version, f"{case}-messages")) as server, client_to(server.url) as client:
        return await client.get_result(run, place=thread)


async def test_a_run_is_prepared_and_started_with_the_very_requests_that_suna_took(version):
    thread, run = ids_of(version, "complete")
    prompt = load(version, "complete-message")["request"]["fields"]["content"]
    start = load(version, "complete-start")["request"]["fields"]
    request = RunRequest(agent_id=start["agent_id"], prompt=prompt, model_name=start["model_name"])
    cases = ("complete-thread", "complete-message", "complete-start", "complete-run-early")
    async with serve(replay(version, *cases)) as server, client_to(server.url) as client:
        place = await client.prepare_run(request)
        started = await client.start_run(request, place=place)
        seen = await client.get_run(started.run_id)
    assert (place, started.run_id, started.status) == (thread, run, RunStatus.RUNNING)
    assert (seen.run_id, seen.place, seen.status, seen.word) == (run, thread, RunStatus.RUNNING, "running")
    made, told, begun, _ = server.requests
    assert made.headers["content-type"] == "application/x-www-form-urlencoded"
    assert list(urllib.parse.parse_qs(made.body.decode())) == ["name"]
    assert json.loads(told.body) == load(version, "complete-message")["request"]["fields"]
    assert json.loads(begun.body) == start


async def test_the_text_of_the_tool_complete_is_the_answer(version):
    result = await get_result(version, "complete")
    assert (result.text, result.structured, result.asked) == ("Tides follow the moon.", None, False)
    assert (result.error, result.usage_complete) == (None, True)


async def test_a_plain_text_is_the_answer_as_it_stands(version):
    result = await get_result(version, "text")
    assert (result.text, result.asked, result.error) == (PLAIN_TEXT, False, None)


async def test_a_run_that_ends_with_ask_is_a_question(version):
    result = await get_result(version, "ask")
    assert (result.text, result.asked) == ("Which city?", True)


async def test_tokens_come_from_assistant_response_end_in_b1():
    (response,) = (await get_result(B1, "complete")).responses
    rows = load(B1, "complete-messages")["body"]["messages"]
    row = next(row for row in rows if row["type"] == "assistant_response_end")
    assert response == ModelResponse(
        source_id=row["message_id"],
        provider="anthropic",
        model="claude-sonnet-4-20250514",
        tokens_input=4366,
        tokens_output=37,
        finish_reason="agent_terminated",
        text=row["content"]["choices"][0]["message"]["content"],
        raw_usage={"total_tokens": 4403, "prompt_tokens": 4366, "completion_tokens": 37},
    )


async def test_tokens_come_from_llm_response_end_in_b2_and_the_provider_from_its_start():
    (response,) = (await get_result(B2, "complete")).responses
    rows = load(B2, "complete-messages")["body"]["messages"]
    row = next(row for row in rows if row["type"] == "llm_response_end")
    assert response.source_id == row["message_id"]
    assert (response.provider, response.model) == ("openai", "gpt-4o")
    assert (response.tokens_input, response.tokens_output) == (1200, 340)
    assert (response.tokens_cached, response.tokens_reasoning) == (200, 0)
    assert response.raw_usage == row["content"]["usage"]


async def test_a_stopped_run_has_no_answer_and_says_that_its_usage_is_not_whole(version):
    result = await get_result(version, "slow")
    assert (result.text, result.responses, result.usage_complete) == (None, (), False)


async def test_a_run_that_left_nothing_has_no_error_and_no_whole_usage_where_suna_says_no_more(version):
    # The replay server has no stream here, which is where Suna tells that the model refused.
    result = await get_result(version, "llm-error")
    assert (result.text, result.error, result.responses) == (None, None, ())
    assert not result.usage_complete


async def test_why_the_model_refused_is_read_behind_the_end_of_the_stream(version):
    thread, run = ids_of(version, "llm-error")
    again = replay(version, "llm-error-messages")
    stream = load_stream(version, "llm-error-stream-late")

    async def respond(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.path == f"/api/agent-run/{run}/stream":
            writer.write(answer(200, stream, content_type="text/event-stream"))
        else:
            await again(request, writer)

    async with serve(respond) as server, client_to(server.url) as client:
        result = await client.get_result(run, place=thread)
    assert "scripted failure" in (result.error or "")


async def test_no_stream_is_opened_for_a_run_that_left_an_answer_or_was_stopped(version):
    for case in ("complete", "text", "ask", "slow"):
        thread, run = ids_of(version, case)
        async with serve(replay(version, f"{case}-messages")) as server, client_to(server.url) as client:
            await client.get_result(run, place=thread)
        assert [request.path.split("/")[-1] for request in server.requests] == ["messages"]


@pytest.mark.parametrize(
    ("version", "status", "error"),
    [(B1, RunStatus.COMPLETED, None), (B2, RunStatus.FAILED, "Invalid request")],
)
async def test_a_run_that_the_model_refused_is_shown_as_suna_shows_it(version, status, error):
    thread, run = ids_of(version, "llm-error")
    cases = ("llm-error-run-final", "llm-error-thread-runs")
    async with serve(replay(version, *cases)) as server, client_to(server.url) as client:
        view = await client.get_run(run)
        assert await client.list_runs(thread) == (view,)
    assert view.status == status
    assert (view.error or "").startswith(error or "")
    assert bool(view.error) == bool(error)


async def test_a_stop_and_what_follows_it_are_read(version):
    _, run = ids_of(version, "slow")
    async with (
        serve(replay(version, "slow-stop", "slow-run-final")) as server,
        client_to(server.url) as client,
    ):
        await client.stop_run(run)
        assert (await client.get_run(run)).status == RunStatus.STOPPED


@pytest.mark.parametrize(
    "case", [f"{name}-run-{moment}" for name in ("complete", "text", "ask") for moment in ("early", "final")]
)
async def test_each_recorded_run_is_read(version, case):
    recorded = load(version, case)
    async with serve(replay(version, case)) as server, client_to(server.url) as client:
        view = await client.get_run(recorded["body"]["id"])
    assert (view.place, view.word) == (recorded["body"]["threadId"], recorded["body"]["status"])
    assert view.status == recorded["body"]["status"]


async def test_a_missing_run_and_a_missing_thread_are_not_found(version):
    cases = ("agent-run-missing", "thread-runs-missing")
    async with serve(replay(version, *cases)) as server, client_to(server.url) as client:
        with pytest.raises(NotFound):
            await client.get_run(MISSING)
        with pytest.raises(NotFound):
            await client.list_runs(MISSING)


@pytest.mark.parametrize("case", ["unauthorized", "bad-token"])
async def test_a_refused_credential_is_told_from_other_errors(version, case):
    async with serve(replay(version, case)) as server, client_to(server.url) as client:
        with pytest.raises(CredentialRefused):
            await client.get_run(MISSING)


async def test_a_start_on_a_missing_thread_is_not_found(version):
    cases = ("start-thread-missing", "thread-runs-missing")
    async with serve(replay(version, *cases)) as server, client_to(server.url) as client:
        with pytest.raises(NotFound):
            await client.start_run(RunRequest(agent_id="a", prompt="p"), place=MISSING)


async def test_a_start_of_a_missing_agent_is_rejected_where_suna_tells_it_and_uncertain_where_not():
    request = RunRequest(agent_id=MISSING, prompt="p")
    for version, error in ((B1, Rejected), (B2, StartUncertain)):
        thread = load(version, "slow-thread")["body"]["thread_id"] if version == B1 else None
        place = thread or load(version, "start-agent-missing")["request"]["path"].split("/")[3]
        cases = ["start-agent-missing", *(["slow-thread-runs"] if version == B1 else [])]
        async with serve(replay(version, *cases)) as server, client_to(server.url) as client:
            with pytest.raises(error):
                await client.start_run(request, place=place)


async def test_a_wrong_encoding_is_rejected_with_where_it_is_wrong_and_never_what_was_sent():
    recorded = load(B1, "start-wrong-encoding")
    place = recorded["request"]["path"].split("/")[3]
    async with serve(replay(B1, "start-wrong-encoding")) as server, client_to(server.url) as client:
        with pytest.raises(Rejected) as caught:
            await client.start_run(RunRequest(agent_id="a", prompt="p"), place=place)
    assert "body: Input should be a valid dictionary" in caught.value.detail
    assert "agent_id=" not in caught.value.detail


async def test_an_agent_is_read_and_a_missing_one_is_not_found_by_404_and_by_500(version):
    recorded = load(version, "agent-get")
    async with (
        serve(replay(version, "agent-get", "agent-get-missing")) as server,
        client_to(server.url) as client,
    ):
        agent = await client.get_agent(recorded["body"]["agent_id"])
        assert (agent.name, agent.description) == ("Researcher", "")
        assert agent.model_name == recorded["body"].get("model")
        with pytest.raises(NotFound):
            await client.get_agent(MISSING)


async def test_the_catalogue_is_read_from_the_recorded_page(version):
    recorded = load(version, "agents-list")
    async with serve(always(json_answer(200, recorded["body"]))) as server, client_to(server.url) as client:
        (agent,) = await client.list_agents()
    assert [request.target for request in server.requests] == ["/api/agents?page=1&limit=100"]
    assert agent.agent_id == recorded["body"]["agents"][0]["agent_id"]
