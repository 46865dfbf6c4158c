"""The set-up script tells whatever stops it in one clear sentence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

BASE_DIR = Path(__file__).resolve().parents[3]


def install(
    venv: Path, locked: str = "requirements/runtime.txt", **env: str
) -> "subprocess.CompletedProcess[str]":
    # No uv on this PATH: pip's way is the one that every machine has.
    return subprocess.run(
        [str(BASE_DIR / "requirements" / "install"), str(venv), locked],
        cwd=BASE_DIR,
        env={"PATH": os.defpath, "PYTHON": sys.executable, **env},
        capture_output=True,
        text=True,
        timeout=120,
    )


def last_sentence(done: "subprocess.CompletedProcess[str]") -> str:
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("Set-up stopped: ")]
    return line


def test_a_missing_python_is_told(tmp_path: Path) -> None:
    assert "there is no python3.99 on PATH" in last_sentence(install(tmp_path / "venv", PYTHON="python3.99"))


def test_an_old_python_is_told_with_its_version(tmp_path: Path) -> None:
    old = tmp_path / "old-python"
    old.write_text('#!/bin/sh\ncase "$*" in *exit*) exit 1 ;; esac\necho 3.9\n')
    old.chmod(0o755)
    sentence = last_sentence(install(tmp_path / "venv", PYTHON=str(old)))
    assert "is Python 3.9, and Renum needs 3.11 or newer" in sentence
    assert not (tmp_path / "venv").exists()


def test_an_index_out_of_reach_is_told(tmp_path: Path) -> None:
    nowhere = {
        "PIP_INDEX_URL": "http://127.0.0.1:1/simple",
        "PIP_RETRIES": "1",
        "PIP_CONFIG_FILE": os.devnull,
    }
    assert "cannot reach a package index" in last_sentence(install(tmp_path / "venv", **nowhere))


def test_a_file_with_another_hash_is_refused(tmp_path: Path) -> None:
    wheel = tmp_path / "demo_wheel-1.0-py3-none-any.whl"
    wheel.write_bytes(b"not what was locked")
    locked = tmp_path / "locked.txt"
    locked.write_text(f"demo-wheel==1.0 --hash=sha256:{'0' * 64}\n")
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "PIP_CONFIG_FILE": os.devnull}
    sentence = last_sentence(install(tmp_path / "venv", str(locked), **offline))
    assert "whose hash is not the locked one" in sentence


@pytest.mark.parametrize("target", ["demo", "run", "test", "check", "bench"])
def test_every_target_sets_the_machine_up_first(target: str) -> None:
    # The tests themselves run under make, whose variables would make this one speak of being nested.
    outside = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    planned = subprocess.run(
        ["make", "--dry-run", "--always-make", target],
        cwd=BASE_DIR,
        env=outside,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert planned.returncode == 0, planned.stderr
    commands = planned.stdout.splitlines()
    assert "requirements/install .venv requirements/dev.txt" in commands[0]
    assert len(commands) > 2
