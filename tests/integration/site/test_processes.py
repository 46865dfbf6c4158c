"""The supervisor of `make run`: children start, are waited for, and are all gone afterwards."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from renum_site.processes import (
    LOOPBACK,
    ProcessError,
    Supervisor,
    find_free_port,
    has_said,
    listens_on,
    supervise,
)
from tests.fixtures.deaf_port import deaf_port

BASE_DIR = Path(__file__).resolve().parents[3]
# A child with a child of its own, as django-q2's master has; it writes both ids.
FAMILY = (
    "import os, subprocess, sys, time\n"
    "inner = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
    # In one write: who waits for the first word reads them all.
    "os.write(1, f'family {os.getpid()} {inner.pid}\\n'.encode())\n"
    "time.sleep(600)\n"
)
STUBBORN = (
    "import signal, time\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "print('deaf', flush=True)\n"
    "time.sleep(600)\n"
)


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until_gone(pid: int) -> None:
    until = time.monotonic() + 60
    while is_running(pid):
        assert time.monotonic() < until, f"process {pid} is still there"
        time.sleep(0.02)


def test_children_and_their_children_are_gone_when_the_supervisor_stops(tmp_path: Path) -> None:
    with supervise(log_folder=tmp_path) as supervisor:
        child = supervisor.start("family", python(FAMILY), ready=has_said("family"))
        _, outer, inner = child.output().split()
    for pid in (int(outer), int(inner)):
        wait_until_gone(pid)


def test_a_child_that_ignores_sigterm_is_killed_when_its_time_is_over(tmp_path: Path) -> None:
    started = time.monotonic()
    with supervise(log_folder=tmp_path, stop_wait_s=0.3) as supervisor:
        child = supervisor.start("stubborn", python(STUBBORN), ready=has_said("deaf"))
    assert child.popen.returncode == -signal.SIGKILL
    assert time.monotonic() - started < 20


def test_children_stop_in_reverse_order_and_only_their_first_process_gets_sigterm(tmp_path: Path) -> None:
    note = (
        "import os, signal, sys, time\n"
        "def end(*_):\n"
        "    open(sys.argv[1], 'a').write(sys.argv[2] + ' ')\n"
        "    os._exit(0)\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "if os.fork() == 0: sys.argv[2] += '-inner'\n"
        "else: print('up', flush=True)\n"
        "time.sleep(600)\n"
    )
    order = tmp_path / "order"
    with supervise(log_folder=tmp_path) as supervisor:
        for name in ("first", "second", "third"):
            supervisor.start(name, [*python(note), str(order), name], ready=has_said("up"))
    assert order.read_text().split() == ["third", "second", "first"]


def test_a_child_that_ends_early_is_reported_with_its_last_line(tmp_path: Path) -> None:
    with (
        pytest.raises(ProcessError, match=r"broken ended with code 3: no luck \(.*broken\.log\)"),
        supervise(log_folder=tmp_path) as supervisor,
    ):
        supervisor.start(
            "broken", python("import sys; print('no luck'); sys.exit(3)"), ready=has_said("ready")
        )


def test_a_child_that_is_never_ready_is_reported_and_stopped(tmp_path: Path) -> None:
    with (
        deaf_port() as port,
        pytest.raises(ProcessError, match=r"slow was not ready after 0\.3 s"),
        supervise(log_folder=tmp_path) as supervisor,
    ):
        supervisor.start("slow", python(FAMILY), ready=listens_on(port), ready_timeout_s=0.3)
    assert supervisor.children == []


def test_a_failing_step_is_told_with_the_last_line_of_this_run_only(tmp_path: Path) -> None:
    supervisor = Supervisor(log_folder=tmp_path)
    assert supervisor.run("step", python("print('from the first run')")).output() == "from the first run"
    with pytest.raises(ProcessError, match="step failed: it said nothing"):
        supervisor.run("step", python("raise SystemExit(1)"))


def test_what_a_child_says_before_anybody_looks_is_in_its_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class OverAtOnce(subprocess.Popen):  # type: ignore[type-arg]  # as its parent class at runtime
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            self.wait()

    monkeypatch.setattr(subprocess, "Popen", OverAtOnce)
    assert Supervisor(log_folder=tmp_path).run("quick", python("print('here')")).output() == "here"


def test_the_next_port_is_found_when_the_first_is_taken() -> None:
    with socket.socket() as taker:
        taker.bind((LOOPBACK, 0))
        taker.listen()
        taken = taker.getsockname()[1]
        assert find_free_port(taken) > taken


SUPERVISOR = (
    "import pathlib, sys\n"
    "from renum_site.processes import StopRequestedError, has_said, supervise\n"
    "try:\n"
    "    with supervise(log_folder=pathlib.Path(sys.argv[1])) as s:\n"
    "        c = s.start('family', [sys.executable, '-c', sys.argv[2]], ready=has_said('family'))\n"
    "        print(c.output(), flush=True)\n"
    "        s.wait()\n"
    "except StopRequestedError as stop:\n"
    "    print('stopped by', stop, flush=True)\n"
)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_first_process_is_left_when_the_supervisor_itself_is_ended(
    tmp_path: Path, number: signal.Signals
) -> None:
    with subprocess.Popen(
        [*python(SUPERVISOR), str(tmp_path), FAMILY], cwd=BASE_DIR, stdout=subprocess.PIPE, text=True
    ) as supervisor:
        assert supervisor.stdout is not None
        try:
            said = supervisor.stdout.readline()
        finally:
            os.kill(supervisor.pid, number)
        rest = supervisor.stdout.read()
    _, outer, inner = said.split()
    wait_until_gone(int(outer))
    if number == signal.SIGKILL:
        # Nobody is left to kill the group; a real child ends its own children when it gets the SIGTERM.
        os.kill(int(inner), signal.SIGKILL)
    else:
        assert rest.strip() == f"stopped by {number.name}"
        wait_until_gone(int(inner))
