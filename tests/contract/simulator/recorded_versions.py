"""The recorded versions of Suna, and how each recorded case is played again on the simulator."""

import json
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Literal

import httpx

from tests.contract.simulator.simulator_server import Simulated

RECORDED = Path(__file__).parents[2] / "data" / "suna"
NOBODY = "00000000-0000-0000-0000-000000000000"
TEXT = 'Hello, this is plain text with ```json\n{"category": "technical"}\n``` inside.'
CASES: dict[str, dict[str, Any]] = {
    "complete": {"text": "Here is what I found.", "complete": "Tides follow the moon.", "cached": 200},
    "ask": {"text": "I need one thing.", "ask": "Which city?"},
    "text": {"text": TEXT},
    "llm-error": {"fail": "scripted failure"},
    # Long enough for a stop between two of its chunks, whatever else the machine does.
    "slow": {"text": "one two three four five six seven eight", "takes": 2.4},
}
MODEL = "openai/gpt-4o"

Played = dict[str, httpx.Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One folder of recordings. `start` says how a run is started there: on a thread that was made before,
    by `/agent/initiate`, or by the form of `/agent/start`.

    `late` names recordings made after the end, although their names do not say so. The slow run was
    stopped after `chunks_before_stop` chunks.
    """

    name: str
    folder: str
    profile: str
    variant: str | None
    start: Literal["thread", "initiate", "form"]
    prefix: str = "/api"
    late: frozenset[str] = frozenset()
    chunks_before_stop: int = 2

    def recorded(self) -> list[Path]:
        """Return the recordings, but for the routes, which have a test of their own."""
        return sorted(path for path in (RECORDED / self.folder).iterdir() if path.stem != "openapi-paths")


VERSIONS = (
    Version(
        name="b0",
        folder="2025-07",
        profile="2025-07",
        variant=None,
        start="initiate",
        late=frozenset(
            [
                "ask-run-early",
                "ask-stream",
                "llm-error-run-early",
                "llm-error-stream",
                "slow-stream-after-stop",
            ]
        ),
    ),
    Version(
        name="b1",
        folder="2025-08",
        profile="2025-08",
        variant="b1",
        start="thread",
        late=frozenset(["text-stream", "llm-error-stream", "slow-stream-after-stop"]),
    ),
    Version(
        name="b2",
        folder="2025-08-b2",
        profile="2025-08",
        variant="b2",
        start="thread",
        late=frozenset({"slow-stream-after-stop"}),
    ),
    Version(
        name="c0",
        folder="2025-10",
        profile="2025-10",
        variant=None,
        start="form",
        late=frozenset({"slow-stream-after-stop"}),
        chunks_before_stop=1,
    ),
)


def play_everything(simulated: Simulated, version: Version) -> Played:
    """Play all recorded requests of a version, by the names of their files."""
    answers = play_the_rest(simulated, version)
    agent_id = answers["agent-create"].json()["agent_id"]
    for case in CASES:
        answers |= play_case(simulated, version, case, agent_id)
    return answers


def play_case(simulated: Simulated, version: Version, case: str, agent_id: str) -> Played:
    """Play one recorded case: a prompt, a start, and all that was asked about the run.

    On a busy machine a short run may be over before it is met: the case is then played again, longer.
    """
    for longer in (1, 6, 30):
        takes = longer * CASES[case].get("takes", 0.3)
        begun_at = monotonic()
        played, met_at = _play(simulated, version, case, agent_id, takes)
        if met_at - begun_at < takes:
            break
    return {f"{case}-{name}": answer for name, answer in played.items()}


def _play(
    simulated: Simulated, version: Version, case: str, agent_id: str, takes: float
) -> tuple[Played, float]:
    """Return the answers by what they are about, and when the run was met: streamed, or stopped."""
    client, prefix = simulated.client, version.prefix
    prompt = f"Do it. @@sim{json.dumps({**CASES[case], 'takes': takes})}"
    thread_id, run_id, played = _begin(client, version, prompt, agent_id)
    run = f"{prefix}/agent-run/{run_id}"
    played["run-early"] = client.get(run)
    if case == "slow":
        _read_chunks(client, f"{run}/stream", version.chunks_before_stop)
        played["run-running"] = client.get(run)
        played["active"] = client.get(f"{prefix}/agent-runs/active")
        played["stop"] = client.post(f"{run}/stop")
        met_at = monotonic()
        played["stream-after-stop"] = client.get(f"{run}/stream")
    else:
        with client.stream("GET", f"{run}/stream") as stream:
            met_at = monotonic()
            stream.read()
        played["stream"] = stream
    played["run-final"] = client.get(run)
    played["thread-runs"] = client.get(f"{prefix}/thread/{thread_id}/agent-runs")
    if version.start != "initiate":
        messages = f"{prefix}/threads/{thread_id}/messages?order=asc"
        played["messages"] = client.get(f"{messages}&optimized=false")
        if version.start == "form":
            played["messages-optimized"] = client.get(messages)
    played["stream-late"] = client.get(f"{run}/stream")
    return played, met_at


def _begin(client: httpx.Client, version: Version, prompt: str, agent_id: str) -> tuple[str, str, Played]:
    prefix = version.prefix
    fields = {"agent_id": agent_id, "model_name": MODEL}
    if version.start == "thread":
        thread = client.post(f"{prefix}/threads", data={"name": "test"})
        thread_id = thread.json()["thread_id"]
        row = {"type": "user", "content": prompt, "is_llm_message": True}
        message = client.post(f"{prefix}/threads/{thread_id}/messages", json=row)
        start = client.post(f"{prefix}/thread/{thread_id}/agent/start", json=fields)
        return (
            thread_id,
            start.json()["agent_run_id"],
            {"thread": thread, "message": message, "start": start},
        )
    path = "agent/initiate" if version.start == "initiate" else "agent/start"
    start = client.post(f"{prefix}/{path}", data={"prompt": prompt, **fields})
    return start.json()["thread_id"], start.json()["agent_run_id"], {"start": start}


def _read_chunks(client: httpx.Client, path: str, count: int) -> None:
    seen = 0
    with client.stream("GET", path) as stream:
        for line in stream.iter_lines():
            seen += '"sequence"' in line
            if seen == count:
                return


def play_the_rest(simulated: Simulated, version: Version) -> Played:
    """Play the recorded single requests: agents, health and the refusals."""
    client, url, prefix = simulated.client, simulated.url, version.prefix
    agent = {"name": "Researcher", "system_prompt": "You research.", "agentpress_tools": {}}
    created = client.post(f"{prefix}/agents", json=agent)
    agent_id = created.json()["agent_id"]
    nobody = f"{prefix}/agent-run/{NOBODY}"
    return {
        "agent-create": created,
        "agent-get": client.get(f"{prefix}/agents/{agent_id}"),
        "agent-get-missing": client.get(f"{prefix}/agents/{NOBODY}"),
        "agents-list": client.get(f"{prefix}/agents", params={"limit": 20}),
        "agents-limit-invalid": client.get(f"{prefix}/agents?limit=101"),
        "agent-run-missing": client.get(nobody),
        "bad-token": httpx.get(f"{url}{nobody}", headers={"Authorization": "Bearer wrong"}),
        "unauthorized": httpx.get(f"{url}{nobody}"),
        "health": httpx.get(f"{url}{prefix}/health"),
        "method-not-allowed": client.put(nobody),
        "results-missing": client.get(f"{nobody}/results"),
        "route-missing": client.get(f"{prefix}/nosuch"),
        "thread-runs-missing": client.get(f"{prefix}/thread/{NOBODY}/agent-runs"),
        **_refused_starts(client, version, agent_id),
    }


def _refused_starts(client: httpx.Client, version: Version, agent_id: str) -> Played:
    if version.start == "form":
        start = f"{version.prefix}/agent/start"
        return {
            "start-agent-missing": client.post(start, data={"prompt": "x", "agent_id": NOBODY}),
            "start-thread-missing": client.post(
                start, data={"thread_id": NOBODY, "prompt": "x", "agent_id": agent_id}
            ),
            "start-wrong-encoding": client.post(start, json={"prompt": "x"}),
        }
    if version.start == "initiate":
        prompt = {"prompt": "x", "agent_id": agent_id}
        thread_id = client.post("/api/agent/initiate", data=prompt).json()["thread_id"]
        return {
            "initiate-json": client.post("/api/agent/initiate", json={"prompt": "x"}),
            "start-wrong-encoding": client.post(
                f"/api/thread/{thread_id}/agent/start", data={"agent_id": agent_id}
            ),
        }
    thread_id = client.post("/api/threads", data={"name": "test"}).json()["thread_id"]
    message = {"type": "user", "content": "x", "is_llm_message": True}
    client.post(f"/api/threads/{thread_id}/messages", json=message)
    start = f"/api/thread/{thread_id}/agent/start"
    known = {"agent_id": agent_id, "model_name": MODEL}
    return {
        "start-agent-missing": client.post(start, json={"agent_id": NOBODY, "model_name": MODEL}),
        "start-initial-prompt-ignored": client.post(
            start, json={"agent_id": agent_id, "initial_prompt": "x"}
        ),
        "start-thread-missing": client.post(f"/api/thread/{NOBODY}/agent/start", json=known),
        "start-wrong-encoding": client.post(start, data={"agent_id": agent_id}),
    }
