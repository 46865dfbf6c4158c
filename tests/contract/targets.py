"""The Sunas that the contract is held against.

Beside the simulator in each profile that is a real one, where SUNA_CONTRACT_URL names it, asked with
SUNA_CONTRACT_PROFILE, SUNA_CONTRACT_TOKEN, SUNA_CONTRACT_AGENT and, where its plan wants a model named,
SUNA_CONTRACT_MODEL.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from executions.agent_service import RunRequest
from tests.contract.clients import TOKEN
from tests.contract.simulated_suna import SimulatedSuna, simulate

API_KEY = "pk_contract:sk_contract"
SIMULATED = ["seed", "2025-07", "2025-08/b1", "2025-08/b2", "2025-10"]
TARGETS = [*SIMULATED, *(["real"] if os.environ.get("SUNA_CONTRACT_URL") else [])]


@dataclass(frozen=True)
class Target:
    """One Suna under test. `simulated` is None for a real one."""

    name: str
    url: str
    profile: str
    token: str
    agent_id: str
    model_name: str | None
    simulated: SimulatedSuna | None

    def request(self, prompt: str, **more: Any) -> RunRequest:
        return RunRequest(agent_id=self.agent_id, prompt=prompt, model_name=self.model_name, **more)


@contextmanager
def open_target(name: str, *, folder: Path) -> Iterator[Target]:
    """Give one Suna to a test; a simulated one runs until the test leaves."""
    if name == "real":
        env = os.environ
        yield Target(
            name=name,
            url=env["SUNA_CONTRACT_URL"],
            profile=env["SUNA_CONTRACT_PROFILE"],
            token=env["SUNA_CONTRACT_TOKEN"],
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
            token=TOKEN,
            agent_id="agent-123",
            model_name="openai/gpt-4o-mini",
            simulated=simulated,
        )
