"""What every test gets. The services are started by tests/settings.py; fixtures live in tests/fixtures/."""

import pytest

from tests.fixtures.loopback import refuse_outside_connections

pytest_plugins = [
    "tests.fixtures.chromium",
    "tests.fixtures.people",
    "tests.fixtures.services",
    "tests.fixtures.running",
]


def pytest_configure(config: pytest.Config) -> None:
    """Refuse connections to other machines before the first test module is imported."""
    refuse_outside_connections()
