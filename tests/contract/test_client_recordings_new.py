"""The client reads what real Suna of December 2025 (c1, c2) and of 2026 (d) was seen to answer."""

import json
import urllib.parse
from typing import Any

import pytest

from executions.agent_service import CredentialRefused, ModelResponse, NotFound, RunRequest, RunStatus
from executions.suna.client import SunaClient
from executions.suna.wire.messages import read_messages
from executions.suna.wire.native_calls import find_native_call, read_plain_text
from tests.contract.clients import client_to
from tests.contract.raw_server import always, json_answer, serve
from tests.contract.recordings import ROOT, load, replay

C1, C2, D = "2025-12", "2025-12-c2", "2026-01"
MISSING = "00000000-0000-0000-0000-000000000000"
PLAIN_TEXT = 'Hello, this is plain text with ```json\n{"category": "technical"}\n``` inside.'


@pytest.fixture(params=[C1, C2, D])
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def client_of(version: str, url: str) -> Any:
    return client_to(url, profile=version.removesuffix("-c2"))


def ids_of(version: str, case: str) -> tuple[str, str]:
    body = load(version, f"{case}-start")["body"]
    return body["thread_id"], body["agent_run_id"]


async def get_result(version: str, case: str) -> Any:
    thread, run = ids_of(version, case)
    async with serve(replay(version, f"{case}-messages")) as server, client_of(version, server.url) as client:
        result = await client.get_result(run, place=thread)
    assert [request.path.rpartition("/")[2] for request in server.requests] == ["messages"]
    return result


async def start_as(client: SunaClient, version: str, case: str) -> Any:
    thread, _ = ids_of(version, case)
    fields = load(version, f"{case}-start")["request"]["fields"]
    request = RunRequest(
        agent_id=fields["agent_id"], prompt=fields["prompt"], model_name=fields["model_name"]
    )
    return await client.start_run(request, place=thread)


async def test_a_run_is_started_with_the_form_that_suna_took_and_a_thread_beside(version):
    thread, run = ids_of(version, "complete")
    agent = load(version, "agent-get")
    start = load(version, "complete-start")
    agent["request"]["path"] = f"/v1/agents/{start['request']['fields']['agent_id']}"

    async def respond(request, writer):
        payload = agent["body"] if request.method == "GET" else start["body"]
        writer.write(json_answer(200, payload))

    async with serve(respond) as server, client_of(version, server.url) as client:
        started = await start_as(client, version, "complete")
        await start_as(client, version, "complete")
    assert (started.run_id, started.place, started.status) == (run, thread, RunStatus.RUNNING)
    # The agent is looked up before the first start, and remembered.
    looked, sent, _ = server.requests
    assert (looked.method, looked.path) == ("GET", agent["request"]["path"])
    assert (sent.path, sent.headers["content-type"]) == (
        "/v1/agent/start",
        "application/x-www-form-urlencoded",
    )
    assert dict(urllib.parse.parse_qsl(sent.body.decode())) == {
        "thread_id": thread,
        **start["request"]["fields"],
    }


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


@pytest.mark.parametrize(
    ("version", "provider", "model"),
    [
        (C1, "anthropic", "claude-sonnet-4-5-20250929"),
        (C2, "openrouter", "minimax/minimax-m2.1"),
        (D, "bedrock", None),
    ],
)
async def test_tokens_are_the_providers_and_so_is_the_model(version, provider, model):
    (response,) = (await get_result(version, "complete")).responses
    rows = load(version, "complete-messages")["body"]["messages"]
    row = next(row for row in rows if row["type"] == "llm_response_end")
    told = row["content"]["model"].partition("/")[2]
    assert isinstance(response, ModelResponse)
    assert (response.source_id, response.provider) == (row["message_id"], provider)
    assert response.model == (model or told)
    assert (response.tokens_input, response.tokens_output, response.tokens_cached) == (1200, 340, 200)
    assert response.raw_usage == row["content"]["usage"]


async def test_a_stopped_run_says_that_its_usage_is_not_whole(version):
    result = await get_result(version, "slow")
    assert (result.text, result.responses, result.usage_complete) == (None, (), False)


async def test_no_stream_is_opened_for_a_run_that_left_nothing(version):
    result = await get_result(version, "llm-error")
    assert (result.text, result.error, result.responses) == (None, None, ())


@pytest.mark.parametrize("case", ["complete", "text", "ask", "slow", "llm-error"])
@pytest.mark.parametrize("moment", ["early", "final"])
async def test_each_recorded_run_is_read(version, case, moment):
    recorded = load(version, f"{case}-run-{moment}")
    async with (
        serve(replay(version, f"{case}-run-{moment}")) as server,
        client_of(version, server.url) as client,
    ):
        if recorded["status"] == 404:
            with pytest.raises(NotFound):
                await client.get_run(ids_of(version, case)[1])
            return
        view = await client.get_run(recorded["body"]["id"])
    body = recorded["body"]
    assert (view.place, view.word, view.error) == (body["threadId"], body["status"], body["error"])
    assert view.doubtful is False


async def test_active_runs_and_the_runs_of_a_thread_are_read(version):
    thread, run = ids_of(version, "slow")
    cases = ("slow-active", "slow-thread-runs")
    async with serve(replay(version, *cases)) as server, client_of(version, server.url) as client:
        assert await client.list_active_runs() == {run}
        (listed,) = await client.list_runs(thread)
    assert (listed.run_id, listed.status) == (run, RunStatus.STOPPED)


async def test_a_missing_run_thread_and_agent_are_not_found(version):
    cases = ("agent-run-missing", "thread-runs-missing", "agent-get-missing")
    async with serve(replay(version, *cases)) as server, client_of(version, server.url) as client:
        for call in (client.get_run(MISSING), client.list_runs(MISSING), client.get_agent(MISSING)):
            with pytest.raises(NotFound):
                await call


@pytest.mark.parametrize("case", ["unauthorized", "bad-token"])
async def test_a_refused_credential_is_told_from_other_errors(version, case):
    async with serve(replay(version, case)) as server, client_of(version, server.url) as client:
        with pytest.raises(CredentialRefused):
            await client.get_run(MISSING)


async def test_the_catalogue_is_read_from_the_recorded_page(version):
    recorded = load(version, "agents-list")
    async with (
        serve(always(json_answer(200, recorded["body"]))) as server,
        client_of(version, server.url) as client,
    ):
        (agent,) = await client.list_agents()
    assert agent.agent_id == recorded["body"]["agents"][0]["agent_id"]
    assert [request.target for request in server.requests] == ["/v1/agents?page=1&limit=100"]


@pytest.mark.parametrize("case", ["complete", "text", "ask"])
async def test_the_rows_that_optimized_leaves_tell_the_same_call_and_text(version, case):
    """Renum never asks for them: a proxy or a build that drops the parameter must not cost the answer."""
    path = ROOT / version / f"{case}-messages-optimized.json"
    body = json.dumps(json.loads(path.read_text())["body"]).encode()
    full = json.dumps(load(version, f"{case}-messages")["body"]).encode()
    last, whole = (
        [message for message in read_messages(rows) if message.type == "assistant"][-1]
        for rows in (body, full)
    )
    assert find_native_call(last) == find_native_call(whole)
    assert read_plain_text(last) == read_plain_text(whole) != ""
