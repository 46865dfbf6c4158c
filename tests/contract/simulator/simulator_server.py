"""Runs simulators for tests: in a thread of the test's process, spoken to over real HTTP."""

import base64
import contextlib
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from executions.suna.simulator.options import Options
from executions.suna.simulator.server import SimulatorServer, build_config, open_socket
from executions.suna.simulator.settings import SimulatorSettings


@dataclass(frozen=True, slots=True)
class Simulated:
    """A running simulator and a client that may ask it."""

    url: str
    client: httpx.Client

    def thread(self, prompt: str | None = None) -> str:
        """Make a thread, with a prompt on it where one is given."""
        thread_id: str = self.client.post("/api/threads", data={"name": "test"}).json()["thread_id"]
        if prompt is not None:
            answer = self.client.post(
                f"/api/threads/{thread_id}/messages",
                json={"type": "user", "content": prompt, "is_llm_message": True},
            )
            answer.raise_for_status()
        return thread_id

    def start(self, thread_id: str, **fields: Any) -> httpx.Response:
        """Start an agent on a thread."""
        return self.client.post(
            f"/api/thread/{thread_id}/agent/start", json={"agent_id": "agent-123", **fields}
        )

    def run(self, prompt: str, **fields: Any) -> tuple[str, str]:
        """Start an agent on a new thread; its thread id and its run id."""
        thread_id = self.thread(prompt)
        return thread_id, self.start(thread_id, **fields).raise_for_status().json()["agent_run_id"]

    def status(self, run_id: str) -> dict[str, Any]:
        """Ask for a run."""
        run: dict[str, Any] = self.client.get(f"/api/agent-run/{run_id}").json()
        return run

    def wait_for(self, run_id: str, status: str) -> dict[str, Any]:
        """Wait until a run is in a status."""
        give_up_at = time.monotonic() + 30
        while (run := self.status(run_id))["status"] != status:
            assert time.monotonic() < give_up_at, f"still {run}"
            time.sleep(0.02)
        return run

    def set_options(self, **options: Any) -> None:
        """Change options of the running simulator, until the next reset."""
        self.client.patch("/_simulator/options", json=options).raise_for_status()

    def messages(self, thread_id: str, kind: str | None = None) -> list[dict[str, Any]]:
        """Read the messages of a thread, oldest first."""
        rows = self.client.get(f"/api/threads/{thread_id}/messages?order=asc").json()["messages"]
        return [row for row in rows if kind is None or row["type"] == kind]

    def fault(self, *, operation: str, rule: dict[str, Any] | None = None, **effect: Any) -> None:
        """Put one fault rule in force."""
        self.client.post(
            "/_simulator/faults", json={"operation": operation, "do": effect, **(rule or {})}
        ).raise_for_status()

    def ledger(self, operation: str | None = None) -> list[dict[str, Any]]:
        """Read the ledger."""
        entries = self.client.get("/_simulator/ledger").json()["entries"]
        return [entry for entry in entries if operation is None or entry["operation"] == operation]


def jwt(**claims: Any) -> str:
    """Return a JWT with these claims and a signature that nobody made."""
    parts = [json.dumps(part).encode() for part in ({"alg": "HS256", "typ": "JWT"}, claims)]
    encoded = [base64.urlsafe_b64encode(part).decode().rstrip("=") for part in [*parts, b"no signature"]]
    return ".".join(encoded)


@contextlib.contextmanager
def running_simulator(**settings: Any) -> Iterator[Simulated]:
    """Run a simulator; runs take no time unless told otherwise."""
    listener = open_socket("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    ready = threading.Event()
    options = Options(**{name: settings.pop(name) for name in Options.__struct_fields__ if name in settings})
    settings = {"run_seconds": 0.0, "options": options, **settings}
    server = SimulatorServer(build_config(SimulatorSettings(**settings)), on_ready=ready.set)
    # The handlers of signals belong to the main thread.
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    assert ready.wait(30)
    token = (settings.get("tokens") or ("test-token",))[0]
    headers = {"Authorization": f"Bearer {token}"}
    # No connection is kept: after a plain 500 the simulator closes it without a word, as Suna does.
    limits = httpx.Limits(max_keepalive_connections=0)
    with httpx.Client(base_url=url, headers=headers, timeout=30, limits=limits) as client:
        yield Simulated(url, client)
    server.should_exit = True
    thread.join(30)
    listener.close()
    assert not thread.is_alive()
