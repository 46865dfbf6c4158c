"""The Sunas that the contract is held against.

Beside the simulator in each profile that is a real one, where SUNA_CONTRACT_URL names it, asked with
SUNA_CONTRACT_TOKEN (a JWT) and SUNA_CONTRACT_AGENT and, where its plan wants a model named,
SUNA_CONTRACT_MODEL. Which version it is, it is asked for, unless SUNA_CONTRACT_PROFILE says so.
"""

import asyncio
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from executions.agent_service import RunRequest
from executions.suna.detect import Detection, detect_profile
from tests.contract.clients import TOKEN, bearer
from tests.contract.simulated_suna import SimulatedSuna, simulate

API_KEY = "pk_contract:sk_contract"
SIMULATED = (
    "seed",
    "2025-07",
    "2025-08/b1",
    "2025-08/b2",
    "2025-10",
    "2025-12/c1",
    "2025-12/c2",
    "2026-01",
)
REAL = "real"
TARGETS = (*SIMULATED, *([REAL] if os.environ.get("SUNA_CONTRACT_URL") else []))
NO_REAL = (
    "no real Suna was asked: name one with SUNA_CONTRACT_URL, SUNA_CONTRACT_TOKEN and SUNA_CONTRACT_AGENT"
)


@dataclass(frozen=True)
class Target:
    """One Suna under test. `simulated` is None for a real one."""

    name: str
    url: str
    profile: str
    learned: Mapping[str, Any]
    token: str
    agent_id: str
    model_name: str | None
    simulated: SimulatedSuna | None

    def request(self, prompt: str, **more: Any) -> RunRequest:
        return RunRequest(agent_id=self.agent_id, prompt=prompt, model_name=self.model_name, **more)


def _detect(url: str, token: str) -> Detection:
    return asyncio.run(detect_profile(base_url=url, credential=bearer(token)))


@contextmanager
def open_target(name: str, *, folder: Path) -> Iterator[Target]:
    """Give one Suna to a test; a simulated one runs until the test leaves."""
    if name == REAL:
        env = os.environ
        url, token = env["SUNA_CONTRACT_URL"], env["SUNA_CONTRACT_TOKEN"]
        found = _detect(url, token)
        profile = env.get("SUNA_CONTRACT_PROFILE") or found.profile
        assert profile, f"{url}: {found.refused_because}"
        yield Target(
            name=name,
            url=url,
            profile=profile,
            learned=found.learned if profile == found.profile else {},
            token=token,
            agent_id=env["SUNA_CONTRACT_AGENT"],
            model_name=env.get("SUNA_CONTRACT_MODEL"),
            simulated=None,
        )
        return
    profile, _, variant = name.partition("/")
    with simulate(profile, variant or None, folder=folder, tokens=[TOKEN, API_KEY]) as simulated:
        yield Target(
            name=name,
            url=simulated.url,
            profile=profile,
            learned=_detect(simulated.url, TOKEN).learned,
            token=TOKEN,
            agent_id="agent-123",
            model_name="openai/gpt-4o-mini",
            simulated=simulated,
        )
