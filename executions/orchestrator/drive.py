"""What a queued wake-up does in a worker: become a driver, if there is anything to drive."""

import asyncio
import faulthandler
import os
import select
import signal
import sys
import time

from django.conf import settings
from django.db import connections

from executions.models import Driver as DriverRow
from executions.orchestrator.claim import count_claimable
from executions.orchestrator.crashes import charge_crashes
from executions.orchestrator.driver import Driver
from executions.orchestrator.queue import stop_reader
from executions.orchestrator.wake import forget_queued_wake_up, wake_drivers
from teams.models.database_time import database_now

PARENT_WATCH_S = 1.0
STANDBY_STEP_S = 0.5
PROOF_S = 1.0
STDERR = 2


def drive() -> None:
    """Drive executions until there are none for a while; return at once where nobody needs us."""
    forget_queued_wake_up()
    try:
        # Before anything is claimed: whoever was killed by an execution must not be followed by the next.
        charge_crashes()
        # At a stop the cluster still hands out what it had fetched: that is passed on, not begun.
        if not _told_to_stop(0) and _is_needed():
            asyncio.run(_drive())
        if count_claimable():
            wake_drivers()
    finally:
        connections.close_all()


def _is_needed() -> bool:
    """Whether there is something to claim, now or as soon as a lease runs out that nobody renews any more.

    A driver that was just killed looks alive until then, and this wake-up may be the only one that comes.
    """
    began = database_now()
    give_up_at = time.monotonic() + settings.ORCHESTRATOR.lease_ttl_s + STANDBY_STEP_S
    while True:
        if count_claimable():
            return True
        if not DriverRow.objects.may_be_dead(since=began).exists() or time.monotonic() > give_up_at:
            return False
        if _told_to_stop(STANDBY_STEP_S):
            return False


def _told_to_stop(wait_s: float) -> bool:
    reader = stop_reader()
    readable, _, _ = select.select([] if reader is None else [reader], [], [], wait_s)
    return bool(readable)


async def _drive() -> None:
    driver = Driver()
    loop = asyncio.get_running_loop()
    reader = stop_reader()
    if reader is not None:
        loop.add_reader(reader, driver.stop)
    # A group-wide SIGTERM reaches the worker itself; alone, the pipe tells.
    loop.add_signal_handler(signal.SIGTERM, driver.stop)
    watches = [loop.create_task(_watch_parent(driver)), loop.create_task(_prove_that_it_moves())]
    try:
        await driver.run()
    finally:
        for watch in watches:
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


async def _prove_that_it_moves() -> None:
    """Have the process end, with a trace in its log, once this loop stands still for too long.

    An execution on which it works without end would keep everything that the driver holds: the lease is
    renewed by a thread of its own. The clock that ends it runs outside of Python, so that nothing can hold it
    up; what the slot names is charged with the death. A process that was frozen for so long ends too, once it
    wakes: nothing tells the two apart from inside, and its lease is another's by then.
    """
    try:
        while True:
            faulthandler.dump_traceback_later(settings.ORCHESTRATOR.stall_s, exit=True, file=STDERR)
            await asyncio.sleep(PROOF_S)
    finally:
        faulthandler.cancel_dump_traceback_later()
