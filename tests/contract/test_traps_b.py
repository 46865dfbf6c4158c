"""The traps of Suna from July to November 2025 (b0 .. c0), one test for each, named after it.

The numbers are those of suna-contract §6; the ends of streams are the lines of its §3.4. Where the simulator
cannot play a trap, a server does whose answers are written here.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from executions.agent_service import (
    Denied,
    RunRequest,
    RunStatus,
    RunView,
    StartUncertain,
    Throttled,
    Unavailable,
)
from executions.orchestrator.agent_models import ask_model
from executions.suna.client import SunaClient
from tests.contract.clients import REQUEST, TOKEN, bearer, client_to
from tests.contract.raw_server import Request, Respond, always, answer, json_answer, serve
from tests.contract.recordings import load, load_stream
from tests.contract.simulated_suna import SimulatedSuna
from tests.contract.targets import Target, open_target

THREAD, RUN = "5e15e3ce-5ba6-4c5b-95da-483c6cbebdad", "fbb589d2-0c6e-4910-abf8-2d0fbeef54df"
TARGETS = ["2025-07", "2025-08/b1", "2025-08/b2", "2025-10"]
COMPLETED = b'data: {"type": "status", "status": "completed"}\n\n'


@pytest.fixture(scope="module", params=TARGETS)
def target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with open_target(str(request.param), folder=tmp_path_factory.mktemp("traps")) as opened:
        yield opened


@pytest.fixture
def suna(target: Target) -> SimulatedSuna:
    assert target.simulated is not None
    target.simulated.reset()
    return target.simulated


@pytest.fixture
async def client(target: Target, suna: SimulatedSuna) -> AsyncIterator[SunaClient]:
    async with client_to(target.url, profile=target.profile, credential=bearer(TOKEN)) as opened:
        yield opened


def ask(script: dict[str, Any]) -> RunRequest:
    prompt = f"Find facts about tides. @@sim{json.dumps(script)}"
    return RunRequest(agent_id="agent-123", prompt=prompt, model_name="openai/gpt-4o-mini")


async def begin(client: SunaClient, script: dict[str, Any]) -> RunView:
    request = ask(script)
    return await client.start_run(request, place=await client.prepare_run(request))


async def follow(client: SunaClient, run: RunView) -> RunView:
    async with asyncio.timeout(20):
        while (view := await client.get_run(run.run_id)).status is RunStatus.RUNNING:
            await asyncio.sleep(0.02)
    return view


async def watch(client: SunaClient, run: RunView) -> bool:
    async with asyncio.timeout(20):
        return await client.watch_run(run.run_id, heard=lambda _: None)


def old_suna(*, stream: bytes = COMPLETED, logs: Any = None, **answers: bytes) -> Respond:
    """Return a responder for b0: a stream, usage logs, and answers by the last part of the path."""

    async def respond(request: Request, writer: asyncio.StreamWriter) -> None:
        last = request.path.rsplit("/", 1)[-1]
        if last in answers:
            writer.write(answers[last])
        elif last == "stream":
            writer.write(answer(200, stream, content_type="text/event-stream"))
        elif last == "usage-logs":
            writer.write(json_answer(200, {"logs": logs or [], "has_more": False}))
        else:
            writer.write(json_answer(404, {"detail": "Agent run not found"}))

    return respond


async def test_trap_1_nothing_is_idempotent_so_that_a_start_is_sent_once_whatever_becomes_of_it(client, suna):
    for effect in ({"kind": "drop"}, {"kind": "error"}, {"kind": "empty"}):
        suna.reset()
        suna.fail("agent.start", times=5, when="after", **effect)
        with pytest.raises(StartUncertain):
            await begin(client, {"text": "x"})
        assert suna.starts() == 1


async def test_trap_2_the_lost_answer_of_a_start_is_looked_up_by_its_thread_where_there_is_one(client, suna):
    suna.fail("agent.start", kind="drop", when="after")
    request = ask({"text": "x"})
    place = await client.prepare_run(request)
    with pytest.raises(StartUncertain):
        await client.start_run(request, place=place)
    # In b0 the thread is known by the lost answer alone, and the client says so.
    assert client.traits.finds_starts == (place is not None)
    if place is not None:
        (found,) = await client.list_runs(place)
        assert found.place == place


async def test_trap_4_a_start_that_answers_500_may_have_made_a_run(client, suna):
    suna.fail("agent.start", kind="status", status=500, body="Failed to start agent: x", when="after")
    request = ask({"text": "x"})
    place = await client.prepare_run(request)
    with pytest.raises(StartUncertain):
        await client.start_run(request, place=place)
    assert suna.starts() == 1
    # It is there, and whoever looks for it finds it: a second start would be a second run.
    if place is not None:
        (found,) = await client.list_runs(place)
        assert (await follow(client, found)).status is RunStatus.COMPLETED
    # One that made none is in doubt as well: the answer does not tell.
    suna.reset()
    suna.fail("agent.start", kind="status", status=500, body="Failed to start agent: x", when="before")
    place = await client.prepare_run(request)
    with pytest.raises(StartUncertain):
        await client.start_run(request, place=place)
    assert suna.starts() == 0


async def test_trap_5_a_further_run_in_a_thread_has_a_prompt_of_its_own_and_its_own_answer(
    client, suna, target
):
    if not client.traits.answers_in_place:
        pytest.skip("b0 takes no further prompt in a thread")
    first = await begin(client, {"text": "The first."})
    await follow(client, first)
    assert first.place is not None
    request = ask({"text": "The second."})
    await client.add_prompt(request, place=first.place)
    second = await client.start_run(request, place=first.place)
    assert (await follow(client, second)).status is RunStatus.COMPLETED
    assert (await client.get_result(second.run_id, place=second.place)).text == "The second."
    assert (await client.get_result(first.run_id, place=first.place)).text == "The first."
    # Without a prompt of its own the thread's last word would be the agent's, and the run would end at once
    # with nothing said: so each of the two has put one there.
    entries = suna.get("ledger")["entries"]
    puts = [one for one in entries if one["operation"] == "messages.add"]
    starts = [one for one in entries if one["operation"] == "agent.start"]
    prompts = [one["body"].get("content") for one in puts] or [one["body"].get("prompt") for one in starts]
    assert (len(starts), len(prompts)) == (2, 2)
    assert [said in prompt for said, prompt in zip(("first", "second"), prompts, strict=True)] == [True, True]


async def test_trap_8_the_limit_of_parallel_runs_is_a_429_that_is_waited_for(client, suna, target):
    if target.profile == "2025-07":
        pytest.skip("b0 has no limit")
    suna.set_options(parallel_limit=1)
    await begin(client, {"hang": True})
    with pytest.raises(Throttled) as caught:
        await begin(client, {"text": "x"})
    suna.set_options(parallel_limit=None)
    assert (caught.value.status_code, caught.value.limit, caught.value.running) == (429, 1, 1)
    assert suna.starts() == 1


@pytest.mark.parametrize("profile", ["2025-07", "2025-08"])
async def test_trap_12_the_catalogue_may_be_closed_by_a_flag_and_runs_start_all_the_same(profile):
    words = "Custom agents currently disabled. This feature is not available at the moment."
    refused = json_answer(403, {"detail": words})
    started = json_answer(200, {"agent_run_id": RUN, "thread_id": THREAD, "status": "running"})
    catalogue = {"agents": refused, "agent-123": refused}
    starts = {"start": started, "initiate": started}
    place = THREAD if profile == "2025-08" else None
    async with (
        serve(old_suna(**catalogue, **starts)) as server,
        client_to(server.url, profile=profile) as client,
    ):
        with pytest.raises(Denied, match="disabled"):
            await client.list_agents()
        with pytest.raises(Denied, match="disabled"):
            await ask_model(client, "agent-123")
        assert (await client.start_run(REQUEST, place=place)).run_id == RUN


async def test_trap_16_a_stream_that_a_proxy_cut_is_read_again_and_nothing_in_it_counts_twice():
    whole = load_stream("2025-10", "text-stream-late")
    events = [event + b"\n\n" for event in whole.split(b"\n\n") if event]
    closed = json_answer(403, {"detail": "Authentication required for private threads"})
    read = []
    for stream in (whole, b"".join(event * 2 for event in events)):
        suna = old_suna(stream=stream, messages=closed)
        async with serve(suna) as server, client_to(server.url, profile="2025-10") as client:
            read.append(await client.get_result(RUN, place=THREAD))
    assert read[0] == read[1]
    assert (len(read[0].responses), read[0].partial) == (1, None)
    cut = old_suna(stream=b"".join(events[: len(events) // 2]), messages=closed)
    async with serve(cut) as server, client_to(server.url, profile="2025-10") as client:
        with pytest.raises(Unavailable):
            await client.get_result(RUN, place=THREAD)


async def test_trap_17_a_408_of_the_copys_own_middleware_leaves_a_start_in_doubt():
    body = {
        "error": "Request timeout",
        "message": "Request took longer than 120 seconds",
        "timeout": 120,
        "duration": 120.01,
        "request_id": "r",
        "timestamp": 1.0,
    }
    async with (
        serve(always(json_answer(408, body))) as server,
        client_to(server.url, profile="2025-07") as client,
    ):
        with pytest.raises(StartUncertain):
            await client.start_run(REQUEST, place=None)
    assert len(server.requests) == 1


async def test_trap_18_the_routes_of_the_official_client_that_later_versions_dropped_are_not_used(
    client, suna, target
):
    run = await begin(client, {"text": "x"})
    await follow(client, run)
    await client.get_result(run.run_id, place=run.place)
    entries = suna.get("ledger")["entries"]
    assert not [entry["path"] for entry in entries if entry["path"].endswith("/messages/add")]
    assert {entry["status"] for entry in entries} <= {200, 404 if target.profile == "2025-07" else 200}
    (start,) = [entry["path"] for entry in entries if entry["operation"] == "agent.start"]
    assert (
        start
        == {
            "2025-07": "/api/agent/initiate",
            "2025-08": f"/api/thread/{run.place}/agent/start",
            "2025-10": "/api/agent/start",
        }[target.profile]
    )


async def test_trap_19_the_call_that_names_a_thread_is_not_billed_to_the_run():
    naming = {"message_id": "naming", "thread_id": None, "content": {"usage": {"prompt_tokens": 9}}}
    mine = {
        "message_id": "mine",
        "thread_id": THREAD,
        "content": {"usage": {"prompt_tokens": 7, "completion_tokens": 2}, "model": "gpt-4o"},
    }
    stream = load_stream("2025-07", "text-stream-late")
    async with (
        serve(old_suna(stream=stream, logs=[naming, mine])) as server,
        client_to(server.url, profile="2025-07") as client,
    ):
        result = await client.get_result(RUN, place=THREAD)
    assert [(one.source_id, one.tokens_input) for one in result.responses] == [("mine", 7)]


async def test_trap_20_each_version_is_sent_the_encoding_that_it_reads(client, suna, target):
    await begin(client, {"text": "x"})
    (start,) = [one for one in suna.get("ledger")["entries"] if one["operation"] == "agent.start"]
    assert (start["status"], start["body"]["agent_id"]) == (200, "agent-123")
    # What the wrong one would get: a 422 that names no field of ours, or a 400 about a prompt that was sent.
    wrong = load(target.profile, "start-wrong-encoding")
    assert (wrong["request"]["encoding"], wrong["status"]) == {
        "2025-07": ("form", 422),
        "2025-08": ("form", 422),
        "2025-10": ("json", 400),
    }[target.profile]


@pytest.mark.parametrize("fails_at", [1, 2])
async def test_trap_21_a_run_that_failed_may_be_called_completed_and_its_error_is_found(
    client, target, fails_at
):
    run = await begin(client, {"fail": "no such model", "fails_at": fails_at, "responses": 3})
    view = await follow(client, run)
    result = await client.get_result(run.run_id, place=run.place)
    # What it said before it failed is no answer.
    assert (result.text, bool(result.partial)) == (None, fails_at > 1)
    if target.name in ("2025-07", "2025-08/b1"):
        assert (view.status, view.error) == (RunStatus.COMPLETED, None)
        assert "no such model" in (result.error or "")
    else:
        assert view.status is RunStatus.FAILED
        assert "no such model" in (view.error or "")


async def test_trap_21_an_error_that_is_written_after_the_end_is_found_by_who_comes_before_it(
    client, suna, target
):
    if target.profile != "2025-07":
        pytest.skip("the error is in the database, or the rows tell that something is missing")
    run = await begin(client, {"fail": "no such model"})
    await follow(client, run)
    # The pushes are not awaited: who comes at the end meets `completed` twice, and no error (§9.24).
    suna.fail("run.stream", kind="early_replay")
    assert "no such model" in ((await client.get_result(run.run_id, place=run.place)).error or "")
    streams = [one for one in suna.get("ledger")["entries"] if one["operation"] == "run.stream"]
    assert [one["faults"] for one in streams] == [["early_replay"], []]


class TestEndsOfStreams:
    """suna-contract §3.4, the column of b0 .. c1 as b0, b1, b2 and c0 have it."""

    async def test_normal_end(self, client):
        run = await begin(client, {"text": "x", "takes": 0.3})
        assert await watch(client, run)
        assert (await follow(client, run)).status is RunStatus.COMPLETED

    async def test_llm_error(self, client, target):
        run = await begin(client, {"fail": "no such model", "takes": 0.3})
        assert await watch(client, run)
        late = target.name in ("2025-07", "2025-08/b1")
        assert (await follow(client, run)).status is (RunStatus.COMPLETED if late else RunStatus.FAILED)

    async def test_worker_exception(self, client):
        run = await begin(client, {"crash": "KeyError: 'x'", "takes": 0.3})
        assert await watch(client, run)
        view = await follow(client, run)
        assert view.status is RunStatus.FAILED
        assert "KeyError" in (view.error or "")

    async def test_stop_by_api(self, client):
        run = await begin(client, {"hang": True})
        watching = asyncio.create_task(watch(client, run))
        await asyncio.sleep(0.1)
        await client.stop_run(run.run_id)
        assert await watching
        assert (await follow(client, run)).status is RunStatus.STOPPED

    async def test_other_control(self):
        event = b'data: {"type": "status", "status": "END_STREAM"}\n\n'
        async with (
            serve(old_suna(stream=event)) as server,
            client_to(server.url, profile="2025-07") as client,
        ):
            assert await client.watch_run(RUN, heard=lambda _: None)

    async def test_money_ran_out(self, client):
        run = await begin(client, {"stopped": "Billing limit reached", "takes": 0.3})
        assert await watch(client, run)
        view = await follow(client, run)
        assert (view.status, "Billing limit" in (view.error or "")) == (RunStatus.STOPPED, True)

    async def test_connect_to_finished_run_whose_completed_is_no_truth(self, client, target):
        run = await begin(client, {"crash": "KeyError: 'x'"})
        view = await follow(client, run)
        assert await watch(client, run)
        assert (view.status, (await client.get_run(run.run_id)).status) == (RunStatus.FAILED,) * 2
        if target.profile == "2025-07":
            result = await client.get_result(run.run_id, place=run.place)
            assert result.text is None
            assert result.error

    async def test_server_error(self):
        event = b'data: {"type": "status", "status": "error", "message": "Stream failed: gone"}\n\n'
        async with (
            serve(old_suna(stream=event)) as server,
            client_to(server.url, profile="2025-07") as client,
        ):
            # To whoever watches it is a hint like any other; to whoever reads a result it is no result.
            assert await client.watch_run(RUN, heard=lambda _: None)
            with pytest.raises(Unavailable):
                await client.get_result(RUN, place=THREAD)
