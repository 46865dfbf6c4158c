"""The Sunas of the contract, one after the other, and a client to each over both transports."""

from collections.abc import AsyncIterator, Iterator

import pytest

from executions.suna.client import SunaClient
from tests.contract.clients import bearer, client_to
from tests.contract.contract_steps import patience_s
from tests.contract.simulated_suna import SimulatedSuna
from tests.contract.targets import TARGETS, Target, open_target


@pytest.fixture(scope="session", params=TARGETS)
def any_target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with open_target(str(request.param), folder=tmp_path_factory.mktemp("suna")) as target:
        yield target


@pytest.fixture
def suna(any_target: Target) -> Target:
    if any_target.simulated is not None:
        any_target.simulated.reset()
    return any_target


@pytest.fixture
def simulated(suna: Target) -> SimulatedSuna:
    if suna.simulated is None:
        pytest.skip("scripts agents and faults, which a real Suna cannot do")
    return suna.simulated


@pytest.fixture(params=["aiohttp", "httpx"])
async def client(suna: Target, request: pytest.FixtureRequest) -> AsyncIterator[SunaClient]:
    deadline_s = patience_s(suna)
    async with client_to(
        suna.url,
        profile=suna.profile,
        learned=suna.learned,
        credential=bearer(suna.token),
        transport=request.param,
        call_deadline_s=deadline_s,
        start_deadline_s=deadline_s,
        prepare_deadline_s=deadline_s,
    ) as opened:
        yield opened
