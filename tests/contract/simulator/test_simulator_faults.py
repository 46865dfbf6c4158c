"""Each fault rule once: what it does to the answer, and what is in the database all the same."""

import json
import threading
import time
from typing import Any

import httpx
import pytest

from tests.contract.simulator.simulator_server import Simulated

HANG = '@@sim{"hang": true}'


def runs_of(simulated: Simulated, thread_id: str) -> list[dict[str, Any]]:
    runs: list[dict[str, Any]] = simulated.client.get(f"/api/thread/{thread_id}/agent-runs").json()[
        "agent_runs"
    ]
    return runs


def test_latency_delays_the_answer_and_changes_nothing_else(b2: Simulated) -> None:
    b2.fault(operation="run.get", kind="latency", seconds=0.3)
    _, run_id = b2.run("Hello.")
    began = time.monotonic()

    assert b2.status(run_id)["status"] == "completed"
    assert time.monotonic() - began >= 0.3
    assert b2.ledger("run.get")[0]["faults"] == ["latency"]


def test_too_many_is_the_profiles_own_429(b2: Simulated) -> None:
    running, _ = b2.run(HANG)
    b2.fault(operation="agent.start", rule={"times": 1}, kind="too_many")
    thread_id = b2.thread("Hello.")

    refused = b2.start(thread_id)

    assert refused.status_code == 429
    assert refused.json()["detail"]["running_thread_ids"] == [running]
    assert "retry-after" not in refused.headers
    assert b2.start(thread_id).status_code == 200


def test_too_many_can_say_when_to_come_back(b2: Simulated) -> None:
    b2.fault(operation="agent.start", kind="too_many", retry_after="7")

    assert b2.start(b2.thread("Hello.")).headers["retry-after"] == "7"


def test_payment_is_a_402_with_the_error_code_that_is_asked_for(b1: Simulated) -> None:
    b1.fault(operation="agent.start", rule={"nth": 1}, kind="payment")
    b1.fault(operation="agent.start", rule={"nth": 2}, kind="payment", error_code="AGENT_RUN_LIMIT_EXCEEDED")
    thread_id = b1.thread("Hello.")

    plain, coded = b1.start(thread_id), b1.start(thread_id)

    assert (plain.status_code, set(plain.json()["detail"])) == (402, {"message", "subscription"})
    assert coded.json()["detail"]["error_code"] == "AGENT_RUN_LIMIT_EXCEEDED"
    assert runs_of(b1, thread_id) == []


def test_any_status_with_any_detail(b2: Simulated) -> None:
    b2.fault(operation="agents.list", kind="status", status=403, body="Custom agents currently disabled.")

    answer = b2.client.get("/api/agents")

    assert (answer.status_code, answer.json()) == (403, {"detail": "Custom agents currently disabled."})


@pytest.mark.parametrize(("when", "left"), [("before", 0), ("after", 1)])
def test_plain_500_comes_before_or_after_the_insert(b2: Simulated, when: str, left: int) -> None:
    b2.fault(operation="agent.start", kind="error", when=when)
    thread_id = b2.thread("Hello.")

    answer = b2.start(thread_id)

    assert (answer.status_code, answer.text) == (500, "Internal Server Error")
    assert len(runs_of(b2, thread_id)) == left


@pytest.mark.parametrize(("when", "left"), [("before", 0), ("after", 1)])
def test_hang_never_answers(b2: Simulated, when: str, left: int) -> None:
    b2.fault(operation="agent.start", kind="hang", when=when)
    thread_id = b2.thread("Hello.")

    with pytest.raises(httpx.ReadTimeout):
        b2.client.post(f"/api/thread/{thread_id}/agent/start", json={"agent_id": "a"}, timeout=0.3)

    assert len(runs_of(b2, thread_id)) == left


@pytest.mark.parametrize(("when", "left"), [("before", 0), ("after", 1)])
def test_drop_breaks_the_connection_without_a_byte(b2: Simulated, when: str, left: int) -> None:
    b2.fault(operation="agent.start", kind="drop", when=when)
    thread_id = b2.thread("Hello.")

    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        b2.start(thread_id)

    assert len(runs_of(b2, thread_id)) == left
    entry = b2.ledger("agent.start")[0]
    assert (entry["status"], entry["outcome"]) == (None, "dropped")


@pytest.mark.parametrize(
    ("kind", "content_type", "begin"),
    [("malformed", "application/json", '{"agent_run_id": "'), ("html", "text/html; charset=utf-8", "<!doc")],
)
def test_answer_is_no_json(b2: Simulated, kind: str, content_type: str, begin: str) -> None:
    b2.fault(operation="agent.start", kind=kind, when="after")
    thread_id = b2.thread("Hello.")

    answer = b2.start(thread_id)

    assert (answer.status_code, answer.headers["content-type"]) == (200, content_type)
    assert answer.text.startswith(begin)
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    assert len(runs_of(b2, thread_id)) == 1


def test_answer_is_empty(b2: Simulated) -> None:
    b2.fault(operation="run.get", kind="empty")
    _, run_id = b2.run("Hello.")

    answer = b2.client.get(f"/api/agent-run/{run_id}")

    assert (answer.status_code, answer.content) == (200, b"")


def test_redirect_points_where_it_is_told(b2: Simulated) -> None:
    b2.fault(operation="agents.list", kind="redirect", to="http://127.0.0.1:9/trap")

    answer = b2.client.get("/api/agents")

    assert (answer.status_code, answer.headers["location"]) == (307, "http://127.0.0.1:9/trap")


def test_huge_answer_has_its_megabytes(b2: Simulated) -> None:
    b2.fault(operation="messages.list", kind="huge", megabytes=2)
    thread_id = b2.thread("Hello.")

    answer = b2.client.get(f"/api/threads/{thread_id}/messages")

    assert 2 * 1024 * 1024 <= len(answer.content) < 3 * 1024 * 1024
    assert set(answer.json()) == {"filler"}


def test_gzip_bomb_is_small_on_the_wire_and_large_after(b2: Simulated) -> None:
    b2.fault(operation="messages.list", kind="gzip_bomb", megabytes=3)
    thread_id = b2.thread("Hello.")

    answer = b2.client.get(f"/api/threads/{thread_id}/messages")

    assert int(answer.headers["content-length"]) < 20_000
    assert len(answer.content) > 3 * 1024 * 1024


def test_wrong_types_keep_the_keys(b2: Simulated) -> None:
    b2.fault(operation="run.get", kind="wrong_types")
    _, run_id = b2.run("Hello.")

    run = b2.status(run_id)

    assert set(run) == {"id", "threadId", "status", "startedAt", "completedAt", "error"}
    assert not isinstance(run["status"], str)


def test_fields_of_the_answer_are_replaced(b2: Simulated) -> None:
    b2.fault(operation="agent.start", kind="replace", fields={"agent_run_id": 7})
    thread_id = b2.thread("Hello.")

    assert b2.start(thread_id).json() == {"agent_run_id": 7, "status": "running"}
    assert len(runs_of(b2, thread_id)) == 1


def test_unknown_status_word_stands_for_running_in_the_run_and_in_the_list(b2: Simulated) -> None:
    b2.fault(operation="*", kind="unknown_status", word="pondering")
    thread_id, run_id = b2.run(HANG)

    assert b2.status(run_id)["status"] == "pondering"
    assert [run["status"] for run in runs_of(b2, thread_id)] == ["pondering"]
    b2.client.delete("/_simulator/faults").raise_for_status()
    assert b2.status(run_id)["status"] == "running"


def test_stream_is_cut_after_so_many_events(b2: Simulated) -> None:
    b2.fault(operation="run.stream", kind="cut_stream", events=2)
    _, run_id = b2.run('@@sim{"text": "one two three"}')

    lines: list[str] = []
    with (
        pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)),
        b2.client.stream("GET", f"/api/agent-run/{run_id}/stream") as answer,
    ):
        lines.extend(line for line in answer.iter_lines() if line)

    assert len(lines) == 2


@pytest.mark.parametrize("answer", ["error", "drop"])
def test_late_run_appears_after_its_failed_start(b2: Simulated, answer: str) -> None:
    b2.fault(operation="agent.start", rule={"times": 1}, kind="late_run", seconds=0.4, answer=answer)
    thread_id = b2.thread("Hello.")

    try:
        status = b2.start(thread_id).status_code
    except (httpx.RemoteProtocolError, httpx.ReadError):
        status = None

    assert status == (500 if answer == "error" else None)
    assert runs_of(b2, thread_id) == []
    time.sleep(0.5)
    assert [run["status"] for run in runs_of(b2, thread_id)] == ["completed"]


def test_run_vanishes_from_one_question_or_for_good(b2: Simulated) -> None:
    _, kept = b2.run("Hello.")
    b2.fault(operation="run.get", rule={"times": 1}, kind="vanish")
    b2.fault(operation="agent.start", rule={"times": 1}, kind="vanish")

    assert b2.client.get(f"/api/agent-run/{kept}").status_code == 404
    assert b2.client.get(f"/api/agent-run/{kept}").status_code == 200
    thread_id, gone = b2.run("Hello.")
    answer = b2.client.get(f"/api/agent-run/{gone}")
    assert (answer.status_code, answer.json()) == (404, {"detail": "Agent run not found"})
    assert runs_of(b2, thread_id) == []


@pytest.mark.parametrize(("when", "there"), [("before", 0), ("after", 1)])
def test_barrier_holds_the_answer_until_it_is_released(b2: Simulated, when: str, there: int) -> None:
    b2.fault(operation="agent.start", kind="barrier", name="gate", when=when)
    thread_id = b2.thread("Hello.")
    answers: list[httpx.Response] = []

    def ask() -> None:
        url = f"{b2.url}/api/thread/{thread_id}/agent/start"
        answers.append(
            httpx.post(url, json={"agent_id": "a"}, headers={"Authorization": "Bearer x"}, timeout=10)
        )

    asking = threading.Thread(target=ask)
    asking.start()
    deadline = time.monotonic() + 5
    while b2.client.get("/_simulator/barriers").json()["waiting"].get("gate", 0) != 1:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert answers == []
    assert len(runs_of(b2, thread_id)) == there

    assert b2.client.post("/_simulator/barriers/gate/release").json() == {"released": 1}
    asking.join(5)

    assert [answer.status_code for answer in answers] == [200]
    assert len(runs_of(b2, thread_id)) == 1


def test_rule_hits_only_what_it_names(b2: Simulated) -> None:
    first, first_run = b2.run("Your role: writer\n\nBees.", agent_id="agent-123")
    second, second_run = b2.run("Your role: critic\n\nBees and pears.", agent_id="agent-456")
    rules = {
        "thread": {"thread": first},
        "agent": {"agent": "agent-123"},
        "run": {"run": first_run},
        "role": {"role": "redator"},
        "contains": {"contains": "writer"},
    }
    for rule in rules.values():
        b2.fault(operation="run.get", rule=rule, kind="status", status=418)
        assert b2.client.get(f"/api/agent-run/{first_run}").status_code == 418
        assert b2.client.get(f"/api/agent-run/{second_run}").status_code == 200
        b2.client.delete("/_simulator/faults").raise_for_status()
    assert second != first


def test_rule_by_role_hits_the_start_whose_prompt_names_the_role(b2: Simulated) -> None:
    b2.fault(operation="agent.start", rule={"role": "writer"}, kind="status", status=503)

    assert b2.start(b2.thread("Your role: writer\n\nBees.")).status_code == 503
    assert b2.start(b2.thread("Your role: analyst\n\nBees.")).status_code == 200


def test_rule_hits_the_calls_it_counts(b2: Simulated) -> None:
    b2.fault(operation="agents.list", rule={"nth": [2, 4], "times": 5}, kind="status", status=503)

    statuses = [b2.client.get("/api/agents").status_code for _ in range(5)]

    assert statuses == [200, 503, 200, 503, 200]
    described = b2.client.get("/_simulator/faults").json()["faults"][0]
    assert (described["matched"], described["hit"]) == (5, 2)


def test_rule_by_chance_repeats_itself_from_its_seed(b2: Simulated) -> None:
    rounds = []
    for _ in range(2):
        b2.client.delete("/_simulator/faults").raise_for_status()
        b2.fault(operation="agents.list", rule={"probability": 0.5, "seed": 3}, kind="status", status=503)
        rounds.append([b2.client.get("/api/agents").status_code for _ in range(30)])

    assert rounds[0] == rounds[1]
    assert 5 < rounds[0].count(503) < 25


def test_rule_that_cannot_be_read_is_refused(b2: Simulated) -> None:
    answer = b2.client.post("/_simulator/faults", json={"operation": "run.get", "do": {"kind": "explode"}})

    assert answer.status_code == 422
    assert "explode" in answer.text
    assert b2.client.get("/_simulator/faults").json() == {"faults": []}


def test_two_rules_act_on_one_call(b2: Simulated) -> None:
    b2.fault(operation="agents.list", kind="latency", seconds=0.2)
    b2.fault(operation="agents.list", kind="status", status=503)
    began = time.monotonic()

    assert b2.client.get("/api/agents").status_code == 503
    assert time.monotonic() - began >= 0.2
