"""The recordings of c1, c2 and d, and how each is played again on the simulator.

Streams of these versions need not end, so a reader here leaves after two pings.
"""

import json
import time
from collections.abc import Callable
from typing import Any

import httpx

from executions.suna.simulator.times import Times
from tests.contract.simulator.recorded_versions import CASES, MODEL, Version, play_the_rest
from tests.contract.simulator.simulator_server import Simulated

TIMES = Times(ping_s=0.3, flush_s=0.4, wait_for_run_s=0.1)
PATIENCE_S = 15
# More pings than any run here lives: a stream that ends by itself is read up to its end.
ALL_PINGS = 1000
PING = {"type": "ping"}

NATIVE_VERSIONS = (
    Version(
        name="c1",
        folder="2025-12",
        profile="2025-12",
        variant="c1",
        start="form",
        prefix="/v1",
        late=frozenset(["ask-run-early", "ask-stream", "llm-error-run-early", "llm-error-stream"]),
    ),
    Version(
        name="c2",
        folder="2025-12-c2",
        profile="2025-12",
        variant="c2",
        start="form",
        prefix="/v1",
        late=frozenset(["text-run-early", "text-stream", "llm-error-run-early", "llm-error-stream"]),
    ),
    Version(
        name="d",
        folder="2026-01",
        profile="2026-01",
        variant="d",
        start="form",
        prefix="/v1",
        late=frozenset(["ask-stream", "llm-error-run-early", "text-run-early"]),
    ),
)


def play_native(simulated: Simulated, version: Version) -> dict[str, Any]:
    """Play all recordings of a version: answers by the names of their files, of streams the events."""
    played: dict[str, Any] = dict(play_the_rest(simulated, version))
    agent_id = played["agent-create"].json()["agent_id"]
    for case in CASES:
        played |= {
            f"{case}-{name}": answer for name, answer in _play(simulated, version, case, agent_id).items()
        }
    return played


def _play(simulated: Simulated, version: Version, case: str, agent_id: str) -> dict[str, Any]:
    client = simulated.client
    prompt = f"Do it. @@sim{json.dumps({'takes': 1.2, **CASES[case]})}"
    fields = {"prompt": prompt, "agent_id": agent_id, "model_name": MODEL}
    played: dict[str, Any] = {"start": client.post("/v1/agent/start", data=fields)}
    thread_id, run_id = (played["start"].json()[name] for name in ("thread_id", "agent_run_id"))
    run = f"/v1/agent-run/{run_id}"
    is_late = f"{case}-stream" in version.late
    # d alone leaves the stream of a stopped run open.
    pings = 2 if case == "slow" and version.name == "d" else ALL_PINGS
    # In d the database may not have the run yet.
    played["run-early"] = wait_until(lambda: client.get(run), lambda answer: answer.status_code != 404)
    if not is_late and case != "slow":
        played["stream"] = read_events(client, f"{run}/stream", pings=pings)
    if case == "slow":
        read_events(client, f"{run}/stream", chunks=2)
        played["run-running"] = client.get(run)
        played["active"] = client.get("/v1/agent-runs/active")
        played["stop"] = client.post(f"{run}/stop")
        wait_until(lambda: client.get(run), lambda answer: answer.json()["error"] is not None)
        played["stream-after-stop"] = read_events(client, f"{run}/stream", pings=pings)
    played["run-final"] = wait_until(
        lambda: client.get(run), lambda answer: answer.json()["status"] != "running"
    )
    if is_late:
        played["stream"] = read_events(client, f"{run}/stream", pings=pings)
    played["stream-late"] = read_events(client, f"{run}/stream", pings=pings)
    played["thread-runs"] = client.get(f"/v1/thread/{thread_id}/agent-runs")
    messages = f"/v1/threads/{thread_id}/messages?order=asc"
    if case == "slow" and version.name == "d":
        # After a stop the last batch of rows is late.
        wait_until(lambda: client.get(f"{messages}&optimized=false"), lambda a: len(a.json()["messages"]) > 1)
    played["messages"] = client.get(f"{messages}&optimized=false")
    played["messages-optimized"] = client.get(messages)
    return played


def wait_until(
    ask: Callable[[], httpx.Response], is_enough: Callable[[httpx.Response], bool]
) -> httpx.Response:
    """Ask until the answer is what was waited for, and return it."""
    give_up_at = time.monotonic() + PATIENCE_S
    while not is_enough(answer := ask()):
        assert time.monotonic() < give_up_at, f"{answer.status_code} {answer.text}"
        time.sleep(0.02)
    return answer


def read_events(
    client: httpx.Client, path: str, *, chunks: int | None = None, pings: int = 2, **params: str
) -> list[dict[str, Any]]:
    """Return a stream's events up to its end, or up to so many chunks or pings in a row."""
    events: list[dict[str, Any]] = []
    with client.stream("GET", path, params=params) as stream:
        assert stream.status_code == 200
        assert stream.headers["content-type"] == "text/event-stream"
        assert stream.headers["cache-control"] == "no-cache, no-transform"
        for line in stream.iter_lines():
            if not line:
                continue
            events.append(json.loads(line.removeprefix("data: ")))
            if events[-pings:] == [PING] * pings:
                break
            if chunks is not None and sum("sequence" in event for event in events) == chunks:
                break
    return events
