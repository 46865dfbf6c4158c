"""The watch that each cluster keeps over itself and over the rows, in its first process.

A wake-up can be lost in many ways, so that idle workers are told as long as executions are free. A process
that was killed while it waited for a task keeps the lock of the cluster's own queue, and no task reaches a
worker of that cluster any more: such a cluster is deaf for good, whoever else drives, and is begun anew under
the same process id. Whatever else may make it deaf is found by a canary: a task that does nothing.
"""

import logging
import os
import signal
import socket
import sys
import threading
import time

from django.conf import settings
from django.db import connection
from django.db.models.functions import Now
from redis.exceptions import RedisError

from executions.models import Driver
from executions.orchestrator.claim import count_claimable
from executions.orchestrator.database_calls import DATABASE_AWAY
from executions.orchestrator.process_tree import bury_orphans, kill_all_below
from executions.orchestrator.queue import (
    DRIVERS,
    LOOK_S,
    STOP_SIGNALS,
    StopAwareCluster,
    count_queued,
    enqueue_canary,
)
from executions.orchestrator.sign_of_life import SignOfLife
from executions.orchestrator.wake import queue_driver

logger = logging.getLogger(__name__)

# Parts of the time within which a cluster must have proven that it hears.
CANARY_AFTER = 3
LOOKS = 30
# Nobody takes them: more of them would prove no more.
CANARIES_QUEUED = 10


def keep_watch(cluster: StopAwareCluster, *, name: str) -> None:
    """Return when the cluster was stopped and nothing of it is left. Nothing may be forked after this."""
    hearing = _Hearing(cluster, name=name)
    sign = SignOfLife(name)
    threading.Thread(target=hearing.test_for_ever, name="watch", daemon=True).start()
    fault = ""
    # The signals' handlers run in this thread, between two looks.
    while not fault and not cluster.wait(LOOK_S):
        bury_orphans(but=cluster.sentinel.pid)
        sign.show(hearing.proven_at, within_s=settings.ORCHESTRATOR.alive_within_s)
        fault = _find_fault(cluster, hearing)
    if not cluster.is_stopping_now:
        logger.error("%s: the cluster is begun anew", fault or "the cluster's sentinel is gone")
        cluster.tell_tasks_to_stop()
        cluster.wait_for_tasks()
    elif not cluster.has_stopped_in_order:
        cluster.wait_for_tasks()
    kill_all_below()
    # A stop that comes now stays pending over the exec, and whoever begins there takes it.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    if cluster.is_stopping_now:
        sign.take_back()
        return
    command = [sys.executable, *sys.orig_argv[1:]]
    os.execve(sys.executable, command, os.environ)  # noqa: S606  our own command line


def _find_fault(cluster: StopAwareCluster, hearing: "_Hearing") -> str:
    if cluster.is_stopping_now:
        return ""
    if killed := cluster.roll.killed_while_waiting():
        return f"killed while it waited: process {', '.join(str(pid) for pid in sorted(killed))}"
    return "no worker takes tasks" if hearing.is_deaf() else ""


class _Hearing:
    """Whether the cluster's workers take tasks. `proven_at` is the monotonic time at which they last did.

    Where PostgreSQL or Redis is away nothing can be told, and nothing is held against the cluster.
    """

    def __init__(self, cluster: StopAwareCluster, *, name: str) -> None:
        self.proven_at = time.monotonic()
        self._cluster = cluster
        self._name = name
        self._within_s = settings.ORCHESTRATOR.alive_within_s
        self._called_at = time.monotonic()

    def is_deaf(self) -> bool:
        """Whether it is too long ago that a worker took a task."""
        return time.monotonic() - self.proven_at > self._within_s

    def test_for_ever(self) -> None:
        """Test it again and again, in a thread of its own."""
        while True:
            time.sleep(min(self._within_s / LOOKS, settings.ORCHESTRATOR.lease_ttl_s))
            try:
                self._test()
            except (*DATABASE_AWAY, RedisError) as error:
                logger.warning("the watch cannot see: %s", type(error).__name__)
                connection.close()
                self.proven_at = time.monotonic()
            except Exception:
                # The watch must not end by it: a cluster that is never proven would be begun anew for ever.
                logger.exception("the watch failed")
                self.proven_at = time.monotonic()

    def _test(self) -> None:
        now = time.monotonic()
        if self._name == DRIVERS and now - self._called_at >= settings.ORCHESTRATOR.lease_ttl_s:
            self._called_at = now
            if count_claimable():
                queue_driver()
        self.proven_at = max(self.proven_at, self._cluster.roll.last_taken_at())
        if now - self.proven_at < self._within_s / CANARY_AFTER:
            return
        if self._is_at_work(now):
            self.proven_at = now
        elif count_queued(self._name) < CANARIES_QUEUED:
            # Another cluster of that name may take it: one is sent at each look until one of ours has.
            enqueue_canary(self._name)

    def _is_at_work(self, now: float) -> bool:
        """Whether a worker is at a task that may well take long."""
        working = self._cluster.roll.working()
        if self._name != DRIVERS:
            limit_s = float(settings.Q_CLUSTER["timeout"]) + self._within_s
            return any(now - member.took_at < limit_s for member in working)
        pids = [member.pid for member in working]
        ours = Driver.objects.filter(host=socket.gethostname(), pid__in=pids, lease_until__gt=Now())
        return bool(pids) and ours.exists()
