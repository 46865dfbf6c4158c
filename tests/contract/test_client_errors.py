"""Which of the port's errors each answer becomes: by status and error code, over real HTTP."""

import asyncio
from typing import Any

import pytest

from executions.agent_service import (
    MAX_ID_CHARS,
    BadResponse,
    ContractChanged,
    CredentialRefused,
    Denied,
    NotFound,
    PaymentRequired,
    RedirectRefused,
    Rejected,
    ResponseTooLarge,
    StartUncertain,
    Throttled,
    Unavailable,
)
from executions.models import AgentRun
from tests.contract.clients import REQUEST, client_to
from tests.contract.raw_server import Request, always, answer, json_answer, serve

TOO_MANY = {"message": "Maximum of 3", "running_thread_ids": ["a", "b", "c"], "running_count": 3, "limit": 3}
DATE = "Sun, 22 Nov 2026 12:00:00 GMT"


def detail(value: object) -> dict[str, object]:
    return {"detail": value}


def wrapped_402(code: str) -> str:
    """Return a refusal as c1, c2 and d wrap it into the text of a 500."""
    return f"Failed to create thread: 402: {{'message': 'Thread limit', 'limit': 10, 'error_code': '{code}'}}"


@pytest.mark.parametrize(
    ("status", "body", "on_start", "on_read"),
    [
        (400, detail("no"), Rejected, Rejected),
        (401, detail("Invalid token"), CredentialRefused, CredentialRefused),
        (402, detail({"message": "no money"}), PaymentRequired, PaymentRequired),
        (402, detail("no money"), PaymentRequired, PaymentRequired),
        (402, detail({"error_code": "INSUFFICIENT_CREDITS"}), PaymentRequired, PaymentRequired),
        (402, detail({"error_code": "AGENT_RUN_LIMIT_EXCEEDED"}), Throttled, Throttled),
        (402, detail({"error_code": "MODEL_ACCESS_DENIED"}), Denied, Denied),
        (402, detail({"error_code": "PROJECT_LIMIT_EXCEEDED"}), Denied, Denied),
        (402, detail({"error_code": ["odd"]}), Denied, Denied),
        (403, detail({"message": "no", "allowed_models": []}), Denied, Denied),
        (404, detail("Thread not found"), NotFound, NotFound),
        (404, detail("Not Found"), ContractChanged, ContractChanged),
        (405, detail("Method Not Allowed"), ContractChanged, ContractChanged),
        (408, {"error": "Request timeout"}, StartUncertain, Unavailable),
        (418, detail("teapot"), Rejected, Rejected),
        (422, detail([{"loc": ["body", "x"], "msg": "bad", "input": "secret"}]), Rejected, Rejected),
        (422, detail([None, {"loc": 3}]), Rejected, Rejected),
        (429, detail(TOO_MANY), Throttled, Throttled),
        (500, detail("Failed to initialize sandbox"), StartUncertain, Unavailable),
        (500, detail(wrapped_402("THREAD_LIMIT_EXCEEDED")), StartUncertain, Denied),
        (500, detail(wrapped_402("INSUFFICIENT_CREDITS")), StartUncertain, PaymentRequired),
        (500, detail(wrapped_402("AGENT_RUN_LIMIT_EXCEEDED")), StartUncertain, Throttled),
        (502, detail("x"), StartUncertain, Unavailable),
        (503, detail("x"), StartUncertain, Unavailable),
        (504, detail("x"), StartUncertain, Unavailable),
        (300, detail("x"), RedirectRefused, RedirectRefused),
    ],
)
async def test_each_status_becomes_the_error_that_says_who_can_act(status, body, on_start, on_read):
    async with serve(always(json_answer(status, body))) as server, client_to(server.url) as client:
        with pytest.raises(on_start) as started:
            await client.start_run(REQUEST, place="t-1")
        with pytest.raises(on_read) as read:
            await client.get_run("r-1")
    assert type(started.value) is on_start
    assert started.value.status_code == read.value.status_code == status
    assert "secret" not in started.value.detail


@pytest.mark.parametrize("text", ["<html>", '{"detail": ', "[1, 2]", '"text"', ""])
async def test_the_status_decides_where_the_body_makes_no_sense(text):
    async with serve(always(answer(429, text.encode()))) as server, client_to(server.url) as client:
        with pytest.raises(Throttled) as caught:
            await client.start_run(REQUEST, place="t-1")
    assert (caught.value.limit, caught.value.running, caught.value.retry_after_s) == (None, None, None)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "1.5"}, 1.5),
        ({"Retry-After": "Sun, 22 Nov 2026 12:02:00 GMT", "Date": DATE}, 120.0),
        ({"Retry-After": "Sun, 22 Nov 2026 11:00:00 GMT", "Date": DATE}, 0.0),
        ({"Retry-After": "Sun, 22 Nov 2026 12:02:00 GMT"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "soon", "Date": DATE}, None),
        ({"Retry-After": "9" * 400}, None),
    ],
)
async def test_the_wait_that_a_service_asks_for_is_read_from_seconds_and_from_dates(headers, seconds):
    payload = json_answer(429, detail(TOO_MANY), headers=headers)
    async with serve(always(payload)) as server, client_to(server.url) as client:
        with pytest.raises(Throttled) as caught:
            await client.start_run(REQUEST, place="t-1")
    assert caught.value.retry_after_s == seconds
    assert (caught.value.limit, caught.value.running) == (3, 3)


@pytest.mark.parametrize("odd", [True, -1, 2.5, "3", None, 10**12])
async def test_a_limit_that_is_no_count_is_not_known(odd):
    payload = json_answer(429, detail({"limit": odd, "running_count": odd}))
    async with serve(always(payload)) as server, client_to(server.url) as client:
        with pytest.raises(Throttled) as caught:
            await client.start_run(REQUEST, place="t-1")
    assert (caught.value.limit, caught.value.running) == (None, None)


@pytest.mark.parametrize(
    ("runs_status", "runs_body", "expected"),
    [
        (200, {"agent_runs": []}, Rejected),
        (404, detail("Thread not found"), NotFound),
        (500, detail("down"), NotFound),
    ],
)
async def test_a_404_at_a_start_is_the_agents_where_the_thread_is_there(runs_status, runs_body, expected):
    async def respond(request: Request, writer: asyncio.StreamWriter) -> None:
        is_start = request.path.endswith("/agent/start")
        payload = json_answer(404, detail("?")) if is_start else json_answer(runs_status, runs_body)
        writer.write(payload)

    async with serve(respond) as server, client_to(server.url) as client:
        with pytest.raises(expected):
            await client.start_run(REQUEST, place="t-1")


PAGE = b"<html><body>404 Not Found</body></html>"


@pytest.mark.parametrize("status", [404, 405])
@pytest.mark.parametrize(
    ("body", "kind"),
    [(PAGE, "text/html"), (b"", ""), (b'{"message":"no Route matched"}', "application/json")],
)
async def test_what_stands_before_a_suna_that_is_away_is_no_other_version(status, body, kind):
    foreign = always(answer(status, body, content_type=kind))
    async with serve(foreign) as server, client_to(server.url) as client:
        with pytest.raises(Unavailable) as read:
            await client.get_run("r-1")
        # A proxy may have passed the start on before it lost Suna.
        with pytest.raises(StartUncertain):
            await client.start_run(REQUEST, place="t-1")
    assert type(read.value) is Unavailable


@pytest.mark.parametrize("text", ["down", "Access denied to the database", "it was not found here"])
async def test_a_500_for_an_agent_is_not_found_only_where_suna_words_it_so(text):
    async with serve(always(json_answer(500, detail(text)))) as server, client_to(server.url) as client:
        with pytest.raises(Unavailable):
            await client.get_agent("a-1")


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"",
        b"null",
        b"[]",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"id": "r-1"}',
        b'{"id": "r-1", "status": null}',
        b'{"id": "r-1", "status": ["running"]}',
        b'{"id": "r-2", "status": "running"}',
        b'{"id": 7, "status": "running"}',
        b'{"id": "r-1", "status": "running", "threadId": 7}',
        b'{"id": "r-1", "n": ' + b"9" * 5000 + b"}",
    ],
)
async def test_an_answer_that_is_not_the_contract_is_a_bad_response(body):
    async with serve(always(answer(200, body))) as server, client_to(server.url) as client:
        with pytest.raises(BadResponse):
            await client.get_run("r-1")


@pytest.mark.parametrize(
    "row", [{"id": "r-1", "thread_id": "other", "status": "running"}, {"id": "r-1"}, "r-1", None]
)
async def test_a_list_of_runs_that_are_not_this_threads_is_a_bad_response(row):
    async with (
        serve(always(json_answer(200, {"agent_runs": [row]}))) as server,
        client_to(server.url) as client,
    ):
        with pytest.raises(BadResponse):
            await client.list_runs("t-1")


LONG = "x" * (MAX_ID_CHARS + 1)


async def test_an_id_that_no_column_could_keep_is_a_bad_response_wherever_it_stands():
    answers = {
        "/api/threads": {"thread_id": LONG},
        "/api/thread/t-1/agent-runs": {"agent_runs": [{"id": LONG, "thread_id": "t-1", "status": "running"}]},
        "/api/agent-run/r-1": {"id": "r-1", "threadId": LONG, "status": "running"},
    }

    async def respond(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(json_answer(200, answers[request.path]))

    async with serve(respond) as server, client_to(server.url) as client:
        for call in (client.prepare_run(REQUEST), client.list_runs("t-1"), client.get_run("r-1")):
            with pytest.raises(BadResponse):
                await call
        assert len(server.requests) == 3


async def test_an_id_as_long_as_its_column_is_taken():
    longest = "x" * MAX_ID_CHARS
    run = {"id": longest, "threadId": longest, "status": "running"}
    async with serve(always(json_answer(200, run))) as server, client_to(server.url) as client:
        view = await client.get_run(longest)
    assert (view.run_id, view.place) == (longest, longest)
    for name in ("thread_id", "suna_run_id"):
        assert AgentRun._meta.get_field(name).max_length == MAX_ID_CHARS


async def test_an_agent_whose_id_is_too_long_to_be_used_takes_no_catalogue_away():
    page = {"agents": [{"agent_id": LONG}, {"agent_id": "agent-1"}], "pagination": {"page": 1, "pages": 1}}
    async with serve(always(json_answer(200, page))) as server, client_to(server.url) as client:
        assert [agent.agent_id for agent in await client.list_agents()] == [LONG, "agent-1"]


async def test_a_catalogue_without_an_end_is_refused():
    page: dict[str, Any] = {"agents": [{"agent_id": "a"}], "pagination": {"page": 1, "pages": 10**9}}
    async with serve(always(json_answer(200, page))) as server, client_to(server.url) as client:
        with pytest.raises(ResponseTooLarge):
            await client.list_agents()
        assert len(server.requests) == 100


async def test_a_start_without_a_place_and_texts_without_utf8_are_rejected_before_anything_is_sent():
    half = type(REQUEST)(agent_id="a", prompt="half \ud800")
    async with serve(always(json_answer(200, {}))) as server:
        for profile in ("seed", "2025-08"):
            async with client_to(server.url, profile=profile) as client:
                for call in (
                    client.start_run(REQUEST, place=None),
                    client.prepare_run(half),
                    client.start_run(half, place="t-1"),
                ):
                    with pytest.raises(Rejected):
                        await call
        assert server.requests == []
