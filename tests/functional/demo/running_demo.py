"""`make demo` as a process of its own, read line by line; and what of it is still alive."""

import re
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.fixtures.ending import kill_9

BASE_DIR = Path(__file__).resolve().parents[3]
LONGEST_S = 90


@dataclass
class RunningDemo:
    popen: "subprocess.Popen[str]"
    folder: Path
    mark: str
    lines: list[str] = field(default_factory=list)

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def read_until(self, text: str) -> str:
        """Return the first line with `text`; the demo must say it before it ends."""
        assert self.popen.stdout is not None
        for line in self.popen.stdout:
            self.lines.append(line)
            if text in line:
                return line
        raise AssertionError(f"the demo ended without saying {text!r}: {self.output}")

    def finish(self) -> int:
        """Read to the end; return the exit status."""
        assert self.popen.stdout is not None
        self.lines.extend(self.popen.stdout)
        return self.popen.wait(timeout=LONGEST_S)

    def processes(self) -> dict[int, str]:
        """The demo's living processes and their command lines; a zombie's environment is empty."""
        found = {}
        for process in Path("/proc").iterdir():
            if process.name.isdigit():
                try:
                    environment = (process / "environ").read_bytes()
                    command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                except OSError:
                    continue
                if self.mark.encode() in environment:
                    found[int(process.name)] = command
        return found

    def simulator_pid(self) -> int:
        (pid,) = [pid for pid, command in self.processes().items() if "run_suna_simulator" in command]
        return pid

    def simulator(self) -> tuple[str, str]:
        """Return the simulator's address and the token that it takes."""
        log = (self.folder / "log" / "demo-simulator.log").read_text()
        command = self.processes()[self.simulator_pid()]
        address = re.findall(r"http://127\.0\.0\.1:\d+", log)[-1]
        return address, re.search(r"--token (\S+)", command)[1]  # type: ignore[index]

    def wait_until_gone(self) -> None:
        until = time.monotonic() + 60
        while left := self.processes():
            assert time.monotonic() < until, left
            time.sleep(0.05)


@contextmanager
def running_demo(*options: str, env: dict[str, str], folder: Path) -> Iterator[RunningDemo]:
    mark = f"demo-test-{uuid.uuid4()}"
    with subprocess.Popen(
        [sys.executable, "manage.py", "renum_demo", *options],
        cwd=BASE_DIR,
        env={**env, "RENUM_VAR_DIR": str(folder), "MARK_OF_A_TEST": mark},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as popen:
        demo = RunningDemo(popen=popen, folder=folder, mark=mark)
        try:
            yield demo
        finally:
            if popen.poll() is None:
                popen.terminate()
            kill_9(demo.processes() if popen.wait(timeout=60) else ())
