"""A cluster's sign of life: the file for health checks, and what systemd is told."""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from executions.orchestrator import sign_of_life
from executions.orchestrator.sign_of_life import SignOfLife, find_signs


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path: Path) -> None:
    settings.RENUM_VAR_DIR = tmp_path


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> socket.socket:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(tmp_path / "notify"))
        channel.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield channel


def said_to(systemd: socket.socket) -> list[str]:
    said = []
    while True:
        try:
            said.append(systemd.recv(1000).decode())
        except BlockingIOError:
            return said


def test_sign_tells_how_long_ago_it_was_proven_until_it_is_taken_back() -> None:
    sign = SignOfLife("drivers")
    sign.show(time.monotonic() - 40, within_s=60)

    [seen] = find_signs("drivers")
    assert seen.pid == os.getpid()
    assert seen.age_s == pytest.approx(40, abs=15)
    assert find_signs("renum") == []
    sign.take_back()
    assert find_signs("drivers") == []


def test_signs_of_the_dead_and_those_of_other_hosts_do_not_count(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    SignOfLife("drivers").show(time.monotonic(), within_s=60)
    folder = tmp_path / "alive"
    (folder / f"drivers@{socket.gethostname()}-{dead.pid}").write_text("1.0")
    (folder / f"drivers@elsewhere-{os.getpid()}").write_text("1.0")

    assert [seen.pid for seen in find_signs("drivers")] == [os.getpid()]
    SignOfLife("drivers")
    assert not (folder / f"drivers@{socket.gethostname()}-{dead.pid}").exists()


@pytest.mark.parametrize("written", ["", "soon", "1e12"])
def test_sign_that_cannot_be_true_tells_nothing(tmp_path: Path, written: str) -> None:
    SignOfLife("renum").show(time.monotonic(), within_s=60)
    (tmp_path / "alive" / f"renum@{socket.gethostname()}-{os.getpid()}").write_text(written)
    assert [seen.age_s for seen in find_signs("renum")] == [None]


def test_systemd_hears_that_it_runs_then_that_it_lives_and_nothing_when_unproven(
    systemd: socket.socket,
) -> None:
    sign = SignOfLife("drivers")
    sign.show(time.monotonic(), within_s=60)
    assert said_to(systemd) == ["READY=1\nWATCHDOG=1"]
    sign.show(time.monotonic(), within_s=60)
    assert said_to(systemd) == []
    time.sleep(1.1)
    sign.show(time.monotonic() - 61, within_s=60)
    assert said_to(systemd) == []
    sign.take_back()
    assert said_to(systemd) == ["STOPPING=1"]


def test_sign_that_cannot_be_written_ends_nothing_and_comes_back(tmp_path: Path, monkeypatch, caplog) -> None:
    monkeypatch.setattr(sign_of_life, "WRITE_EVERY_S", 0.0)
    sign = SignOfLife("drivers")
    shutil.rmtree(tmp_path / "alive")
    (tmp_path / "alive").write_text("no folder any more")

    for _ in range(3):
        sign.show(time.monotonic(), within_s=60)

    assert len([one for one in caplog.records if "no sign of life" in one.message]) == 1
    (tmp_path / "alive").unlink()
    sign.show(time.monotonic(), within_s=60)
    assert [seen.pid for seen in find_signs("drivers")] == [os.getpid()]
