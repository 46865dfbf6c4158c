"""Limits and payments of c1, c2 and d: 402 with an object, or hidden in the text of a 500."""

import re
from pathlib import Path

import msgspec
import pytest

from executions.suna.simulator.times import Times, named_times
from tests.contract.simulator.native_calls import sim, start, stop
from tests.contract.simulator.simulator_server import running_simulator

VERSIONS = [("2025-12", "c1"), ("2025-12", "c2"), ("2026-01", "d")]
EACH_VERSION = pytest.mark.parametrize(("profile", "variant"), VERSIONS)
NOT_PENDING = Times(pending_s=0.0)


@EACH_VERSION
def test_slots_are_refused_with_402_and_free_again_after_a_stop(profile: str, variant: str) -> None:
    options = {"profile": profile, "variant": variant, "parallel_limit": 2, "times": NOT_PENDING}
    with running_simulator(**options) as simulated:
        running = [start(simulated, sim(hang=True)) for _ in range(2)]
        fields = {"prompt": "x", "agent_id": "agent-123", "thread_id": running[0]["thread_id"]}
        refused = simulated.client.post("/v1/agent/start", data=fields)

        assert refused.status_code == 402
        detail = refused.json()["detail"]
        assert detail.pop("error_code") == "AGENT_RUN_LIMIT_EXCEEDED"
        threads = detail.pop("running_thread_ids", None)
        if variant == "d":
            assert threads is None
            assert detail == {"message": "Concurrent limit reached (2)", "running_count": 2, "limit": 2}
        else:
            assert set(threads) == {started["thread_id"] for started in running}
            assert set(detail) == {"message", "running_count", "limit"}
        stop(simulated, running[0])
        assert start(simulated, "x")["status"] == "running"


@pytest.mark.parametrize("variant", ["c1", "c2"])
def test_start_over_the_plan_meets_the_limit_of_projects(variant: str) -> None:
    with running_simulator(profile="2025-12", variant=variant, thread_limit=1) as simulated:
        started = start(simulated, "x")
        refused = simulated.client.post("/v1/agent/start", data={"prompt": "x", "agent_id": "agent-123"})

        assert refused.status_code == 402
        detail = refused.json()["detail"]
        assert set(detail) == {"message", "current_count", "limit", "tier_name", "error_code"}
        assert detail["error_code"] == "PROJECT_LIMIT_EXCEEDED"
        # One more run on a thread that is there needs no more threads.
        assert start(simulated, "x", thread_id=started["thread_id"])["status"] == "running"


@EACH_VERSION
def test_limit_of_threads_is_hidden_in_the_text_of_a_500(profile: str, variant: str) -> None:
    with running_simulator(profile=profile, variant=variant, thread_limit=1) as simulated:
        project_id = simulated.client.post("/v1/threads").json()["project_id"]
        refused = simulated.client.post("/v1/threads")

        assert refused.status_code == 500
        assert refused.json()["detail"].startswith("Failed to create thread: 402: {'message'")
        assert "'error_code': 'THREAD_LIMIT_EXCEEDED'" in refused.json()["detail"]
        if variant != "c1":
            in_project = simulated.client.post(f"/v1/projects/{project_id}/threads")
            assert in_project.status_code == 402
            assert in_project.json()["detail"]["error_code"] == "THREAD_LIMIT_EXCEEDED"


def test_first_start_over_the_limit_is_allowed_while_the_cache_is_cold() -> None:
    with running_simulator(profile="2026-01", thread_limit=1) as simulated:
        simulated.client.post("/v1/threads").raise_for_status()
        cold = simulated.client.post("/v1/agent/start", data={"prompt": "x", "agent_id": "agent-123"})
        warm = simulated.client.post("/v1/agent/start", data={"prompt": "x", "agent_id": "agent-123"})

    assert (cold.status_code, warm.status_code) == (200, 402)
    assert set(warm.json()["detail"]) == {"message", "current_count", "limit", "error_code"}
    assert warm.json()["detail"]["error_code"] == "THREAD_LIMIT_EXCEEDED"


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("MODEL_ACCESS_DENIED", {"message", "tier_name", "error_code"}),
        ("INSUFFICIENT_CREDITS", {"message", "error_code"}),
        ("AGENT_LIMIT_EXCEEDED", {"message", "current_count", "limit", "tier_name", "error_code"}),
    ],
)
def test_payments_are_asked_for_on_demand(code: str, names: set[str]) -> None:
    with running_simulator(profile="2025-12", variant="c1") as simulated:
        simulated.fault(operation="agent.start", kind="payment", error_code=code)
        refused = simulated.client.post("/v1/agent/start", data={"prompt": "x", "agent_id": "agent-123"})

    assert refused.status_code == 402
    assert set(refused.json()["detail"]) == names
    assert refused.json()["detail"]["error_code"] == code


def test_times_are_given_by_name_and_those_that_are_not_named_stay() -> None:
    with running_simulator(profile="2026-01") as simulated:
        simulated.set_options(times={"pending_s": 30, "ping_s": 1}, parallel_limit=7)
        simulated.set_options(thread_limit=5)
        options = simulated.client.get("/_simulator/options").json()["options"]
        started = start(simulated, sim(text="Done."))
        asked = simulated.client.get(f"/v1/agent-run/{started['agent_run_id']}")

    assert (options["parallel_limit"], options["thread_limit"]) == (7, 5)
    assert options["times"] == msgspec.to_builtins(Times(pending_s=30.0, ping_s=1.0))
    assert asked.status_code == 404
    assert named_times(["pending_s=2"]) == Times(pending_s=2.0)
    with pytest.raises(ValueError, match="pendings"):
        named_times(["pendings=2"])


def test_page_names_each_time() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "simulator.md").read_text(encoding="utf-8")
    table = page.partition("| Time |")[2].partition("\n\n")[0]

    assert set(re.findall(r"`([a-z_]+_s)`", table)) == set(Times.__struct_fields__)


def test_faults_of_one_agent_or_prompt_find_it_in_a_form() -> None:
    with running_simulator(profile="2025-12", variant="c1") as simulated:
        simulated.fault(operation="agent.start", rule={"agent": "agent-456"}, kind="status", status=503)
        simulated.fault(operation="agent.start", rule={"contains": "tides"}, kind="too_many")

        def status(**fields: str) -> int:
            return simulated.client.post("/v1/agent/start", data=fields).status_code

        assert status(prompt="x", agent_id="agent-456") == 503
        assert status(prompt="about tides", agent_id="agent-123") == 402
        assert status(prompt="x", agent_id="agent-123") == 200
