"""What tests ask of a simulator of c1, c2 or d."""

import base64
import hmac
import json
import time
from hashlib import sha256
from typing import Any

from tests.contract.simulator.recorded_native import read_events, wait_until
from tests.contract.simulator.simulator_server import Simulated

SECRET = "signed-by-the-test"


def sim(**directive: Any) -> str:
    """Return a prompt that scripts its run."""
    return f"Do it. @@sim{json.dumps(directive)}"


def start(simulated: Simulated, prompt: str | None, **fields: str) -> dict[str, Any]:
    """Start an agent and return the whole answer."""
    given = {"agent_id": "agent-123", **fields}
    if prompt is not None:
        given["prompt"] = prompt
    answer = simulated.client.post("/v1/agent/start", data=given)
    answer.raise_for_status()
    body: dict[str, Any] = answer.json()
    return body


def run_of(simulated: Simulated, started: dict[str, Any]) -> dict[str, Any]:
    """Ask for the run of a start."""
    body: dict[str, Any] = simulated.client.get(f"/v1/agent-run/{started['agent_run_id']}").json()
    return body


def wait_for(simulated: Simulated, started: dict[str, Any], **wanted: Any) -> dict[str, Any]:
    """Ask for a run until it says what is wanted."""
    answer = wait_until(
        lambda: simulated.client.get(f"/v1/agent-run/{started['agent_run_id']}"),
        lambda answer: wanted.items() <= answer.json().items(),
    )
    body: dict[str, Any] = answer.json()
    return body


def stop(simulated: Simulated, started: dict[str, Any]) -> Any:
    """Stop the run of a start."""
    return simulated.client.post(f"/v1/agent-run/{started['agent_run_id']}/stop")


def stream(simulated: Simulated, started: dict[str, Any], **asked: Any) -> list[dict[str, Any]]:
    """Read the stream of a run to its end, or to two pings."""
    return read_events(simulated.client, f"/v1/agent-run/{started['agent_run_id']}/stream", **asked)


def messages(simulated: Simulated, started: dict[str, Any], **query: str) -> list[dict[str, Any]]:
    """Read the thread of a run, whole and oldest first unless the query says otherwise."""
    answer = simulated.client.get(
        f"/v1/threads/{started['thread_id']}/messages",
        params={"order": "asc", "optimized": "false", **query},
    )
    rows: list[dict[str, Any]] = answer.json()["messages"]
    return rows


def kinds(rows: list[dict[str, Any]]) -> list[str]:
    """Return the types of rows or events."""
    return [row["type"] for row in rows]


def jwt(*, secret: str = SECRET, expires_in_s: float = 60.0, **claims: Any) -> str:
    """Return a JWT as Supabase makes it."""
    payload = {"sub": "somebody", "exp": time.time() + expires_in_s, **claims}
    parts = ".".join(_encoded(json.dumps(part).encode()) for part in ({"alg": "HS256"}, payload))
    return f"{parts}.{_encoded(hmac.digest(secret.encode(), parts.encode(), sha256))}"


def _encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")
