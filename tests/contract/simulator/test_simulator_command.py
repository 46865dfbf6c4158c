"""The command: what it prints, what it writes, and how it ends."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from django.core.management import CommandError, call_command

ROOT = Path(__file__).parents[3]


def wait_for(path: Path) -> int:
    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return int(path.read_text())


def test_command_serves_writes_its_ledger_and_ends_soon_after_sigterm(tmp_path: Path) -> None:
    port_file, ledger = tmp_path / "port", tmp_path / "ledger.jsonl"
    command = [sys.executable, "manage.py", "run_suna_simulator", "--profile", "2025-08", "--variant", "b1"]
    options = ["--port-file", str(port_file), "--ledger", str(ledger), "--token", "good"]
    process = subprocess.Popen(
        [*command, *options], cwd=ROOT, stdout=subprocess.PIPE, text=True, env=os.environ.copy()
    )
    try:
        port = wait_for(port_file)
        base = f"http://127.0.0.1:{port}"
        headers = {"Authorization": "Bearer good"}
        thread_id = httpx.post(f"{base}/api/threads", headers=headers).json()["thread_id"]
        message = {"type": "user", "content": '@@sim{"hang": true}', "is_llm_message": True}
        httpx.post(f"{base}/api/threads/{thread_id}/messages", headers=headers, json=message)
        start = f"{base}/api/thread/{thread_id}/agent/start"
        run_id = httpx.post(start, headers=headers, json={}).json()["agent_run_id"]
        # An open stream must not keep the process alive.
        with httpx.stream("GET", f"{base}/api/agent-run/{run_id}/stream", headers=headers) as stream:
            assert next(stream.iter_lines()).startswith("data: ")
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        assert process.stdout is not None
        lines = process.stdout.read().splitlines()
        assert lines[0] == f"Suna simulator (profile 2025-08 b1) on {base}"
        assert "  POST /api/thread/{thread_id}/agent/start  (agent.start)" in lines
        assert len(ledger.read_text().splitlines()) == 4
    finally:
        if process.poll() is None:
            process.kill()
        if process.stdout is not None:
            process.stdout.close()


def test_simulator_runs_alone_with_no_settings_in_its_environment(tmp_path: Path) -> None:
    port_file = tmp_path / "port"
    command = [sys.executable, "-W", "error", "-m", "executions.suna.simulator", "--profile", "2025-08/b1"]
    process = subprocess.Popen(
        [*command, "--port-file", str(port_file)],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        base = f"http://127.0.0.1:{wait_for(port_file)}"
        listed = httpx.get(f"{base}/api/agents", headers={"Authorization": "Bearer any"}).json()
        process.send_signal(signal.SIGINT)
        printed, errors = process.communicate(timeout=10)
    finally:
        process.kill()
        process.communicate()

    assert set(listed["pagination"]) == {"page", "limit", "total", "pages"}
    assert (process.returncode, errors) == (0, "")
    assert printed.startswith(f"Suna simulator (profile 2025-08 b1) on {base}\n")


def test_simulator_alone_needs_neither_django_nor_a_driver_of_a_database() -> None:
    look = (
        "import sys, executions.suna.simulator.command; "
        "print(sorted({'django', 'redis', 'psycopg', 'httpx'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    "options",
    [["--profile", "nosuch"], ["--speed", "0"], ["--variant", "b9"], ["--profile", "2025-07/b1"]],
)
def test_command_refuses_options_that_make_no_sense(options: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("run_suna_simulator", *options)


def test_command_refuses_an_address_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(CommandError, match="Address"):
        call_command("run_suna_simulator", "--port", str(taken.getsockname()[1]))
