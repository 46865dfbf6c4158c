"""A test that takes too long fails, and says so; one that is marked as long does not."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Whatever else the machine does, half a second is more than a hundredth.
TESTS = """
import time
import pytest

def test_quick():
    pass

def test_slow():
    time.sleep(0.5)

@pytest.mark.long
def test_long():
    time.sleep(0.5)
"""
LIMIT = """
from tests.fixtures import slow_tests
slow_tests.SLOWEST_S = 0.05
slow_tests._share_of_a_core = lambda: 1.0
"""


def test_a_test_that_takes_too_long_is_a_failure_unless_it_is_marked(tmp_path: Path) -> None:
    (tmp_path / "test_example.py").write_text(TESTS)
    (tmp_path / "limit.py").write_text(LIMIT)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n    long: takes minutes\n")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "no:django", "-p", "no:cacheprovider"),
            *("-p", "tests.fixtures.slow_tests", "-p", "limit", "-c", "pytest.ini", "test_example.py"),
        ],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": f"{ROOT}:{tmp_path}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert "3 passed, 1 error" in done.stdout, done.stdout + done.stderr
    assert "test_example.py::test_slow took 1 s, and 0 s are the most here and now" in done.stdout
