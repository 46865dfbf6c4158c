"""Simulators of each profile. One server for all tests of a module; its state is reset before each test."""

from collections.abc import Iterator

import pytest

from tests.contract.simulator.simulator_server import Simulated, running_simulator


@pytest.fixture(scope="module")
def b1_server() -> Iterator[Simulated]:
    with running_simulator(profile="2025-08", variant="b1") as simulated:
        yield simulated


@pytest.fixture(scope="module")
def b2_server() -> Iterator[Simulated]:
    with running_simulator(profile="2025-08", variant="b2") as simulated:
        yield simulated


@pytest.fixture(scope="module")
def seed_server() -> Iterator[Simulated]:
    with running_simulator(profile="seed") as simulated:
        yield simulated


@pytest.fixture
def b1(b1_server: Simulated) -> Simulated:
    b1_server.client.post("/_simulator/reset").raise_for_status()
    return b1_server


@pytest.fixture
def b2(b2_server: Simulated) -> Simulated:
    b2_server.client.post("/_simulator/reset").raise_for_status()
    return b2_server


@pytest.fixture
def seed(seed_server: Simulated) -> Simulated:
    seed_server.client.post("/_simulator/reset").raise_for_status()
    return seed_server
