"""Start the processes of one machine, wait until each is ready, and leave none of them behind.

Each child has a session of its own, so that Ctrl-C in a terminal reaches the supervisor alone. A stop goes
to each child's first process only: django-q2 hangs for ever when its whole group gets a SIGTERM. Whatever
outlives its time, or was left by a dead parent, is killed as a group.
"""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

LOOPBACK = "127.0.0.1"
PR_SET_PDEATHSIG = 1
MAX_LOG_BYTES = 10_000_000
TICK_S = 0.05


class ProcessError(Exception):
    """A process did not start, ended early, or failed; the message is one sentence with its log's path."""


class StopRequestedError(BaseException):
    """SIGINT or SIGTERM reached the supervisor. Not an Exception: nothing in between may swallow it."""


@dataclass(slots=True, kw_only=True)
class Child:
    """One running process and the file that it writes to."""

    name: str
    popen: "subprocess.Popen[bytes]"
    log: Path
    log_start: int

    def output(self) -> str:
        """Return what the child has written since it was started."""
        with self.log.open("rb") as file:
            file.seek(self.log_start)
            return file.read().decode(errors="replace").strip()

    def last_line(self) -> str:
        """Return the last line that it wrote, for a message."""
        return (self.output().splitlines() or ["it said nothing"])[-1].strip()


class Supervisor:
    """The children of this process, in the order of their start."""

    def __init__(self, *, log_folder: Path, stop_wait_s: float = 25.0) -> None:
        self.log_folder = log_folder
        self.stop_wait_s = stop_wait_s
        self.children: list[Child] = []

    def start(
        self,
        name: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        ready: Callable[[Child], bool] | None = None,
        ready_timeout_s: float = 30.0,
    ) -> Child:
        """Start a child and wait until `ready` says yes. Raises ProcessError."""
        child = self._spawn(name, argv, env=env)
        self.children.append(child)
        until = time.monotonic() + ready_timeout_s
        while ready is not None and not ready(child):
            self.check_alive()
            if time.monotonic() > until:
                msg = f"{name} was not ready after {ready_timeout_s:g} s: {child.last_line()} ({child.log})"
                raise ProcessError(msg)
            time.sleep(TICK_S)
        return child

    def run(
        self, name: str, argv: Sequence[str], *, env: Mapping[str, str] | None = None, timeout_s: float = 300
    ) -> Child:
        """Run a child to its end. Raises ProcessError where it fails or takes too long."""
        child = self._spawn(name, argv, env=env)
        try:
            code = child.popen.wait(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            msg = f"{name} was not done after {timeout_s:g} s ({child.log})"
            raise ProcessError(msg) from None
        finally:
            _kill_group(child)
        if code:
            msg = f"{name} failed: {child.last_line()} ({child.log})"
            raise ProcessError(msg)
        return child

    def check_alive(self) -> None:
        """Raise ProcessError where a child has ended by itself."""
        for child in self.children:
            code = child.popen.poll()
            if code is not None:
                msg = f"{child.name} ended with code {code}: {child.last_line()} ({child.log})"
                raise ProcessError(msg)

    def wait(self) -> None:
        """Stay until a child ends by itself (ProcessError) or a signal comes (StopRequestedError)."""
        while True:
            self.check_alive()
            time.sleep(0.2)

    def stop_all(self) -> None:
        """Stop the children, last started first; afterwards none of their processes is left."""
        for child in reversed(self.children):
            _stop(child, wait_s=self.stop_wait_s)
        self.children.clear()

    def _spawn(self, name: str, argv: Sequence[str], *, env: Mapping[str, str] | None) -> Child:
        self.log_folder.mkdir(parents=True, exist_ok=True)
        log = self.log_folder / f"{name}.log"
        if log.exists() and log.stat().st_size > MAX_LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        supervisor = os.getpid()
        with log.open("ab") as output:
            # Asked for before the child shares this place in the file: it may write before we go on.
            log_start = output.tell()
            popen = subprocess.Popen(  # noqa: S603  our own commands
                list(argv),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(env) if env is not None else None,
                start_new_session=True,
                preexec_fn=lambda: _die_with(supervisor),
            )
            return Child(name=name, popen=popen, log=log, log_start=log_start)


@contextlib.contextmanager
def supervise(*, log_folder: Path, stop_wait_s: float = 25.0) -> Iterator[Supervisor]:
    """Give a supervisor; stop all its children at the end, be it an error, SIGINT or SIGTERM."""
    supervisor = Supervisor(log_folder=log_folder, stop_wait_s=stop_wait_s)

    def request_stop(number: int, _frame: FrameType | None) -> None:
        raise StopRequestedError(signal.Signals(number).name)

    previous = {number: signal.signal(number, request_stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield supervisor
    finally:
        # A second Ctrl-C must not cut the clean-up short.
        for number in previous:
            signal.signal(number, signal.SIG_IGN)
        supervisor.stop_all()
        for number, handler in previous.items():
            signal.signal(number, handler)


def listens_on(port: int) -> Callable[[Child], bool]:
    """Return a readiness test: somebody accepts connections on that loopback port."""

    def is_ready(_child: Child) -> bool:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex((LOOPBACK, port)) == 0

    return is_ready


def has_said(text: str) -> Callable[[Child], bool]:
    """Return a readiness test: the child has written `text`."""
    return lambda child: text in child.output()


def find_free_port(preferred: int, *, tries: int = 50) -> int:
    """Return the first free loopback port from `preferred` on. Raises ProcessError where all are taken."""
    for port in range(preferred, min(preferred + tries, 65_536)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind((LOOPBACK, port))
                return port
    msg = f"No port from {preferred} on is free."
    raise ProcessError(msg)


def _die_with(supervisor: int) -> None:
    """In the child: ask the kernel for a SIGTERM when the supervisor dies, be it by kill -9."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != supervisor:
            os._exit(1)


def _stop(child: Child, *, wait_s: float) -> None:
    if child.popen.poll() is None:
        child.popen.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.popen.wait(timeout=wait_s)
    _kill_group(child)


def _kill_group(child: Child) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.popen.pid, signal.SIGKILL)
    child.popen.wait()
