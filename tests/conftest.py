"""What every test gets. The services are started by tests/settings.py; fixtures live in tests/fixtures/."""

import gc
import os
from typing import Any

import pytest
from django.db import connection
from hypothesis import settings

from tests.fixtures.loopback import refuse_outside_connections
from tests.fixtures.mixed_order import mix

pytest_plugins = [
    "tests.fixtures.chromium",
    "tests.fixtures.figures",
    "tests.fixtures.people",
    "tests.fixtures.product_env",
    "tests.fixtures.shared_suna",
    "tests.fixtures.running",
    "tests.fixtures.own_services",
    "tests.fixtures.second_try",
    "tests.fixtures.slow_tests",
]


def pytest_configure(config: pytest.Config) -> None:
    """Refuse connections to other machines before the first test module is imported."""
    refuse_outside_connections()
    # How long an example takes says how busy the machine is, and nothing of the code.
    settings.register_profile("renum", deadline=None)
    settings.load_profile("renum")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the long tests out, but for `make faults`; mix the others where processes share them."""
    long = [] if os.environ.get("RENUM_LONG_TESTS") else [item for item in items if _is_long(item)]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in set(long)]
    if hasattr(config, "workerinput"):
        items[:] = mix(items)


def pytest_collection_finish() -> None:
    """Take what was collected out of the garbage collector's sight: nobody throws thousands of tests away."""
    gc.collect()
    gc.freeze()


def _is_long(item: pytest.Item) -> bool:
    return item.get_closest_marker("long") is not None


@pytest.fixture(scope="session")
def django_db_modify_db_settings_xdist_suffix() -> None:
    """Leave the database's name as it is: each process has its own slot, and children are told the name."""


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Let no commit to the test database wait for the disk: no test takes its server's power away."""
    with django_db_blocker.unblock():
        with connection.cursor() as cursor:
            name = connection.ops.quote_name(connection.settings_dict["NAME"])
            cursor.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
        # It holds for sessions that begin from now on.
        connection.close()
