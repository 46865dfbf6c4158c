"""A simulated Suna for set-up to find, and the settings that lead there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.simulated_suna import SimulatedSuna
from tests.fixtures.running import TOKEN, simulated_suna


@pytest.fixture(scope="module")
def running_suna(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedSuna]:
    """Run a simulator of the profile 2025-08 that asks for TOKEN."""
    with simulated_suna("2025-08", folder=tmp_path_factory.mktemp("suna")) as running:
        yield running


@pytest.fixture
def suna(running_suna: SimulatedSuna) -> SimulatedSuna:
    """Give the simulator as if it had just been started."""
    running_suna.reset()
    return running_suna


@pytest.fixture
def demo_settings(settings: Any, tmp_path: Path, suna: SimulatedSuna) -> Any:
    """Point set-up to the simulator and to a folder of the test's own."""
    settings.RENUM_VAR_DIR = tmp_path / "var"
    settings.SUNA_BASE_URL = suna.url
    settings.SUNA_BEARER_TOKEN = TOKEN
    settings.ALLOW_SIMULATOR = True
    return settings
