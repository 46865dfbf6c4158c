"""Secrets: what is sent where, and that no error, no log line and no repr ever holds one."""

import asyncio
import logging
import traceback

import pytest

from executions.agent_service import (
    AgentServiceError,
    CredentialRefused,
    Rejected,
    RunRequest,
    SecretText,
    Unavailable,
)
from executions.suna.client import open_client
from executions.suna.credential import SunaCredential
from tests.contract.clients import TOKEN, client_to
from tests.contract.raw_server import Request, always, answer, json_answer, serve

KEY = "sk-CANARY-4b1d9a77"


@pytest.fixture(params=["aiohttp", "httpx"])
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"openai": "sk-CANARY\n"}, "CANARY"),
        ({"openai": "sk-CANARY value"}, "CANARY"),
        ({"openai": "sk-CANARY-\x00-end"}, "CANARY"),
        ({"openai": "sk-CANARY-ção"}, "CANARY"),
        ({"openai": "short"}, "short"),
        ({"openai": "sk-CANARY" * 600}, "CANARY"),
        ({f"s{number}": "sk-CANARY" * 300 for number in range(4)}, "CANARY"),
        ({"x\r\nX-Evil: 1": KEY}, "Evil"),
        ({"": KEY}, "CANARY"),
        ({"A_B": KEY}, "A_B"),
    ],
)
async def test_a_key_that_cannot_be_sent_is_refused_without_being_named(transport, keys, said):
    request = RunRequest(
        agent_id="a", prompt="p", user_keys={name: SecretText(value) for name, value in keys.items()}
    )
    async with (
        serve(always(json_answer(200, {"agent_run_id": "r-1"}))) as server,
        client_to(server.url, transport=transport, profile="seed", sends_user_keys=True) as client,
    ):
        with pytest.raises(Rejected) as caught:
            await client.start_run(request, place="t-1")
        assert said not in str(caught.value)
        assert "CANARY" not in whole_traceback(caught.value)
        assert server.requests == []


@pytest.mark.parametrize("secret", ["tok\nen", "töken", "with blank", "", "x" * 9000])
def test_a_credential_that_no_header_can_carry_is_refused_without_being_named(secret):
    for credential in (
        SunaCredential(bearer=SecretText(secret)),
        SunaCredential(api_key=SecretText(secret)),
    ):
        with pytest.raises(CredentialRefused) as caught:
            open_client(
                base_url="http://127.0.0.1:1", profile="seed", credential=credential, sends_user_keys=False
            )
        assert not secret or secret not in str(caught.value)


async def test_user_keys_travel_with_the_start_only_and_only_where_the_connection_sends_them(transport):
    request = RunRequest(agent_id="a", prompt="p", user_keys={"openai": SecretText(KEY)})

    async def respond(asked: Request, writer: asyncio.StreamWriter) -> None:
        place = {"thread_id": "t-1", "project_id": "p-1"}
        writer.write(json_answer(200, place if asked.path == "/api/threads" else {"agent_run_id": "r-1"}))

    for sends in (True, False):
        async with (
            serve(respond) as server,
            client_to(server.url, transport=transport, profile="seed", sends_user_keys=sends) as client,
        ):
            place = await client.prepare_run(request)
            await client.start_run(request, place=place)
            made, started = server.requests
            assert "x-api-key-openai" not in made.headers
            assert started.headers.get("x-api-key-openai") == (KEY if sends else None)
            assert started.headers["authorization"] == f"Bearer {TOKEN}"
            assert KEY.encode() not in made.body + started.body


async def test_user_keys_are_not_sent_over_plain_http_to_a_host_that_is_not_listed(transport):
    request = RunRequest(agent_id="a", prompt="p", user_keys={"openai": SecretText(KEY)})
    async with client_to(
        "http://suna.invalid", transport=transport, profile="seed", sends_user_keys=True
    ) as client:
        with pytest.raises(Rejected):
            await client.start_run(request, place="t-1")
    async with client_to(
        "http://suna.invalid",
        transport=transport,
        profile="seed",
        sends_user_keys=True,
        allowed_plain_hosts=["suna.invalid"],
    ) as client:
        with pytest.raises(Unavailable):
            await client.start_run(request, place="t-1")


@pytest.mark.parametrize(
    "respond",
    [
        always(json_answer(422, {"detail": f"key {KEY} and {TOKEN} refused"})),
        always(json_answer(500, {"detail": f"{'x' * 480} {KEY}"})),
        always(answer(500, KEY.encode(), content_type="text/plain")),
        always(answer(200, KEY.encode(), content_type="text/html")),
        always(answer(307, b"", headers={"Location": f"http://127.0.0.1:1/?key={KEY}"})),
        always(b"HTTP/1.1 2" + KEY.encode()),
        always(b"HTTP/1.1 200 OK\r\n" + KEY.encode() + b"\r\n\r\n"),
    ],
)
async def test_no_error_and_no_log_line_ever_holds_a_secret(transport, respond, caplog):
    caplog.set_level(logging.DEBUG)
    request = RunRequest(agent_id="a", prompt="p", user_keys={"openai": SecretText(KEY)})
    async with (
        serve(respond) as server,
        client_to(
            server.url, transport=transport, profile="seed", sends_user_keys=True, start_deadline_s=1.0
        ) as client,
    ):
        with pytest.raises(AgentServiceError) as caught:
            await client.start_run(request, place="t-1")
        assert server.requests[0].headers["x-api-key-openai"] == KEY
    for text in (whole_traceback(caught.value), str(caught.value), repr(caught.value), caplog.text):
        assert KEY not in text
        assert KEY[:12] not in text
        assert TOKEN not in text


def whole_traceback(error: BaseException) -> str:
    """Return what an error tracker would store: every frame of the error and its causes, with locals.

    Frames of the test itself are left out: it made the secret.
    """
    report = traceback.TracebackException.from_exception(error, capture_locals=True)
    lines: list[str] = []
    pending: list[traceback.TracebackException | None] = [report]
    while pending:
        part = pending.pop()
        if part is None:
            continue
        lines.append("".join(part.format_exception_only()))
        lines += [repr(frame.locals) for frame in part.stack if "/tests/" not in frame.filename]
        pending += [part.__cause__, part.__context__]
    return "\n".join(lines)
