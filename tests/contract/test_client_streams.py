"""Watching a run by its event stream: what counts as a hint, what is an error, and what it may cost."""

import asyncio
import time

import pytest

from executions.agent_service import (
    BadResponse,
    CredentialRefused,
    NotFound,
    RedirectRefused,
    RunRequest,
    RunStatus,
    Unavailable,
)
from executions.suna.client import SunaClient
from tests.contract.clients import REQUEST, TOKEN, client_to
from tests.contract.raw_server import Request, always, answer, json_answer, serve
from tests.contract.recordings import load, load_stream
from tests.contract.simulated_suna import SimulatedSuna, simulate

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nConnection: close\r\n\r\n"
CHUNK = b'data: {"type": "assistant", "content": "{}"}\n\n'
END = b'data: {"type": "status", "status": "completed"}\n\n'
RUN = {"id": "r-1", "threadId": "t-1", "status": "running", "error": None}
MANY = 300


async def watch(client: SunaClient, run_id: str = "r-1") -> tuple[bool, list[int]]:
    heard: list[int] = []
    async with asyncio.timeout(10):
        return await client.watch_run(run_id, heard=heard.append), heard


@pytest.mark.parametrize("version", ["2025-08", "2025-08-b2"])
@pytest.mark.parametrize("case", ["text-stream", "complete-stream", "ask-stream", "llm-error-stream"])
@pytest.mark.parametrize("late", ["", "-late"], ids=["live", "late"])
async def test_a_recorded_stream_hints_at_the_end_for_a_live_and_for_a_late_reader(version, case, late):
    run_id = load(version, f"{case.removesuffix('-stream')}-start")["body"]["agent_run_id"]
    recorded = load_stream(version, f"{case}{late}")
    async with serve(always(HEAD + recorded)) as server, client_to(server.url) as client:
        said_over, heard = await watch(client, run_id)

    assert said_over
    assert heard[0] == 0
    assert 0 < sum(heard) <= recorded.count(b"data: ")
    [request] = server.requests
    assert request.target == f"/api/agent-run/{run_id}/stream"
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert (request.headers["accept"], request.headers["accept-encoding"]) == (
        "text/event-stream",
        "identity",
    )


async def test_a_stream_that_closes_early_says_nothing_of_an_end():
    async def close_early(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + CHUNK * 2)
        writer.close()

    async with serve(close_early) as server, client_to(server.url) as client:
        assert await watch(client) == (False, [0, 2])


async def test_a_stream_that_breaks_is_unavailable():
    async def break_off(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD.replace(b"Connection: close", b"Transfer-Encoding: chunked") + b"9999\r\n" + CHUNK)
        await writer.drain()
        writer.transport.abort()

    async with serve(break_off) as server, client_to(server.url) as client:
        with pytest.raises(Unavailable):
            await watch(client)


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        (answer(404, b'{"detail":"Agent run not found"}'), NotFound),
        (answer(401, b'{"detail":"No valid authentication credentials found"}'), CredentialRefused),
        (answer(500, b"Internal Server Error", content_type="text/plain"), Unavailable),
        (answer(307, b"", headers={"Location": "http://127.0.0.1:9/elsewhere"}), RedirectRefused),
        (json_answer(200, RUN), BadResponse),
        (
            answer(200, b"", content_type="text/event-stream", headers={"Content-Encoding": "gzip"}),
            BadResponse,
        ),
    ],
    ids=["not-found", "refused", "error", "redirect", "no-stream", "compressed"],
)
async def test_what_is_no_stream_is_an_error_and_is_told_as_no_beginning(payload, error):
    heard: list[int] = []
    async with serve(always(payload)) as server, client_to(server.url) as client:
        with pytest.raises(error):
            await client.watch_run("r-1", heard=heard.append)

    assert heard == []
    assert len(server.requests) == 1


async def test_a_stream_that_does_not_begin_is_given_up_after_the_deadline_of_a_call():
    async def hang(_request: Request, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    async with serve(hang) as server, client_to(server.url, call_deadline_s=0.3) as client:
        with pytest.raises(Unavailable, match=r"no answer within 0\.3 s"):
            await watch(client)


async def test_a_stream_may_be_silent_for_longer_than_any_call_may_take():
    async def be_silent(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD)
        await writer.drain()
        await asyncio.sleep(1.0)
        writer.write(END)
        writer.close()

    options = {"call_deadline_s": 0.3, "start_deadline_s": 0.3, "prepare_deadline_s": 0.3}
    async with serve(be_silent) as server, client_to(server.url, **options) as client:
        assert await watch(client) == (True, [0, 1])


async def test_what_is_raised_while_listening_ends_the_watch_and_closes_the_stream():
    class EnoughError(Exception):
        pass

    left = asyncio.Event()

    async def go_on(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD)
        try:
            while True:
                writer.write(CHUNK)
                await writer.drain()
                await asyncio.sleep(0.01)
        finally:
            left.set()

    def refuse(events: int) -> None:
        if events:
            raise EnoughError

    async with serve(go_on) as server, client_to(server.url) as client:
        with pytest.raises(EnoughError):
            await client.watch_run("r-1", heard=refuse)
        async with asyncio.timeout(5):
            await left.wait()


async def test_streams_take_no_turn_of_the_calls():
    async def respond(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.path.endswith("/stream"):
            writer.write(HEAD)
            await writer.drain()
            await asyncio.sleep(60)
        writer.write(json_answer(200, RUN))

    async with serve(respond) as server, client_to(server.url, max_connections=1) as client:
        begun: list[int] = []
        watching = [asyncio.create_task(client.watch_run("r-1", heard=begun.append)) for _ in range(20)]
        async with asyncio.timeout(5):
            while len(begun) < 20:
                await asyncio.sleep(0.01)
            assert (await client.get_run("r-1")).run_id == "r-1"
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)


async def test_a_client_that_is_closed_ends_its_streams():
    async def be_silent(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD)
        await writer.drain()
        await asyncio.sleep(60)

    async with serve(be_silent) as server, client_to(server.url) as client:
        begun = asyncio.Event()
        watching = asyncio.create_task(client.watch_run("r-1", heard=lambda _: begun.set()))
        async with asyncio.timeout(5):
            await begun.wait()
            await client.aclose()
            with pytest.raises(Unavailable):
                await watching
            with pytest.raises(Unavailable):
                await client.watch_run("r-1", heard=lambda _: None)


@pytest.fixture(scope="module")
def suna(tmp_path_factory):
    with simulate("2025-08", "b2", folder=tmp_path_factory.mktemp("suna"), tokens=[TOKEN]) as simulated:
        yield simulated


async def start(client: SunaClient, prompt: str) -> str:
    request = RunRequest(agent_id=REQUEST.agent_id, prompt=prompt, model_name=REQUEST.model_name)
    place = await client.prepare_run(request)
    return (await client.start_run(request, place=place)).run_id


async def test_three_hundred_streams_are_open_at_once_and_all_hint_at_the_end(suna: SimulatedSuna, figure):
    """Fewer and the limit of aiohttp's own pool, a hundred, would not be seen."""
    suna.reset()
    async with client_to(suna.url) as client:
        prompt = 'Find facts. @@sim{"takes": 2}'
        runs = await asyncio.gather(*(start(client, prompt) for _ in range(MANY)))
        ended = await asyncio.gather(*(watch(client, run_id) for run_id in runs))
        said_at = time.time()
        rows = suna.get("runs")["runs"]

    assert all(said_over for said_over, _ in ended)
    assert len(rows) == MANY
    figure("follow_300_streams_last_hint_ms", (said_at - max(row["ended_t"] for row in rows)) * 1000)


async def test_three_hundred_open_streams_are_closed_at_once(suna: SimulatedSuna, figure):
    suna.reset()
    async with client_to(suna.url) as client:
        runs = await asyncio.gather(*(start(client, 'Find. @@sim{"takes": 60}') for _ in range(MANY)))
        begun: list[int] = []
        watching = [asyncio.create_task(client.watch_run(run_id, heard=begun.append)) for run_id in runs]
        async with asyncio.timeout(20):
            while begun.count(0) < MANY:
                await asyncio.sleep(0.05)
        began = time.monotonic()
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
        took_s = time.monotonic() - began

    # Nobody waits for an answer, which would come after a minute; how fast it is, the figure says.
    assert took_s < 20
    figure("follow_300_streams_closed_ms", took_s * 1000)


@pytest.mark.parametrize("how", ["break", "close", "lie"])
async def test_a_simulated_stream_that_is_cut_leaves_the_run_as_it_is(suna: SimulatedSuna, how):
    suna.reset()
    suna.fail("run.stream", kind="cut_stream", events=1, how=how)
    async with client_to(suna.url) as client:
        run_id = await start(client, 'Find facts. @@sim{"takes": 30}')
        if how == "break":
            with pytest.raises(Unavailable):
                await watch(client, run_id)
        else:
            assert (await watch(client, run_id))[0] is (how == "lie")

        assert (await client.get_run(run_id)).status is RunStatus.RUNNING
        await client.stop_run(run_id)
        # Whoever comes after the end is told of one, of whatever kind it was.
        assert (await watch(client, run_id))[0]


async def test_a_stop_is_told_on_the_stream(suna: SimulatedSuna):
    suna.reset()
    async with client_to(suna.url) as client:
        run_id = await start(client, 'Find facts. @@sim{"takes": 30}')
        begun = asyncio.Event()
        watching = asyncio.create_task(client.watch_run(run_id, heard=lambda _: begun.set()))
        async with asyncio.timeout(10):
            await begun.wait()
            await client.stop_run(run_id)
            assert await watching


async def test_active_runs_are_listed_while_they_run(suna: SimulatedSuna):
    suna.reset()
    async with client_to(suna.url, learned={"lists_active_runs": True}) as client:
        assert client.hints.by_list
        running = await start(client, 'Find facts. @@sim{"takes": 30}')
        stopped = await start(client, 'Find facts. @@sim{"takes": 30}')
        assert await client.list_active_runs() == {running, stopped}
        await client.stop_run(stopped)

        assert await client.list_active_runs() == {running}
        await client.stop_run(running)


@pytest.mark.parametrize(
    "body",
    [{}, {"active_runs": None}, {"active_runs": ["r-1"]}, {"active_runs": [{"id": 5}]}, []],
    ids=["missing", "null", "no-objects", "no-ids", "no-object"],
)
async def test_a_list_of_active_runs_that_is_none_is_a_bad_answer(body):
    async with serve(always(json_answer(200, body))) as server, client_to(server.url) as client:
        with pytest.raises(BadResponse):
            await client.list_active_runs()


async def test_the_list_of_active_runs_is_recorded_as_it_is_read():
    recorded = load("2025-08-b2", "slow-active")
    async with serve(always(json_answer(200, recorded["body"]))) as server, client_to(server.url) as client:
        found = await client.list_active_runs()

    assert found == {row["id"] for row in recorded["body"]["active_runs"]}
    assert server.requests[0].target == recorded["request"]["path"]
