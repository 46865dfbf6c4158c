"""No call follows a service elsewhere: neither a key nor a credential goes along."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from executions.agent_service import RedirectRefused, RunRequest, SecretText
from executions.suna.client import SunaClient, open_client
from executions.suna.credential import SunaCredential
from executions.suna.detect import detect_profile
from tests.contract.raw_server import always, answer, json_answer, serve

KEY = SecretText("sk-CANARY-redirect-0123")
CREDENTIAL = SunaCredential(bearer=SecretText("bearer-canary-0123456789"))
REQUEST = RunRequest(agent_id="agent-1", prompt="Go.", user_keys={"openai": KEY})
CALLS: dict[str, Callable[[SunaClient], Awaitable[object]]] = {
    "prepare": lambda client: client.prepare_run(REQUEST),
    "start": lambda client: client.start_run(REQUEST, place="t-1"),
    "get": lambda client: client.get_run("r-1"),
    "list": lambda client: client.list_runs("t-1"),
    "result": lambda client: client.get_result("r-1", place="t-1"),
    "stop": lambda client: client.stop_run("r-1"),
    "agents": lambda client: client.list_agents(),
    "agent": lambda client: client.get_agent("agent-1"),
    "detect": lambda client: detect_profile(
        base_url=client._connection._base_url, credential=CREDENTIAL, transport=client._connection._transport
    ),
}


@pytest.mark.parametrize("transport", ["aiohttp", "httpx"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_call_follows_a_redirect(status: int, transport: Any) -> None:
    async with serve(always(json_answer(200, {}))) as elsewhere:
        away = answer(status, b"", headers={"Location": f"{elsewhere.url}/trap"})
        async with serve(always(away)) as server:
            client = open_client(
                base_url=server.url,
                profile="seed",
                credential=CREDENTIAL,
                sends_user_keys=True,
                transport=transport,
            )
            for name, call in CALLS.items():
                before = len(server.requests)
                with pytest.raises(RedirectRefused):
                    await asyncio.wait_for(call(client), 10)
                assert len(server.requests) == before + 1, name
                carries = "x-api-key-openai" in server.requests[-1].headers
                assert carries is (name == "start"), name
            await client.aclose()
        assert elsewhere.requests == []
