"""Clients for tests: with short deadlines, closed at the end."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from executions.agent_service import RunRequest, SecretText
from executions.suna.client import SunaClient, open_client
from executions.suna.credential import SunaCredential

TOKEN = "token-of-the-connection"
REQUEST = RunRequest(agent_id="agent-123", prompt="Find facts.", model_name="gpt-4o-mini")


def bearer(token: str = TOKEN) -> SunaCredential:
    return SunaCredential(bearer=SecretText(token))


@contextlib.asynccontextmanager
async def client_to(url: str, **options: Any) -> AsyncIterator[SunaClient]:
    settings: dict[str, Any] = {
        "profile": "2025-08",
        "credential": bearer(),
        "sends_user_keys": False,
        "call_deadline_s": 5.0,
        "start_deadline_s": 5.0,
        "prepare_deadline_s": 5.0,
        **options,
    }
    client = open_client(base_url=url, **settings)
    try:
        yield client
    finally:
        await client.aclose()
