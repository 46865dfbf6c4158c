"""The simulator against the answers recorded from Suna's own code: status, media type, headers, shape."""

import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.contract.simulator.recorded_shapes import events_of, kind_of, shape
from tests.contract.simulator.simulator_server import Simulated, running_simulator

RECORDED = Path(__file__).parents[2] / "data" / "suna"
FOLDERS = {"b1": "2025-08", "b2": "2025-08-b2"}
NOBODY = "00000000-0000-0000-0000-000000000000"
TEXT = 'Hello, this is plain text with ```json\n{"category": "technical"}\n``` inside.'
DIRECTIVES: dict[str, dict[str, Any]] = {
    "complete": {"text": "Here is what I found.", "complete": "Tides follow the moon.", "cached": 200},
    "ask": {"text": "I need one thing.", "ask": "Which city?"},
    "text": {"text": TEXT},
    "llm-error": {"fail": "scripted failure"},
    "slow": {"text": "one two three four five six seven eight", "takes": 0.8},
}
# Recorded by readers that came after the end, although their names do not say so.
LATE_READERS = {("b1", "text-stream"), ("b1", "llm-error-stream"), ("b1", "slow-stream-after-stop")} | {
    ("b2", "slow-stream-after-stop")
}
# What only a person can compare: the shape of these is free.
COMPARED_ELSEWHERE = {"openapi-paths"}

Played = dict[str, httpx.Response]


def play_case(simulated: Simulated, case: str, agent_id: str) -> Played:
    """Play one recorded case: a thread, a message, a start, and all that was asked about the run."""
    client, played = simulated.client, {}
    directive = f"@@sim{json.dumps({'takes': 0.3, **DIRECTIVES[case]})}"
    played["thread"] = client.post("/api/threads", data={"name": case})
    thread_id = played["thread"].json()["thread_id"]
    message = {"type": "user", "content": f"Do it. {directive}", "is_llm_message": True}
    played["message"] = client.post(f"/api/threads/{thread_id}/messages", json=message)
    start = {"agent_id": agent_id, "model_name": "openai/gpt-4o"}
    played["start"] = client.post(f"/api/thread/{thread_id}/agent/start", json=start)
    run_id = played["start"].json()["agent_run_id"]
    played["run-early"] = client.get(f"/api/agent-run/{run_id}")
    if case == "slow":
        time.sleep(0.4)
        played["run-running"] = client.get(f"/api/agent-run/{run_id}")
        played["active"] = client.get("/api/agent-runs/active")
        played["stop"] = client.post(f"/api/agent-run/{run_id}/stop")
        played["stream-after-stop"] = client.get(f"/api/agent-run/{run_id}/stream")
    else:
        played["stream"] = client.get(f"/api/agent-run/{run_id}/stream")
    played["run-final"] = client.get(f"/api/agent-run/{run_id}")
    played["thread-runs"] = client.get(f"/api/thread/{thread_id}/agent-runs")
    played["messages"] = client.get(f"/api/threads/{thread_id}/messages?order=asc&optimized=false")
    played["stream-late"] = client.get(f"/api/agent-run/{run_id}/stream")
    return {f"{case}-{name}": answer for name, answer in played.items()}


def play_the_rest(simulated: Simulated) -> Played:
    """Play the recorded single requests: agents, health and the refusals."""
    client, url = simulated.client, simulated.url
    created = client.post(
        "/api/agents", json={"name": "Researcher", "system_prompt": "You research.", "agentpress_tools": {}}
    )
    agent_id = created.json()["agent_id"]
    thread_id = simulated.thread("@@sim" + json.dumps({"text": "Done."}))
    start = f"/api/thread/{thread_id}/agent/start"
    return {
        "agent-create": created,
        "agent-get": client.get(f"/api/agents/{agent_id}"),
        "agent-get-missing": client.get(f"/api/agents/{NOBODY}"),
        "agents-list": client.get("/api/agents", params={"limit": 20}),
        "agents-limit-invalid": client.get("/api/agents?limit=101"),
        "agent-run-missing": client.get(f"/api/agent-run/{NOBODY}"),
        "bad-token": httpx.get(f"{url}/api/agent-run/{NOBODY}", headers={"Authorization": "Bearer wrong"}),
        "unauthorized": httpx.get(f"{url}/api/agent-run/{NOBODY}"),
        "health": httpx.get(f"{url}/api/health"),
        "method-not-allowed": client.put(f"/api/agent-run/{NOBODY}"),
        "results-missing": client.get(f"/api/agent-run/{NOBODY}/results"),
        "route-missing": client.get("/api/nosuch"),
        "start-agent-missing": client.post(start, json={"agent_id": NOBODY, "model_name": "gpt-4o"}),
        "start-initial-prompt-ignored": client.post(
            start, json={"agent_id": agent_id, "initial_prompt": "x"}
        ),
        "start-thread-missing": client.post(
            f"/api/thread/{NOBODY}/agent/start", json={"agent_id": agent_id, "model_name": "gpt-4o"}
        ),
        "start-wrong-encoding": client.post(start, data={"agent_id": agent_id}),
        "thread-runs-missing": client.get(f"/api/thread/{NOBODY}/agent-runs"),
    }


@pytest.fixture(scope="module", params=["b1", "b2"])
def variant(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def played(variant: str) -> Played:
    options = {"profile": "2025-08", "variant": variant, "strict_agents": True, "tokens": ("good-token",)}
    with running_simulator(**options) as simulated:
        answers = play_the_rest(simulated)
        agent_id = answers["agent-create"].json()["agent_id"]
        for case in DIRECTIVES:
            answers |= play_case(simulated, case, agent_id)
        return answers


def recorded_names() -> list[tuple[str, str]]:
    return [
        (variant, path.stem)
        for variant, folder in FOLDERS.items()
        for path in sorted((RECORDED / folder).iterdir())
        if path.stem not in COMPARED_ELSEWHERE
    ]


def test_every_recorded_answer_of_b1_and_b2_is_played(played: Played, variant: str) -> None:
    assert {name for recorded, name in recorded_names() if recorded == variant} == set(played)


@pytest.mark.parametrize("name", sorted({name for _, name in recorded_names()}))
def test_answer_has_the_recorded_status_type_and_shape(played: Played, variant: str, name: str) -> None:
    path = RECORDED / FOLDERS[variant] / f"{name}.json"
    if not path.exists():
        assert (RECORDED / FOLDERS[variant] / f"{name}.sse").exists()
        return
    recorded, answer = json.loads(path.read_text()), played[name]

    assert answer.status_code == recorded["status"]
    assert answer.headers["content-type"] == recorded["content_type"]
    for header, value in recorded["headers"].items():
        assert answer.headers[header] == value
    if not recorded["content_type"].startswith("application/json"):
        assert answer.text == recorded["body"]
        return
    body = answer.json()
    if name == "agents-list":
        # The recorded account has one agent; ours stands among others, newest first.
        body["agents"] = body["agents"][:1]
    if name == "thread-runs" or name.endswith("-thread-runs"):
        assert [run["status"] for run in body["agent_runs"]] == [
            run["status"] for run in recorded["body"]["agent_runs"]
        ]
    assert shape(body) == shape(recorded["body"])
    detail = recorded["body"].get("detail")
    if isinstance(detail, str):
        assert body["detail"] == detail


@pytest.mark.parametrize("case", list(DIRECTIVES))
def test_stream_has_the_recorded_events_in_order(played: Played, variant: str, case: str) -> None:
    for name in (f"{case}-stream", f"{case}-stream-after-stop", f"{case}-stream-late"):
        path = RECORDED / FOLDERS[variant] / f"{name}.sse"
        if not path.exists():
            continue
        answer = played[f"{case}-stream-late" if (variant, name) in LATE_READERS else name]
        recorded, events = events_of(path.read_text()), events_of(answer.text)

        assert answer.headers["content-type"] == "text/event-stream"
        assert [kind_of(event) for event in events] == [kind_of(event) for event in recorded]
        for event, expected in zip(events, recorded, strict=True):
            # The text of a chunk may look like anything, also like JSON.
            if kind_of(event) != "assistant chunk":
                assert shape(event) == shape(expected)
            assert set(event) == set(expected)


def test_openapi_has_exactly_the_recorded_routes(variant: str) -> None:
    recorded = json.loads((RECORDED / FOLDERS[variant] / "openapi-paths.json").read_text())
    with running_simulator(profile="2025-08", variant=variant) as simulated:
        document = httpx.get(f"{simulated.url}/openapi.json").json()

    assert {path: sorted(methods) for path, methods in document["paths"].items()} == {
        path: sorted(methods) for path, methods in recorded["paths"].items()
    }
    assert document["info"] == recorded["info"]
