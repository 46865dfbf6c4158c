"""The ledger and the control plane: what is recorded of each request, and what never is."""

import json
from hashlib import sha256
from pathlib import Path

import httpx

from tests.contract.simulator.simulator_server import Simulated, running_simulator


def test_every_request_has_an_entry_with_its_operation_status_and_run(b2: Simulated) -> None:
    thread_id, run_id = b2.run("Hello.")
    b2.status(run_id)
    b2.client.get("/api/nosuch")

    entries = b2.ledger()

    assert [(entry["operation"], entry["status"]) for entry in entries] == [
        ("threads.create", 200),
        ("messages.add", 200),
        ("agent.start", 200),
        ("run.get", 200),
        (None, 404),
    ]
    assert [entry["seq"] for entry in entries] == list(range(entries[0]["seq"], entries[0]["seq"] + 5))
    assert {entry["outcome"] for entry in entries} == {"answered"}
    started = entries[2]
    assert (started["thread_id"], started["run_id"]) == (thread_id, run_id)
    assert started["body"] == {"agent_id": "agent-123"}
    assert started["body_sha256"] == sha256(b'{"agent_id":"agent-123"}').hexdigest()
    assert started["body_bytes"] == 24


def test_entries_since_a_number_are_only_the_newer_ones(b2: Simulated) -> None:
    b2.run("Hello.")
    last = b2.client.get("/_simulator/ledger").json()["last_seq"]
    b2.thread()

    newer = b2.client.get(f"/_simulator/ledger?since={last}").json()

    assert [entry["operation"] for entry in newer["entries"]] == ["threads.create"]
    assert newer["complete"] is True


def test_keys_are_in_the_ledger_as_digests_only(seed: Simulated) -> None:
    secret = "sk-CANARY-0001"
    thread_id = seed.thread()
    seed.client.post(
        f"/api/thread/{thread_id}/agent/start",
        json={"agent_id": "agent-123", "initial_prompt": "Hello."},
        headers={"X-API-Key-openai": secret, "Authorization": "Bearer sk-CANARY-0002"},
    ).raise_for_status()

    entry = seed.ledger("agent.start")[0]
    digest = sha256(secret.encode()).hexdigest()

    assert entry["user_keys"] == {"x-api-key-openai": digest}
    assert {"x-api-key-openai", "authorization"} <= set(entry["headers"])
    assert "CANARY" not in json.dumps(seed.ledger())
    seen = seed.client.get("/_simulator/keys-seen", params={"sha256": digest}).json()["seen"]
    assert [(found["seq"], found["header"]) for found in seen] == [(entry["seq"], "x-api-key-openai")]
    nothing = seed.client.get("/_simulator/keys-seen", params={"sha256": "0" * 64}).json()
    assert nothing == {"seen": []}


def test_token_in_a_query_is_left_out(b2: Simulated) -> None:
    httpx.get(f"{b2.url}/api/agent-run/x/stream", params={"token": "sk-CANARY", "last": "1"})

    assert b2.ledger()[-1]["query"] == {"token": "(omitted)", "last": "1"}


def test_long_fields_are_cut(b2: Simulated) -> None:
    b2.thread("x" * 5000)

    content = b2.ledger("messages.add")[0]["body"]["content"]
    assert content.startswith("x" * 200)
    assert content.endswith("(5000 characters)")
    assert len(content) < 240


def test_file_has_every_request_also_those_that_memory_forgot(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_text('{"from": "an earlier run"}\n')
    with running_simulator(profile="2025-08", ledger_path=path, max_entries=3) as simulated:
        for _ in range(10):
            simulated.thread()
        answer = simulated.client.get("/_simulator/ledger").json()
        assert len(answer["entries"]) == 3
        assert answer["complete"] is False

    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines[0] == {"from": "an earlier run"}
    assert [line["seq"] for line in lines[1:]] == list(range(1, 11))
    assert all(line["thread_id"] for line in lines[1:])


def test_request_that_is_never_answered_is_in_the_file_when_the_simulator_ends(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    with running_simulator(profile="2025-08", ledger_path=path) as simulated:
        simulated.fault(operation="threads.create", kind="hang")
        try:
            httpx.post(f"{simulated.url}/api/threads", headers={"Authorization": "Bearer x"}, timeout=0.3)
        except httpx.ReadTimeout:
            answered = False
        else:
            answered = True

    assert answered is False
    line = json.loads(path.read_text())
    assert (line["operation"], line["status"], line["outcome"]) == ("threads.create", None, "abandoned")
    assert line["faults"] == ["hang"]


def test_reset_forgets_the_world_and_keeps_the_numbering(b2: Simulated) -> None:
    _, run_id = b2.run("Hello.")
    before = b2.client.get("/_simulator/ledger").json()["last_seq"]

    b2.client.post("/_simulator/reset").raise_for_status()

    assert b2.ledger() == []
    assert b2.client.get("/_simulator/runs").json() == {"runs": []}
    assert b2.client.get(f"/api/agent-run/{run_id}").status_code == 404
    assert b2.ledger()[0]["seq"] == before + 1


def test_runs_tell_role_model_and_prompt(b2: Simulated) -> None:
    prompt = "Your role: pesquisador\n\nMarés."
    thread_id, run_id = b2.run(prompt, model_name="openai/gpt-4o-mini", agent_id="agent-789")

    run = b2.client.get("/_simulator/runs", params={"thread": thread_id}).json()["runs"][0]

    assert run["id"] == run_id
    assert (run["role"], run["part"], run["agent_id"]) == ("pesquisador", "researcher", "agent-789")
    assert (run["model_asked"], run["model"]) == ("openai/gpt-4o-mini", "openai/gpt-4o-mini")
    assert run["prompt_sha256"] == sha256(prompt.encode()).hexdigest()
    assert run["starts_of_thread"] == 1
    shown = b2.client.get(f"/_simulator/threads/{thread_id}").json()
    assert shown["prompts"] == [prompt]
