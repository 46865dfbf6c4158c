"""`python -m bench --quick` for real: small sizes, the same code as `make bench`."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

ROOT = Path(__file__).resolve().parents[3]
RATIOS = ("g1_p50_x_raw", "g2_p50_x_raw", "g2_p95_x_raw", "g3_p95_x_raw", "g4_steps_x_raw")


def bench_databases() -> set[str]:
    """Return the databases of benches that are there now."""
    # Not by Django: this test owns no database of its own.
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        rows = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'renum_bench%'")
        return {row[0] for row in rows}


@pytest.mark.faults
def test_bench_prints_and_writes_ratios_above_zero_and_drops_its_database_when_run_quickly(
    tmp_path, child_env
):
    results = tmp_path / "results.json"
    before = bench_databases()
    environment = {**child_env, "DATABASE_URL": os.environ["DATABASE_URL"]}

    done = subprocess.run(
        [sys.executable, "-m", "bench", "--quick", "--results", str(results)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=150,
    )

    assert done.returncode == 0, done.stderr
    printed = dict(re.findall(r"^FIGURE (\w+)=(\S+)$", done.stdout, flags=re.MULTILINE))
    assert all(float(printed[name]) > 0 for name in RATIOS)
    written = json.loads(results.read_text())
    assert set(written["figures"]) == set(printed)
    assert written["rounds"] == 1
    nulls = {name for name, value in written["figures"].items() if value is None}
    assert nulls == set(written["reasons"]) == {name for name, value in printed.items() if value == "null"}
    history = [printed[name] for name in printed if name.endswith(("_lost", "_double_starts"))]
    assert {value for value in history if value != "null"} == {"0"}
    assert printed["thousand_renum_double_starts"] == printed["thousand_raw_lost"] == "0"
    assert bench_databases() <= before
