"""A driver that ends leaves no lease behind that goes on beating, whatever fails on its way out."""

import asyncio
import threading
import uuid

import pytest
from django.db import connections

from executions.models import Driver as DriverRow
from executions.orchestrator.connections import OpenConnections
from executions.orchestrator.database_calls import in_driver_thread
from executions.orchestrator.driver import Driver


@pytest.mark.parametrize("part", ["_gates", "_connections", "hints", "_commits"])
def test_lease_ends_with_its_driver_though_a_part_of_it_cannot_be_closed(
    transactional_db, clean_redis, monkeypatch, part
):
    async def drive() -> None:
        driver = Driver()
        verb = "close" if part == "_commits" else "aclose"
        close = getattr(getattr(driver, part), verb)

        async def fail(**given: object) -> None:
            await close(**given)
            raise RuntimeError("dictionary changed size during iteration")

        monkeypatch.setattr(getattr(driver, part), verb, fail)
        asyncio.get_running_loop().call_later(0.3, driver.stop)
        try:
            await driver.run()
        finally:
            await in_driver_thread(connections.close_all)

    with pytest.raises(RuntimeError):
        asyncio.run(drive())

    assert not DriverRow.objects.exists()
    assert "lease" not in {thread.name for thread in threading.enumerate()}


def test_clients_that_are_opened_while_the_others_are_closed_are_closed_too():
    opened = OpenConnections(gates=None)  # type: ignore[arg-type]
    closed: list[str] = []

    class Client:
        def __init__(self, name: str, further: str = "") -> None:
            self.name, self.further = name, further

        async def aclose(self) -> None:
            closed.append(self.name)
            if self.further:
                opened._open[uuid.uuid4()] = (key(), Client(self.further))  # type: ignore[assignment]

    def key() -> tuple[uuid.UUID, str, str, None, bool, bool]:
        return (uuid.uuid4(), "http://h", "seed", None, False, False)

    opened._open[uuid.uuid4()] = (key(), Client("first", further="late"))  # type: ignore[assignment]
    opened._open[uuid.uuid4()] = (key(), Client("second"))  # type: ignore[assignment]

    asyncio.run(opened.aclose())

    assert sorted(closed) == ["first", "late", "second"]
