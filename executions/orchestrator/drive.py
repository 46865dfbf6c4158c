"""What a queued wake-up does in a worker: become a driver, if there is anything to drive."""

import asyncio
import os
import signal
import sys

from django.db import connections

from executions.models import Driver as DriverRow
from executions.orchestrator.claim import count_claimable
from executions.orchestrator.driver import Driver
from executions.orchestrator.queue import stop_reader
from executions.orchestrator.wake import forget_queued_wake_up, wake_drivers

PARENT_WATCH_S = 1.0


def drive() -> None:
    """Drive executions until there are none for a while; return at once where nobody needs us."""
    forget_queued_wake_up()
    try:
        if count_claimable() or not DriverRow.objects.alive().exists():
            asyncio.run(_drive())
    finally:
        connections.close_all()
    if count_claimable():
        wake_drivers()


async def _drive() -> None:
    driver = Driver()
    loop = asyncio.get_running_loop()
    reader = stop_reader()
    if reader is not None:
        loop.add_reader(reader, driver.stop)
    # A group-wide SIGTERM reaches the worker itself; alone, the pipe tells.
    loop.add_signal_handler(signal.SIGTERM, driver.stop)
    watch = loop.create_task(_watch_parent(driver))
    try:
        await driver.run()
    finally:
        watch.cancel()
        loop.remove_signal_handler(signal.SIGTERM)
        if reader is not None:
            loop.remove_reader(reader)


async def _watch_parent(driver: Driver) -> None:
    """Stop when the process above is gone: an orphan would go on unsupervised."""
    parent = os.getppid()
    while os.getppid() == parent:
        await asyncio.sleep(PARENT_WATCH_S)
    sys.stderr.write("the cluster above this driver is gone; it lets go\n")
    driver.stop()
