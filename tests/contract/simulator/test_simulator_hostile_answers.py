"""Answers that no client should trip over: half, slow and huge ones, and streams with rubbish in them."""

import time
import zlib
from typing import Any

import httpx
import pytest

from executions.suna.simulator.sse_answer import NOISE
from tests.contract.simulator.simulator_server import Simulated, running_simulator

HANG = '@@sim{"hang": true}'


def stream_of(simulated: Simulated, run_id: str) -> str:
    return f"{simulated.url}/api/agent-run/{run_id}/stream"


def run_one(simulated: Simulated, prompt: str = '@@sim{"text": "Hi.", "takes": 0}') -> tuple[str, str]:
    thread_id, run_id = simulated.run(prompt)
    simulated.wait_for(run_id, "completed")
    return thread_id, run_id


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirect_has_the_status_that_is_asked_for(b2: Simulated, status: int) -> None:
    b2.fault(operation="run.get", kind="redirect", status=status, to="http://127.0.0.1:9/x")
    _, run_id = b2.run("Hello.")

    answer = b2.client.get(f"/api/agent-run/{run_id}", follow_redirects=False)

    assert (answer.status_code, answer.headers["location"]) == (status, "http://127.0.0.1:9/x")


@pytest.mark.parametrize("status", [200, 404, 502, 503])
def test_html_page_has_the_status_that_is_asked_for(b2: Simulated, status: int) -> None:
    b2.fault(operation="agents.list", kind="html", status=status)

    answer = b2.client.get("/api/agents")

    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    ("body", "sent"), [("[" * 2000, "[" * 2000), ([1, "two"], '[1,"two"]'), (None, "null")]
)
def test_raw_body_is_sent_as_it_stands(b2: Simulated, body: Any, sent: str) -> None:
    b2.fault(operation="agents.list", kind="raw", body=body, status=203, content_type="application/json")

    answer = b2.client.get("/api/agents")

    assert (answer.status_code, answer.text) == (203, sent)
    assert answer.headers["content-type"] == "application/json"


def test_half_open_answer_sends_half_and_then_nothing(b2: Simulated) -> None:
    _, run_id = run_one(b2)
    whole = b2.client.get(f"/api/agent-run/{run_id}")
    b2.fault(operation="run.get", kind="half_open")
    got = []

    with (
        pytest.raises(httpx.ReadTimeout),
        b2.client.stream("GET", f"/api/agent-run/{run_id}", timeout=0.3) as answer,
    ):
        got.extend(answer.iter_bytes())

    assert answer.headers["content-length"] == str(len(whole.content))
    assert b"".join(got) == whole.content[: len(whole.content) // 2]
    assert b2.ledger("run.get")[-1]["outcome"] == "abandoned"


def test_half_open_stream_is_silent_after_its_events(b2: Simulated) -> None:
    _, run_id = run_one(b2)
    b2.fault(operation="run.stream", kind="half_open", events=2)
    lines = []

    with (
        pytest.raises(httpx.ReadTimeout),
        b2.client.stream("GET", stream_of(b2, run_id), timeout=0.3) as stream,
    ):
        lines.extend(line for line in stream.iter_lines() if line)

    assert len(lines) == 2


def test_trickle_sends_a_whole_answer_byte_by_byte(b2: Simulated) -> None:
    b2.fault(operation="health", kind="trickle", seconds=0.002)
    began = time.monotonic()
    pieces = []

    with b2.client.stream("GET", "/api/health") as answer:
        pieces.extend(answer.iter_raw())

    assert b"".join(pieces).startswith(b'{"status":"ok"')
    assert time.monotonic() - began > 0.002 * len(b"".join(pieces))


def test_bad_events_stand_between_good_ones(b2: Simulated) -> None:
    _, run_id = run_one(b2)
    good = b2.client.get(stream_of(b2, run_id)).content
    b2.fault(operation="run.stream", kind="bad_events", events=2, rule={"times": 1})

    spoiled = b2.client.get(stream_of(b2, run_id)).content

    assert spoiled.replace(NOISE, b"") == good
    assert spoiled[: spoiled.index(NOISE)].count(b"data: ") == 2
    assert b2.client.get(stream_of(b2, run_id)).content == good


def test_huge_stream_is_one_event_without_end(b2: Simulated) -> None:
    _, run_id = run_one(b2)
    b2.fault(operation="run.stream", kind="huge", megabytes=2)

    with b2.client.stream("GET", stream_of(b2, run_id)) as answer:
        size = sum(len(piece) for piece in answer.iter_raw())

    assert answer.headers["content-type"] == "text/event-stream"
    assert size > 2 * 1024 * 1024


def test_gzip_bomb_is_small_on_the_wire_also_on_a_stream(b2: Simulated) -> None:
    _, run_id = run_one(b2)
    b2.fault(operation="run.stream", kind="gzip_bomb", megabytes=20)

    with b2.client.stream("GET", stream_of(b2, run_id)) as answer:
        packed = b"".join(answer.iter_raw())

    assert answer.headers["content-type"] == "text/event-stream"
    assert len(packed) < 100_000
    assert len(zlib.decompress(packed, 31)) > 20 * 1024 * 1024


def test_rule_for_an_agent_hits_all_calls_about_its_threads(b2: Simulated) -> None:
    mine, _ = b2.run("Hello.", agent_id="agent-456")
    other, _ = b2.run("Hello.", agent_id="agent-123")
    b2.fault(operation="messages.list", kind="error", rule={"agent": "agent-456"})

    assert b2.client.get(f"/api/threads/{mine}/messages").status_code == 500
    assert b2.client.get(f"/api/threads/{other}/messages").status_code == 200


def test_rule_for_a_path_hits_no_other_path(b2: Simulated) -> None:
    b2.fault(operation="agent.start", kind="status", status=503, rule={"path": "/initiate"})

    assert b2.start(b2.thread("Hello.")).status_code == 200
    assert b2.client.post("/api/agent/initiate", data={"prompt": "x"}).status_code == 503


def test_rule_for_an_agent_and_a_text_reads_forms_too(b2: Simulated) -> None:
    rule = {"agent": "agent-456", "contains": "poison"}
    b2.fault(operation="agent.start", kind="error", rule=rule)
    initiate = "/api/agent/initiate"

    answers = [
        b2.client.post(initiate, data={"prompt": prompt, "agent_id": agent}).status_code
        for prompt, agent in (("poison", "agent-456"), ("poison", "agent-123"), ("honey", "agent-456"))
    ]

    assert answers == [500, 200, 200]


def test_model_denied_names_the_model(b2: Simulated) -> None:
    b2.fault(operation="agent.start", kind="model_denied")

    answer = b2.start(b2.thread("Hello."), model_name="openai/gpt-9")

    assert answer.status_code == 403
    assert "openai/gpt-9" in answer.json()["detail"]["message"]


@pytest.mark.parametrize("body", [b"{", b'{"nosuch": true}', b'{"billing": "perhaps"}', b"[]"])
def test_options_that_make_no_sense_are_refused_and_change_nothing(b2: Simulated, body: bytes) -> None:
    before = b2.client.get("/_simulator/options").json()

    answer = b2.client.patch("/_simulator/options", content=body)

    assert answer.status_code == 422
    assert b2.client.get("/_simulator/options").json() == before


@pytest.mark.parametrize("profile", ["2025-12/c1", "2025-12/c2", "2026-01/d"])
def test_streams_of_later_versions_go_wrong_in_the_same_ways(profile: str) -> None:
    name, _, variant = profile.partition("/")
    with running_simulator(profile=name, variant=variant) as suna:
        form = {"prompt": '@@sim{"text": "Hi.", "takes": 1.5}', "agent_id": "agent-123"}
        run_id = suna.client.post("/v1/agent/start", data=form).json()["agent_run_id"]
        url = f"{suna.url}/v1/agent-run/{run_id}/stream"
        rule = {"operation": "run.stream", "times": 1}
        faults = [
            {**rule, "nth": 1, "do": {"kind": "half_open", "events": 1}},
            {**rule, "nth": 2, "do": {"kind": "bad_events", "events": 1}},
        ]
        suna.client.post("/_simulator/faults", json=faults).raise_for_status()
        seen: list[str] = []

        with (
            pytest.raises(httpx.ReadTimeout),
            suna.client.stream("GET", url, timeout=0.8) as stream,
        ):
            seen.extend(line for line in stream.iter_lines() if line)
        with suna.client.stream("GET", url) as stream:
            got = b""
            for piece in stream.iter_raw():
                got += piece
                if NOISE in got:
                    break

    assert len(seen) == 1
    assert got[: got.index(NOISE)].count(b"data: ") == 1
