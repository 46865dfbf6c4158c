"""The second try of tests of real processes: one, printed, and none for what is never the clock's doing."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TESTS = """
import pathlib
import pytest

class HistoryBroken(AssertionError):
    pass

def fail_once(name, error):
    seen = pathlib.Path(__file__).with_name(name)
    if not seen.exists():
        seen.touch()
        raise error

@pytest.mark.faults
def test_clock():
    fail_once("clock", AssertionError("it did not happen in time"))

@pytest.mark.faults
def test_history():
    fail_once("history", HistoryBroken("found a loss"))

@pytest.mark.faults
def test_always():
    raise AssertionError("it did not happen in time")

def test_pure():
    fail_once("pure", AssertionError("it did not happen in time"))
"""


def test_one_that_missed_its_time_is_tried_once_more_and_one_that_lost_something_is_not(tmp_path):
    (tmp_path / "test_made.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = faults\naddopts = -rR\n")
    options = ("-q", "-p", "no:django", "-p", "no:cacheprovider", "-p", "tests.fixtures.second_try")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "test_made.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "3 failed, 1 passed, 2 rerun" in done.stdout, done.stdout
    assert "RERUN test_made.py::test_clock" in done.stdout
