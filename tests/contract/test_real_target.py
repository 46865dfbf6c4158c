"""How a real Suna is held to the contract: here with a simulator in its place."""

import os
import subprocess
import sys

import pytest

from tests.contract.simulated_suna import ROOT, simulate
from tests.contract.targets import SIMULATED

TOKEN = "token-of-a-real-one"
IN_CI = ("2025-08/b2", "2026-01")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in IN_CI else pytest.mark.long) for name in SIMULATED]
)
def test_a_suna_named_by_the_environment_is_detected_and_held_to_the_contract(name, tmp_path):
    profile, _, variant = name.partition("/")
    with simulate(profile, variant or None, folder=tmp_path, tokens=[TOKEN]) as suna:
        env = {
            **{key: value for key, value in os.environ.items() if not key.startswith("PYTEST")},
            "SUNA_CONTRACT_URL": suna.url,
            "SUNA_CONTRACT_TOKEN": TOKEN,
            "SUNA_CONTRACT_AGENT": "agent-123",
            "SUNA_CONTRACT_MODEL": "openai/gpt-4o-mini",
        }
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "real"]
        command.append("tests/contract/test_contract.py")
        ended = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300)
        started = suna.starts()

    assert ended.returncode == 0, ended.stdout[-4000:]
    assert "no real Suna was asked" not in ended.stdout
    # Both transports begin, follow and stop runs; what scripts its agents leaves a real one out.
    assert started >= 4
    assert " passed" in ended.stdout
