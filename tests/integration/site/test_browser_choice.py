"""Browser tests without a browser: one sentence, or a plain word in the summary."""

import os
import subprocess
import sys
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parents[3]
MODULE = """
import pytest

@pytest.mark.browser
def test_in_a_browser():
    raise AssertionError("must not run")

def test_without():
    pass
"""


def run_pytest(folder: Path, **env: str) -> "subprocess.CompletedProcess[str]":
    (folder / "test_two.py").write_text(MODULE)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = browser: needs a Chromium\n")
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:django",
            "-p",
            "tests.fixtures.chromium",
            "-q",
            str(folder),
        ],
        cwd=folder,
        env={
            "PATH": str(folder),
            "PYTHONPATH": str(BASE_DIR),
            "HOME": str(folder),
            "PYTHONDONTWRITEBYTECODE": "1",
            "LANG": os.environ.get("LANG", "C.UTF-8"),
            **env,
        },
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_run_stops_with_one_sentence_when_there_is_no_chromium(tmp_path: Path) -> None:
    done = run_pytest(tmp_path)
    assert done.returncode == 4
    assert "There is no Chromium for the 1 browser tests: install one, or" in done.stderr


def test_the_summary_says_what_was_left_out_when_browser_tests_are_off(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, RENUM_BROWSER_TESTS="off")
    assert done.returncode == 0, done.stdout
    assert "1 browser tests were left out (RENUM_BROWSER_TESTS=off)." in done.stdout
    assert "1 passed, 1 deselected" in done.stdout
