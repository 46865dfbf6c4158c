"""The command: what it prints, what it writes, and how it ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

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
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert process.wait(5) == 0
            assert time.monotonic() - began < 3.0
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


@pytest.mark.parametrize("options", [["--profile", "nosuch"], ["--speed", "0"], ["--variant", "b9"]])
def test_command_refuses_options_that_make_no_sense(options: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "run_suna_simulator", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode != 0
    assert done.stdout == ""
