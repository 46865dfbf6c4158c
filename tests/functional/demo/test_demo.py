"""`make demo` for real: what it prints is what the API says, and it fails aloud when it should."""

import os
import signal
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.test import Client

from executions.models import Execution, TeamMessage
from renum_site.demo.accounts import DEMO, TERMINAL
from renum_site.start_lock import hold_start_lock
from teams.models import User
from tests.fixtures.running import TOKEN, simulated_suna
from tests.functional.demo.running_demo import running_demo

pytestmark = [pytest.mark.faults, pytest.mark.usefixtures("transactional_db", "clean_redis")]

TITLES = ("Sequential", "Conditional, a technical question", "Conditional, a billing question", "Talking")
TALK = ["request from step:researcher", "reply from step:analyst"]


def read_api(username: str) -> list[dict[str, Any]]:
    """Every execution that a person sees, whole, the oldest first."""
    client = Client()
    client.force_login(User.objects.get(username=username))
    listed = client.get("/api/v1/executions").json()["results"]
    return [client.get(f"/api/v1/executions/{row['id']}").json() for row in reversed(listed)]


def test_two_demos_print_what_the_api_says_exit_0_and_are_there_to_read_in_the_browser(
    child_env: dict[str, str], tmp_path: Path
) -> None:
    with running_demo("--fast", env=child_env, folder=tmp_path) as demo:
        assert demo.finish() == 0, demo.output
        demo.wait_until_gone()
    first = read_api(TERMINAL)
    check_output(demo.output, first)
    with running_demo("--fast", "--together", "--profile", "seed", env=child_env, folder=tmp_path) as demo:
        assert demo.finish() == 0, demo.output
        demo.wait_until_gone()
    both = read_api(DEMO)
    check_output(demo.output, both[4:])
    assert [execution["id"] for execution in both[:4]] == [execution["id"] for execution in first]
    # Nothing was left under way, so the second demo had no need of a connection of its own.
    assert Execution.objects.values("connection").distinct().count() == 1


def check_output(output: str, executions: list[dict[str, Any]]) -> None:
    assert "Suna is simulated" in output
    assert [execution["status"] for execution in executions] == ["completed"] * 4
    for title, execution in zip(TITLES, executions, strict=True):
        usage, cost = execution["usage"], Decimal(execution["cost"]["cost_usd"])
        assert usage["tokens_input"] > 0
        assert cost > 0
        tokens = f"{usage['tokens_input']} in, {usage['tokens_output']} out"
        assert f"{title}: {tokens}, ${cost.normalize():f}\n" in output
        assert f"{title}: {execution['prompt']}\n" in output
        assert f"--- {title} | the final answer\n{execution['result_text']}\n" in output
        for step in execution["steps"]:
            heading = f"--- {title} | {step['role']} ({step['agent_id']})\n{step['result_text']}\n"
            assert (heading in output) == (step["status"] == "completed")
    _, technical, billing, talking = executions
    assert [step["status"] for step in technical["steps"]] == ["completed", "completed", "skipped"]
    assert [step["status"] for step in billing["steps"]] == ["completed", "skipped", "completed"]
    assert (
        f"{TITLES[2]}: technical_support (agent-456): skipped: category is billing, not technical" in output
    )
    tokens_in = sum(execution["usage"]["tokens_input"] for execution in executions)
    tokens_out = sum(execution["usage"]["tokens_output"] for execution in executions)
    assert f"All: 10 runs, {tokens_in} in, {tokens_out} out" in output
    messages = TeamMessage.objects.filter(execution=talking["id"]).order_by("seq")
    assert [f"{kind} from {sender}" for kind, sender in messages.values_list("kind", "sender")] == TALK
    assert talking["steps"][2]["result_data"]["sources"]["facts"] == "step:researcher"
    assert "The simulator's ledger agrees" in output


def test_the_demo_exits_1_and_says_where_it_stood_when_the_simulator_dies_half_way(
    child_env: dict[str, str], tmp_path: Path
) -> None:
    with running_demo(env=child_env, folder=tmp_path) as demo:
        demo.read_until("Sequential: completed")
        os.kill(demo.simulator_pid(), signal.SIGKILL)
        assert demo.finish() == 1, demo.output
        demo.wait_until_gone()
    last = demo.lines[-1]
    assert "demo-simulator ended with code -9" in last
    assert "Conditional, a technical question: " in last
    assert "Done in" not in demo.output
    assert "ledger agrees" not in demo.output
    statuses = list(Execution.objects.order_by("id").values_list("status", flat=True))
    assert statuses[0] == "completed"
    assert len(statuses) == 2
    assert statuses[1] not in ("completed", "partial")
    assert Execution.objects.order_by("id").last().cancel_requested_at is not None  # type: ignore[union-attr]


def test_an_execution_left_behind_never_reaches_the_next_demos_simulator(
    child_env: dict[str, str], tmp_path: Path
) -> None:
    with running_demo(env=child_env, folder=tmp_path) as demo:
        demo.read_until("Sequential: researcher (agent-123): running")
        # The demo itself dies, and can cancel nothing.
        demo.popen.kill()
        demo.finish()
        demo.wait_until_gone()
    with running_demo("--fast", "--together", env=child_env, folder=tmp_path) as demo:
        assert demo.finish() == 0, demo.output
    left, *after = Execution.objects.order_by("id")
    assert left.status not in ("completed", "partial")
    assert [execution.status for execution in after] == ["completed"] * 4
    assert left.connection_id not in {execution.connection_id for execution in after}


def test_the_demo_exits_1_when_somebody_else_starts_an_agent_on_its_simulator(
    child_env: dict[str, str], tmp_path: Path
) -> None:
    with running_demo("--fast", "--profile", "seed", env=child_env, folder=tmp_path) as demo:
        demo.read_until("Sequential: completed")
        address, token = demo.simulator()
        with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {token}"}) as suna:
            thread = suna.post("/api/threads", data={"name": "x"}).json()["thread_id"]
            wanted = {"agent_id": "agent-999", "initial_prompt": "Hello"}
            suna.post(f"/api/thread/{thread}/agent/start", json=wanted).raise_for_status()
        assert demo.finish() == 1, demo.output
    assert "The simulator ran agent-999" in demo.lines[-1]
    assert "for no step of these executions" in demo.lines[-1]


def test_ctrl_c_stops_everything_with_130(child_env: dict[str, str], tmp_path: Path) -> None:
    with running_demo(env=child_env, folder=tmp_path) as demo:
        demo.read_until("Sequential: researcher (agent-123): running")
        demo.popen.send_signal(signal.SIGINT)
        assert demo.finish() == 130, demo.output
        demo.wait_until_gone()
    assert "Stopped." in demo.lines[-1]
    assert Execution.objects.order_by("id").last().cancel_requested_at is not None  # type: ignore[union-attr]


def test_a_demo_beside_another_is_refused(child_env: dict[str, str], tmp_path: Path) -> None:
    # What a demo holds from its beginning to its end.
    with hold_start_lock(tmp_path / "demo.lock"), running_demo(env=child_env, folder=tmp_path) as second:
        assert second.finish() == 1
        assert "Another demo is under way" in second.output
    assert not Execution.objects.exists()


def test_a_suna_of_the_settings_is_used_and_the_deadline_ends_what_takes_too_long(
    child_env: dict[str, str], tmp_path: Path
) -> None:
    with simulated_suna("2025-08", "--run-seconds", "60", folder=tmp_path) as suna:
        env = {**child_env, "SUNA_BASE_URL": suna.url, "SUNA_BEARER_TOKEN": TOKEN}
        with running_demo("--fast", "--deadline", "8", env=env, folder=tmp_path) as demo:
            assert demo.finish() == 1, demo.output
            demo.wait_until_gone()
        assert suna.get("summary")["starts"] == 1
    assert f"Suna is the one at {suna.url}" in demo.output
    assert "simulated (profile" not in demo.output
    last = demo.lines[-1]
    assert "The time is up. Sequential: running (researcher running, analyst pending, writer pending)" in last


def test_a_suna_of_the_settings_has_no_ledger_to_compare_with(
    child_env: dict[str, str], tmp_path: Path
) -> None:
    with simulated_suna("2025-08", "--run-seconds", "0.1", folder=tmp_path) as suna:
        env = {**child_env, "SUNA_BASE_URL": suna.url, "SUNA_BEARER_TOKEN": TOKEN, "SUNA_PROFILE": "2025-08"}
        with running_demo("--fast", "--together", env=env, folder=tmp_path) as demo:
            assert demo.finish() == 0, demo.output
    assert "no simulator's ledger to compare with" in demo.output
