"""The client reads what Suna of July (b0) and of October 2025 (c0) was seen to answer."""

import asyncio
import urllib.parse
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from executions.agent_service import (
    BadResponse,
    Denied,
    NotFound,
    Rejected,
    ResultExpired,
    RunRequest,
    RunResult,
    RunStatus,
    SecretText,
    StartUncertain,
    Unavailable,
)
from executions.suna.credential import SunaCredential
from tests.contract.clients import REQUEST, client_to
from tests.contract.raw_server import Request, Respond, always, answer, json_answer, serve
from tests.contract.recordings import load, load_stream, replay

B0, C0 = "2025-07", "2025-10"
PLAIN_TEXT = 'Hello, this is plain text with ```json\n{"category": "technical"}\n``` inside.'
API_KEY = SunaCredential(api_key=SecretText("pk_x:sk_y"))
COMPLETED = b'data: {"type": "status", "status": "completed"}\n\n'
NO_LOGS = {"logs": [], "has_more": False, "message": "local"}


def ids_of(version: str, case: str) -> tuple[str, str]:
    run = load(version, f"{case}-run-final")["body"]
    return run["threadId"], run["id"]


def streaming(stream: bytes, *, logs: Any = NO_LOGS, otherwise: Respond | None = None) -> Respond:
    async def respond(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.path.endswith("/stream"):
            writer.write(answer(200, stream, content_type="text/event-stream"))
        elif request.path == "/api/billing/usage-logs":
            writer.write(json_answer(200, logs))
        elif otherwise is not None:
            await otherwise(request, writer)
        else:
            writer.write(json_answer(403, {"detail": "Authentication required for private threads"}))

    return respond


async def read(version: str, case: str, **options: Any) -> RunResult:
    thread, run = ids_of(version, case)
    stream = load_stream(version, f"{case}-stream-late")
    options = {"profile": version, **options}
    async with serve(streaming(stream)) as server, client_to(server.url, **options) as client:
        return await client.get_result(run, place=thread)


async def test_a_run_of_b0_is_started_with_the_very_form_that_suna_took():
    sent = load(B0, "complete-start")["request"]["fields"]
    request = RunRequest(agent_id=sent["agent_id"], prompt=sent["prompt"], model_name=sent.get("model_name"))
    cases = ("complete-start", "complete-run-early")
    async with (
        serve(replay(B0, *cases)) as server,
        client_to(server.url, profile=B0) as client,
    ):
        assert not client.traits.finds_starts
        assert not client.traits.answers_in_place
        assert await client.prepare_run(request) is None
        started = await client.start_run(request, place=None)
        seen = await client.get_run(started.run_id)
    assert started.place == load(B0, "complete-start")["body"]["thread_id"] == seen.place
    begun = server.requests[0]
    assert begun.headers["content-type"] == "application/x-www-form-urlencoded"
    assert dict(urllib.parse.parse_qsl(begun.body.decode())) == sent


async def test_a_run_of_c0_is_started_with_one_form_that_names_its_thread_and_carries_the_prompt():
    thread, run = ids_of(C0, "text")
    made = json_answer(200, {"thread_id": thread, "project_id": "p"})
    start = json_answer(200, load(C0, "text-start")["body"])

    async def respond(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(made if request.path == "/api/threads" else start)

    async with serve(respond) as server, client_to(server.url, profile=C0) as client:
        place = await client.prepare_run(REQUEST)
        started = await client.start_run(REQUEST, place=place)
    assert (started.run_id, started.place) == (run, thread)
    assert [request.path for request in server.requests] == ["/api/threads", "/api/agent/start"]
    assert dict(urllib.parse.parse_qsl(server.requests[1].body.decode())) == {
        "thread_id": thread,
        "prompt": REQUEST.prompt,
        "agent_id": REQUEST.agent_id,
        "model_name": REQUEST.model_name,
    }


@pytest.mark.parametrize("version", [B0, C0])
@pytest.mark.parametrize(
    ("case", "text", "asked"),
    [
        ("complete", "Tides follow the moon.", False),
        ("text", PLAIN_TEXT, False),
        ("ask", "Which city?", True),
    ],
)
async def test_an_answer_is_read_from_the_replay(version, case, text, asked):
    result = await read(version, case, credential=API_KEY)
    assert (result.text, result.asked, result.error, result.partial) == (text, asked, None, None)
    # b0's stream tells no tokens, and its usage logs are empty in local mode: unknown is not nothing.
    assert result.usage_complete == (version == C0)
    assert len(result.responses) == (version == C0)


@pytest.mark.parametrize("case", ["complete", "text", "ask"])
async def test_c0_says_the_same_by_its_rows_and_by_its_replay(case):
    thread, run = ids_of(C0, case)
    by_replay = await read(C0, case, credential=API_KEY)
    async with (
        serve(replay(C0, f"{case}-messages")) as server,
        client_to(server.url, profile=C0) as client,
    ):
        by_rows = await client.get_result(run, place=thread)
    assert (by_rows.text, by_rows.asked) == (by_replay.text, by_replay.asked)
    assert by_rows.usage_complete
    assert [one.tokens_input for one in by_rows.responses] == [
        one.tokens_input for one in by_replay.responses
    ]


async def test_rows_that_are_closed_to_everybody_are_a_denial():
    thread, run = ids_of(C0, "text")
    denied = json_answer(403, {"detail": "Not authorized to access this thread"})
    async with serve(always(denied)) as server, client_to(server.url, profile=C0) as client:
        with pytest.raises(Denied):
            await client.get_result(run, place=thread)
    # After each refusal the run is asked for: were it shown, the JWT would be what is refused.
    assert [request.path.rsplit("/", 1)[-1] for request in server.requests] == [
        *("messages", run),
        *("stream", run),
    ]


@pytest.mark.parametrize("version", [B0, C0])
async def test_the_error_of_a_run_is_read_behind_its_completed(version):
    result = await read(version, "llm-error", credential=API_KEY)
    assert result.text is None
    assert "scripted failure" in (result.error or "")
    assert not result.usage_complete or version == C0


@pytest.mark.parametrize("version", [B0, C0])
async def test_pieces_are_no_answer_but_a_partial_text_in_the_order_of_their_numbers(version):
    result = await read(version, "slow", credential=API_KEY)
    assert (result.text, result.asked, result.usage_complete) == (None, False, False)
    assert (result.partial or "").startswith("one two th")


async def test_tokens_of_b0_are_those_of_the_threads_rows_in_the_usage_logs():
    thread, run = ids_of(B0, "text")
    runs = load(B0, "text-thread-runs")["body"]
    usage = {"prompt_tokens": 859, "completion_tokens": 6}
    mine = {
        "message_id": "m1",
        "thread_id": thread,
        "created_at": runs["agent_runs"][0]["completed_at"],
        "content": {"usage": usage, "model": "anthropic/claude-sonnet-4"},
    }
    logs = {"logs": [{**mine, "message_id": "m2", "thread_id": "another"}, mine], "has_more": False}
    stream = load_stream(B0, "text-stream-late")
    async with (
        serve(streaming(stream, logs=logs, otherwise=always(json_answer(200, runs)))) as server,
        client_to(server.url, profile=B0) as client,
    ):
        result = await client.get_result(run, place=thread)
    (response,) = result.responses
    assert (response.source_id, response.provider, response.model) == ("m1", "anthropic", "claude-sonnet-4")
    assert (response.tokens_input, response.tokens_output) == (859, 6)
    assert result.usage_complete
    asked = [request.target for request in server.requests if "billing" in request.path]
    assert asked == ["/api/billing/usage-logs?page=0&items_per_page=1000"]


async def test_an_answer_counts_where_its_usage_cannot_be_read():
    thread, run = ids_of(B0, "text")
    stream = load_stream(B0, "text-stream-late")
    async with (
        serve(streaming(stream, logs="no list")) as server,
        client_to(server.url, profile=B0) as client,
    ):
        result = await client.get_result(run, place=thread)
    assert (result.text, result.responses, result.usage_complete) == (PLAIN_TEXT, (), False)


async def test_an_answer_before_an_error_is_partial():
    thread, run = ids_of(B0, "text")
    error = b'data: {"type": "status", "status": "error", "message": "the model is gone"}\n\n'
    stream = load_stream(B0, "text-stream-late") + error + COMPLETED
    async with serve(streaming(stream)) as server, client_to(server.url, profile=B0) as client:
        result = await client.get_result(run, place=thread)
    assert (result.text, result.error, result.partial) == (None, "the model is gone", PLAIN_TEXT)


async def test_a_replay_that_is_kept_no_more_is_expired():
    thread, run = ids_of(B0, "text")
    async with serve(streaming(COMPLETED)) as server, client_to(server.url, profile=B0) as client:
        with pytest.raises(ResultExpired):
            await client.get_result(run, place=thread)


@pytest.mark.parametrize(
    "stream",
    [
        b"",
        b'data: {"type": "status", "status": "error", "message": "Stream failed: gone"}\n\n',
        b'data: {"type": "assistant", "content": "{}"}\n\n',
    ],
)
async def test_a_replay_that_breaks_off_is_asked_for_again(stream):
    thread, run = ids_of(B0, "text")
    async with serve(streaming(stream)) as server, client_to(server.url, profile=B0) as client:
        with pytest.raises(Unavailable):
            await client.get_result(run, place=thread)


async def test_a_replay_that_never_closes_ends_with_its_deadline():
    thread, run = ids_of(B0, "text")

    async def respond(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n" + COMPLETED)
        await asyncio.sleep(30)

    async with (
        serve(respond) as server,
        client_to(server.url, profile=B0, call_deadline_s=0.2) as client,
    ):
        with pytest.raises(Unavailable):
            await client.get_result(run, place=thread)


async def test_a_page_instead_of_a_stream_makes_no_sense():
    thread, run = ids_of(B0, "text")
    page = answer(200, b"<html>data: login</html>", content_type="text/html")
    async with serve(always(page)) as server, client_to(server.url, profile=B0) as client:
        with pytest.raises(BadResponse):
            await client.get_result(run, place=thread)


async def test_pieces_and_tools_do_not_count_for_the_cap_of_an_answer():
    thread, run = ids_of(B0, "text")
    piece = b'data: {"sequence": 1, "type": "assistant", "content": "{}", "metadata":'
    piece += b' "{\\"stream_status\\": \\"chunk\\"}", "x": "' + b"p" * 1000 + b'"}\n\n'
    tool = b'data: {"type": "tool", "content": "' + b"t" * 100_000 + b'"}\n\n'
    stream = piece * 3000 + tool * 10 + load_stream(B0, "text-stream-late")
    async with (
        serve(streaming(stream)) as server,
        client_to(server.url, profile=B0, max_response_bytes=16_384) as client,
    ):
        result = await client.get_result(run, place=thread)
    assert result.text == PLAIN_TEXT


@pytest.mark.parametrize("status", [408, 500, 502, 504])
async def test_a_start_of_b0_that_was_not_answered_is_in_doubt_and_sent_once(status):
    body = {"error": "Request timeout", "message": "m", "timeout": 120, "duration": 120.1}
    refusal = json_answer(status, body)
    async with serve(always(refusal)) as server, client_to(server.url, profile=B0) as client:
        with pytest.raises(StartUncertain):
            await client.start_run(replace(REQUEST, agent_id=str(uuid4())), place=None)
    assert [request.path for request in server.requests] == ["/api/agent/initiate"]


async def test_a_missing_agent_is_rejected_by_b0_with_404():
    refusal = json_answer(404, {"detail": "Agent not found or access denied"})
    async with serve(always(refusal)) as server, client_to(server.url, profile=B0) as client:
        with pytest.raises(Rejected):
            await client.start_run(REQUEST, place=None)


@pytest.mark.parametrize(("has_run", "error"), [(False, Rejected), (True, StartUncertain)])
async def test_a_missing_agent_is_rejected_by_c0_where_the_catalogue_and_the_thread_agree(has_run, error):
    runs = load(C0, "text-thread-runs")["body"] if has_run else {"agent_runs": []}
    thread = ids_of(C0, "text")[0]

    async def respond(request: Request, writer: asyncio.StreamWriter) -> None:
        case = "start-agent-missing" if request.method == "POST" else "agent-get-missing"
        recorded = load(C0, case)
        is_list = request.path.endswith("/agent-runs")
        writer.write(json_answer(200, runs) if is_list else json_answer(recorded["status"], recorded["body"]))

    async with serve(respond) as server, client_to(server.url, profile=C0) as client:
        with pytest.raises(error):
            await client.start_run(REQUEST, place=thread)
    assert sum(request.method == "POST" for request in server.requests) == 1


@pytest.mark.parametrize("version", [B0, C0])
@pytest.mark.parametrize("case", ["complete", "text", "ask", "llm-error", "slow"])
async def test_each_recorded_run_and_list_is_read(version, case):
    thread, run = ids_of(version, case)
    cases = (f"{case}-run-final", f"{case}-thread-runs")
    async with (
        serve(replay(version, *cases)) as server,
        client_to(server.url, profile=version) as client,
    ):
        view = await client.get_run(run)
        listed = await client.list_runs(thread)
    assert (view.place, view.word) == (thread, load(version, cases[0])["body"]["status"])
    assert [one.run_id for one in listed] == [run]
    assert view.status is not RunStatus.UNKNOWN


async def test_active_runs_of_c0_are_listed():
    recorded = load(C0, "slow-active")
    async with serve(replay(C0, "slow-active")) as server, client_to(server.url, profile=C0) as client:
        assert client.hints.by_list
        found = await client.list_active_runs()
    assert found == {one["id"] for one in recorded["body"]["active_runs"]}


@pytest.mark.parametrize("version", [B0, C0])
async def test_agents_are_read(version):
    recorded = load(version, "agent-get")["body"]
    async with (
        serve(replay(version, "agent-get", "agent-get-missing", "agents-list")) as server,
        client_to(server.url, profile=version) as client,
    ):
        agent = await client.get_agent(recorded["agent_id"])
        with pytest.raises(NotFound):
            await client.get_agent("00000000-0000-0000-0000-000000000000")
    assert (agent.name, agent.model_name) == (recorded["name"], recorded.get("model"))
