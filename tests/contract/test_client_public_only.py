"""People's own connections reach public addresses alone, whatever a name leads to when the call is made."""

import asyncio
import socket
from typing import Any

import pytest

from executions.actions.check_base_url import check_own_base_url
from executions.agent_service import SecretText, Unavailable
from executions.suna.client import SunaClient, open_client
from executions.suna.credential import SunaCredential
from executions.suna.detect import detect_profile
from tests.contract.raw_server import RawServer, always, json_answer, serve

RUN = {"id": "r-1", "threadId": "t-1", "status": "running", "error": None}
CREDENTIAL = SunaCredential(bearer=SecretText("a-token-0123456789"))


@pytest.fixture(params=["aiohttp", "httpx"])
def transport(request: pytest.FixtureRequest) -> Any:
    return request.param


def client_to(base_url: str, *, transport: Any, public_only: bool) -> SunaClient:
    return open_client(
        base_url=base_url,
        profile="2025-08",
        credential=CREDENTIAL,
        sends_user_keys=False,
        transport=transport,
        public_only=public_only,
        call_deadline_s=5,
    )


def port_of(server: RawServer) -> str:
    return server.url.rpartition(":")[2]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "suna.example.org"])
async def test_nothing_is_sent_to_an_address_that_is_not_public(transport, host, monkeypatch):
    real = socket.getaddrinfo

    def rebound(asked: Any, *rest: Any, **named: Any) -> Any:
        here = asked in ("suna.example.org", b"suna.example.org")
        return real("127.0.0.1" if here else asked, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", rebound)
    # When it was saved, the name led to a public address.
    check_own_base_url("https://suna.example.org", resolve=lambda _: ["93.184.215.14"])
    async with serve(always(json_answer(200, RUN))) as server:
        address = f"http://{host}:{port_of(server)}"
        pinned = client_to(address, transport=transport, public_only=True)
        free = client_to(address, transport=transport, public_only=False)
        try:
            with pytest.raises(Unavailable, match="not a public one") as caught:
                await pinned.get_run("r-1")
            assert caught.value.sent is False
            assert server.requests == []
            with pytest.raises(Unavailable):
                await asyncio.wait_for(pinned.watch_run("r-1", heard=lambda _: None), 5)
            assert server.requests == []
            assert (await free.get_run("r-1")).run_id == "r-1"
            assert server.requests[0].headers["host"] == address.removeprefix("http://")
        finally:
            await pinned.aclose()
            await free.aclose()


async def test_detection_asks_no_address_that_is_not_public(transport):
    async with serve(always(json_answer(200, {}))) as server:
        with pytest.raises(Unavailable, match="not a public one"):
            await detect_profile(
                base_url=server.url, credential=CREDENTIAL, transport=transport, public_only=True
            )
        assert server.requests == []
