"""Profile seed: the design document's own contract and its completion."""

from typing import Any

from tests.contract.simulator.simulator_server import Simulated, running_simulator


def start(seed: Simulated, prompt: str, **fields: Any) -> tuple[str, str]:
    thread_id = seed.thread()
    answer = seed.start(thread_id, initial_prompt=prompt, **fields)
    assert set(answer.json()) == {"agent_run_id"}
    return thread_id, answer.json()["agent_run_id"]


def test_start_takes_the_prompt_and_results_give_output_and_usage(seed: Simulated) -> None:
    thread_id, run_id = start(seed, "Your role: analyst\n\nWeigh tides against wind.")

    assert seed.status(run_id) == {
        "id": run_id,
        "thread_id": thread_id,
        "status": "completed",
        "error": None,
    }
    results = seed.client.get(f"/api/agent-run/{run_id}/results").json()
    assert set(results) == {"agent_run_id", "output", "files", "usage"}
    assert results["output"].endswith("[simulated by analyst]")
    assert [(use["provider"], use["model"]) for use in results["usage"]] == [
        ("anthropic", "claude-sonnet-4-5")
    ]
    assert set(results["usage"][0]) == {"id", "provider", "model", "prompt_tokens", "completion_tokens"}


def test_runs_of_a_thread_are_listed_as_in_2025_08(seed: Simulated) -> None:
    thread_id, run_id = start(seed, "Hello.")

    listed = seed.client.get(f"/api/thread/{thread_id}/agent-runs").json()["agent_runs"]

    assert [run["id"] for run in listed] == [run_id]
    assert {"thread_id", "status", "started_at", "completed_at", "error"} <= set(listed[0])


def test_structured_output_is_an_object(seed: Simulated) -> None:
    _, run_id = start(seed, '@@sim{"output": {"category": "technical"}}')

    assert seed.client.get(f"/api/agent-run/{run_id}/results").json()["output"] == {"category": "technical"}


def test_failed_run_has_its_error_and_no_output(seed: Simulated) -> None:
    _, run_id = start(seed, '@@sim{"fail": "no such model"}')

    assert (seed.status(run_id)["status"], seed.status(run_id)["error"]) == ("failed", "no such model")
    results = seed.client.get(f"/api/agent-run/{run_id}/results").json()
    assert (results["output"], results["usage"]) == (None, [])


def test_stop_works_and_there_are_no_messages_and_no_stream(seed: Simulated) -> None:
    thread_id, run_id = start(seed, '@@sim{"hang": true}')

    assert seed.client.post(f"/api/agent-run/{run_id}/stop").status_code == 200
    assert seed.status(run_id)["status"] == "stopped"
    assert seed.client.get(f"/api/threads/{thread_id}/messages").status_code == 404
    assert seed.client.get(f"/api/agent-run/{run_id}/stream").status_code == 404


def test_start_is_refused_when_agent_or_prompt_is_missing(seed: Simulated) -> None:
    thread_id = seed.thread()

    answer = seed.start(thread_id)

    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "initial_prompt"]


def test_openapi_names_the_results_route_that_tells_this_profile_from_the_others(seed: Simulated) -> None:
    paths = seed.client.get("/openapi.json").json()["paths"]

    assert "/api/agent-run/{agent_run_id}/results" in paths
    assert "/api/threads/{thread_id}/messages" not in paths


def test_unknown_agents_are_refused_when_the_catalogue_is_strict() -> None:
    with running_simulator(profile="seed", strict_agents=True) as simulated:
        assert simulated.client.get("/api/agents/nobody").status_code == 404
        answer = simulated.start(simulated.thread(), agent_id="nobody", initial_prompt="Hello.")
        assert answer.status_code == 404
