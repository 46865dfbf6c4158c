"""Our own queue in front of Suna: waiting in it is no failure of Suna's, and starts and stops go first."""

import asyncio
import contextlib
import time

import pytest

from executions.agent_service import Unavailable
from tests.contract.clients import REQUEST, client_to
from tests.contract.raw_server import Request, json_answer, serve

RUN = {"id": "r-1", "threadId": "t-1", "status": "running", "error": None}
STARTED = {"agent_run_id": "r-1", "status": "running"}


async def answer_slowly(request: Request, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(0.3)
    writer.write(json_answer(200, STARTED if request.method == "POST" else RUN))


async def hang_on_reads(request: Request, writer: asyncio.StreamWriter) -> None:
    if request.method == "GET":
        await asyncio.sleep(60)
    writer.write(json_answer(200, STARTED))


async def until(server_requests: list[Request], count: int) -> None:
    while len(server_requests) < count:
        await asyncio.sleep(0.01)


async def test_calls_that_wait_for_their_turn_longer_than_a_deadline_are_answered_all_the_same():
    async with (
        serve(answer_slowly) as server,
        client_to(server.url, max_connections=8, call_deadline_s=1.0) as client,
    ):
        began = time.monotonic()
        views = await asyncio.gather(*(client.get_run("r-1") for _ in range(40)))

        assert [view.run_id for view in views] == ["r-1"] * 40
        # Six may be asked for at once, so that the last ones waited for longer than their deadline.
        assert time.monotonic() - began > 1.5
        assert server.connections <= 8


async def test_a_deadline_counts_from_the_turn_when_the_service_hangs():
    async with (
        serve(hang_on_reads) as server,
        client_to(server.url, max_connections=1, call_deadline_s=0.3) as client,
    ):
        began = time.monotonic()
        answers = await asyncio.gather(*(client.get_run("r-1") for _ in range(3)), return_exceptions=True)

        assert [type(answer) for answer in answers] == [Unavailable] * 3
        assert time.monotonic() - began > 0.85
        assert len(server.requests) == 3


async def test_a_start_and_a_stop_are_answered_while_a_service_that_hangs_holds_every_question():
    async with (
        serve(hang_on_reads) as server,
        client_to(server.url, max_connections=4, call_deadline_s=30) as client,
    ):
        questions = [asyncio.create_task(client.get_run("r-1")) for _ in range(20)]
        await until(server.requests, 3)

        async with asyncio.timeout(20):
            assert (await client.start_run(REQUEST, place="t-1")).run_id == "r-1"
            await client.stop_run("r-1")

        assert sum(request.method == "GET" for request in server.requests) == 3
        for question in questions:
            question.cancel()
        await asyncio.gather(*questions, return_exceptions=True)


async def test_a_start_goes_before_the_questions_that_came_earlier_when_there_is_one_turn_only():
    async with serve(answer_slowly) as server, client_to(server.url, max_connections=1) as client:
        questions = [asyncio.create_task(client.get_run("r-1")) for _ in range(4)]
        await until(server.requests, 1)

        await client.start_run(REQUEST, place="t-1")

        assert [request.method for request in server.requests] == ["GET", "POST"]
        await asyncio.gather(*questions)


async def test_a_start_is_over_within_its_deadline_though_it_waited_for_its_turn():
    """The grace of a start in doubt counts from before the wait: one that is sent later would be a second."""

    async def hang(_request: Request, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    async with (
        serve(hang) as server,
        client_to(server.url, max_connections=1, call_deadline_s=0.6, start_deadline_s=2.0) as client,
    ):
        question = asyncio.create_task(client.get_run("r-1"))
        await until(server.requests, 1)
        began = time.monotonic()

        with pytest.raises(Exception, match="no whole answer"):
            await client.start_run(REQUEST, place="t-1")

        # With a deadline that began with its turn it would be 2.6 s.
        assert 1.8 < time.monotonic() - began < 2.5
        assert [request.method for request in server.requests] == ["GET", "POST"]
        with contextlib.suppress(Unavailable):
            await question


async def test_whoever_is_cancelled_while_waiting_takes_no_turn_from_the_others():
    async with serve(answer_slowly) as server, client_to(server.url, max_connections=1) as client:
        first = asyncio.create_task(client.get_run("r-1"))
        await until(server.requests, 1)
        given_up = [asyncio.create_task(client.get_run("r-1")) for _ in range(5)]
        await asyncio.sleep(0)
        for task in given_up:
            task.cancel()
        last = asyncio.create_task(client.get_run("r-1"))

        await asyncio.gather(first, last)

        assert all(isinstance(one, asyncio.CancelledError) for one in await _ends(given_up))
        assert len(server.requests) == 2


async def test_whoever_waits_for_a_turn_when_the_client_is_closed_was_surely_not_sent():
    async with (
        serve(hang_on_reads) as server,
        client_to(server.url, max_connections=1, call_deadline_s=30) as client,
    ):
        calls = [asyncio.create_task(client.get_run("r-1")) for _ in range(3)]
        await until(server.requests, 1)

        await client.aclose()
        async with asyncio.timeout(5):
            first, *others = await _ends(calls)

        assert isinstance(first, Unavailable)
        assert [isinstance(one, Unavailable) and one.sent for one in others] == [False, False]
        assert len(server.requests) == 1


async def _ends(tasks: "list[asyncio.Task[object]]") -> list[object]:
    return list(await asyncio.gather(*tasks, return_exceptions=True))
