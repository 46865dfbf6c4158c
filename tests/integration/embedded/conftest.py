"""A folder of its own for each test's services, and a sure end for whatever a test starts there."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from renum_site.embedded.lifecycle import start_services, stop_services
from renum_site.embedded.state import Address, read_address
from tests.fixtures.ending import kill_9

BASE_DIR = Path(__file__).resolve().parents[3]
NOTHING = frozenset[str]()


class Box:
    """Services below one temporary folder, with the rough handling that the tests need."""

    def __init__(self, var: Path) -> None:
        self.var = var

    def start(self) -> None:
        start_services(var=self.var, external=NOTHING)

    def stop(self) -> list[str]:
        return stop_services(var=self.var, external=NOTHING)

    def address(self, service: str) -> Address:
        address = read_address(self.var, service)
        assert address is not None
        return address

    @property
    def data(self) -> Path:
        return self.var / "services" / "postgres" / "data"

    def processes(self) -> list[int]:
        """The processes that hold one of this folder's life locks open, zombies not counted."""
        locks = {
            (place.stat().st_dev, place.stat().st_ino) for place in (self.var / "services").glob("*.alive")
        }
        found = []
        for process in Path("/proc").iterdir():
            if process.name.isdigit() and int(process.name) != os.getpid() and self._holds(process, locks):
                found.append(int(process.name))
        return sorted(found)

    @staticmethod
    def _holds(process: Path, locks: set[tuple[int, int]]) -> bool:
        try:
            opened = [place.stat() for place in (process / "fd").iterdir()]
        except OSError:
            return False
        return any((about.st_dev, about.st_ino) in locks for about in opened)

    def pid_of(self, name: str) -> int:
        """The one process of ours whose program has that name and whose parent is not one of ours."""
        own = self.processes()
        (pid,) = [pid for pid in own if _program(pid).startswith(name) and _parent(pid) not in own]
        return pid

    def kill_9(self, name: str) -> None:
        os.kill(self.pid_of(name), signal.SIGKILL)

    def command(self, verb: str, **env: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "renum_site.embedded", verb],
            cwd=BASE_DIR,
            env={**_environment(), "RENUM_VAR_DIR": str(self.var), **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    return {**kept, "RENUM_ENV_FILE": ""}


def _program(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


def _parent(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    match = re.search(r"^PPid:\s+(\d+)$", status, re.MULTILINE)
    assert match is not None
    return int(match[1])


@contextlib.contextmanager
def opened_box(template: Path | None = None) -> Iterator[Box]:
    """Give a box, empty or with a copy of stopped services, and leave nothing of it behind."""
    # Not tmp_path: its parents are closed to other users, and as root the services are another user.
    folder = Path(tempfile.mkdtemp(prefix="renum-test-"))
    folder.chmod(0o711)
    if template is not None:
        subprocess.run(["cp", "-a", str(template / "services"), str(folder)], check=True)
        # It names the template's folder; the next start writes it anew.
        (folder / "services" / "redis" / "redis.conf").unlink()
    made = Box(folder)
    try:
        yield made
    finally:
        # A backend of PostgreSQL leaves by itself as soon as its postmaster is gone.
        kill_9(made.processes())
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def stopped_services() -> Iterator[Path]:
    """Services that ran once and were stopped: making PostgreSQL's data takes longer than most tests."""
    with opened_box() as made:
        made.start()
        made.stop()
        yield made.var


@pytest.fixture
def box(stopped_services: Path) -> Iterator[Box]:
    with opened_box(stopped_services) as made:
        yield made


@pytest.fixture
def fresh_box() -> Iterator[Box]:
    with opened_box() as made:
        yield made
