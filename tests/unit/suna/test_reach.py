"""Which of a host's addresses is tried when nobody answered, and that each is judged before any is."""

import asyncio
import socket
from typing import Any

import pytest

from executions.suna.reach import find_reach_fault
from tests.contract.raw_server import always, json_answer, serve

NOWHERE = "127.0.0.2"
"""Nothing listens there: on Linux the whole of 127/8 is this machine."""


def resolves_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    def resolve(_host: Any, port: Any, *_rest: Any, **_named: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


async def test_a_later_address_that_can_be_connected_to_is_found(monkeypatch):
    async with serve(always(json_answer(200, {}))) as server:
        port = server.url.rpartition(":")[2]
        resolves_to(monkeypatch, NOWHERE, "127.0.0.1")
        found = await find_reach_fault(f"http://suna.example.org:{port}", public_only=False, patience_s=5)

        assert found.code == "no_answer"
        assert server.connections == 1


async def test_of_several_that_fail_the_first_ones_fault_is_told(monkeypatch):
    async with serve(always(json_answer(200, {}))) as server:
        port = server.url.rpartition(":")[2]
        resolves_to(monkeypatch, NOWHERE, "127.0.0.1")
        found = await find_reach_fault(f"https://suna.example.org:{port}", public_only=False, patience_s=5)

    assert found.code == "connection_refused"


@pytest.mark.parametrize("private", ["127.0.0.1", "10.0.0.1", "169.254.169.254"])
async def test_one_address_that_is_not_public_is_enough_and_none_is_connected_to(monkeypatch, private):
    connected = []

    async def connect(*given: Any, **_named: Any) -> Any:
        connected.append(given)
        raise OSError

    monkeypatch.setattr(asyncio, "open_connection", connect)
    resolves_to(monkeypatch, "93.184.215.14", private)

    found = await find_reach_fault("https://suna.example.org", public_only=True, patience_s=5)

    assert (found.code, connected) == ("not_public", [])
